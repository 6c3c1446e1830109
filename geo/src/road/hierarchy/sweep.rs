//! Owns travel times between one point and everywhere, over arcs with their turns: one climb, then one pass down over all nodes,
//! each lowered over its shortcuts to higher ones. Milliseconds on a city's whole graph, so for pictures; what is asked about
//! people is `nearest`'s. Does not paint (`road::reach`).

use super::UNREACHED;
use super::climb::Reached;
use super::metric::{Hierarchy, Metric};
use super::search_graph::{End, Kind};
use crate::road::reach::Heading;
use crate::road::snap::Snap;

impl Metric {
    /// By road arc: on the way to a point, the milliseconds to it from the arc's head; setting out from it, those to the arc's tail,
    /// the turn into it included. [`UNREACHED`] where there is no way. `None` of a metric over junctions.
    pub(in crate::road) fn sweep(&self, at: &Snap, heading: Heading) -> Option<Vec<u32>> {
        if self.hierarchy.search.kind == Kind::Junctions {
            return None;
        }
        Some(match heading {
            Heading::To => self.sweep_to(at),
            Heading::From => self.sweep_from(at),
        })
    }

    fn sweep_to(&self, to: &Snap) -> Vec<u32> {
        let Hierarchy { search, .. } = &*self.hierarchy;
        let arrivals = self.arrivals_whole(to);
        let bias_ms = arrivals.entrances.bias_ms;
        let ms = self.lowered(&arrivals.reached, 0);
        let of_node = |node: u32| ms[self.hierarchy.rank(node) as usize];
        let at_head = |arc: u32| {
            // At the head of its own arc one is past the point, so the next step is looked at.
            let on = search.out(arc).map(|i| search.weight(&self.times, i) + of_node(search.head[i]));
            let ms = if arc / 2 == to.edge { on.min().unwrap_or(UNREACHED) } else { of_node(arc) };
            if ms < UNREACHED { ms.saturating_sub(bias_ms) } else { UNREACHED }
        };
        (0..search.ends.len() as u32 * 2).map(at_head).collect()
    }

    fn sweep_from(&self, from: &Snap) -> Vec<u32> {
        let Hierarchy { search, .. } = &*self.hierarchy;
        // From where the first turns lead: an arc that is begun on is not one that was come to.
        let exits = search.exits(&self.times, from).into_iter().flatten();
        let next = exits.flat_map(|(node, rest_ms)| {
            search.out(node).map(move |i| (search.head[i], search.weight(&self.times, i).saturating_add(rest_ms)))
        });
        let begin: Vec<End> = next.filter(|n| n.1 < UNREACHED).collect();
        let ms = self.lowered(&self.climb_from(&begin), 1);
        let mut at_tail = vec![UNREACHED; search.ends.len() * 2];
        for node in 0..search.node_count() as u32 {
            let (arc, ms) = (search.original(node), ms[self.hierarchy.rank(node) as usize]);
            if ms < UNREACHED {
                let known = &mut at_tail[arc as usize];
                *known = (*known).min(ms.saturating_sub(self.times.ms(arc)));
            }
        }
        at_tail
    }

    /// By rank: the times of a climb, and down from there. `direction` 0 is towards where the climb began, 1 away from it.
    fn lowered(&self, reached: &[Reached], direction: usize) -> Vec<u32> {
        let shortcuts = &self.hierarchy.shortcuts;
        let mut ms = vec![UNREACHED; shortcuts.node_count()];
        for r in reached {
            let known = &mut ms[r.node as usize];
            *known = (*known).min(r.ms[0]);
        }
        for rank in (0..shortcuts.node_count() as u32).rev() {
            let up = shortcuts.up(rank);
            let over = shortcuts.head[up.clone()].iter().zip(&self.shortcut_ms[up]);
            let least =
                over.fold(ms[rank as usize], |least, (&head, over)| least.min(over[direction] + ms[head as usize]));
            ms[rank as usize] = least;
        }
        ms
    }
}
