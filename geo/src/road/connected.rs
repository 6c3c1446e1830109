//! Owns the search for strongly connected components, of which the largest is the network: the junctions that can all reach one
//! another. Without it a request may snap to an island and find no crew. Iterative: a city's depth would overflow the stack.
//!
//! `first` and `heads` are adjacency arrays: the arcs out of `n` lead to `heads[first[n]..first[n + 1]]`.

/// Marks the nodes of the largest strongly connected component; of equal ones, the one completed first.
pub(super) fn largest_component(first: &[u32], heads: &[u32]) -> Vec<bool> {
    let component = components(first, heads);
    let sizes = sizes(&component);
    let mut largest = 0;
    for (c, &size) in sizes.iter().enumerate() {
        if size > sizes[largest] {
            largest = c;
        }
    }
    component.iter().map(|&c| c as usize == largest).collect()
}

/// Marks the nodes of every component of more than `few`, and of the largest, all of equal ones.
pub(super) fn large_components(first: &[u32], heads: &[u32], few: u32) -> Vec<bool> {
    let component = components(first, heads);
    let sizes = sizes(&component);
    let least = sizes.iter().copied().max().unwrap_or(0).min(few + 1);
    component.iter().map(|&c| sizes[c as usize] >= least).collect()
}

fn sizes(component: &[u32]) -> Vec<u32> {
    let mut sizes: Vec<u32> = vec![0; component.iter().max().map_or(0, |&c| c as usize + 1)];
    for &c in component {
        sizes[c as usize] += 1;
    }
    sizes
}

/// Tarjan's algorithm with its own stack: the component number of every node.
fn components(first: &[u32], heads: &[u32]) -> Vec<u32> {
    const UNSEEN: u32 = u32::MAX;
    let nodes = first.len() - 1;
    let mut component = vec![UNSEEN; nodes];
    let mut index = vec![UNSEEN; nodes];
    let mut low = vec![0u32; nodes];
    let mut open: Vec<u32> = Vec::new();
    // A frame: the node, and which of its arcs comes next.
    let mut frames: Vec<(u32, u32)> = Vec::new();
    let (mut visited, mut completed) = (0u32, 0u32);
    for root in 0..nodes as u32 {
        if index[root as usize] != UNSEEN {
            continue;
        }
        frames.push((root, first[root as usize]));
        while let Some(&mut (node, ref mut arc)) = frames.last_mut() {
            let n = node as usize;
            if index[n] == UNSEEN {
                index[n] = visited;
                low[n] = visited;
                visited += 1;
                open.push(node);
            }
            if *arc < first[n + 1] {
                let head = heads[*arc as usize];
                *arc += 1;
                let h = head as usize;
                if index[h] == UNSEEN {
                    frames.push((head, first[h]));
                } else if component[h] == UNSEEN {
                    low[n] = low[n].min(index[h]);
                }
                continue;
            }
            frames.pop();
            if let Some(&(parent, _)) = frames.last() {
                low[parent as usize] = low[parent as usize].min(low[n]);
            }
            if low[n] == index[n] {
                while let Some(member) = open.pop() {
                    component[member as usize] = completed;
                    if member == node {
                        break;
                    }
                }
                completed += 1;
            }
        }
    }
    component
}
