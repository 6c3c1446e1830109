//! Owns how a hierarchy with its free-flow times lies in a graph file, and what must hold before a search indexes by what is
//! read.

use super::UNREACHED;
use super::climb::{NO_NODE, Tree, UpArcs};
use super::customise::Climbs;
use super::metric::{Hierarchy, Metric};
use super::search_graph::{Kind, SearchGraph};
use super::shortcuts::{NONE, Shortcuts};
use super::times::{ARC_MS_MAX, ArcTimes};
use crate::eta::Basis;
use crate::road::MapFileError;
use crate::road::graph::Graph;
use crate::road::store::{SectionReader, Sections, groups_are_sound};
use std::sync::Arc;

impl Metric {
    /// Sections of one.
    pub(in crate::road) const SECTIONS: usize = 24;

    pub(in crate::road) fn write<'a>(&'a self, to: &mut Sections<'a>) {
        let Hierarchy { search, shortcuts, tree, head_depth } = &*self.hierarchy;
        to.add_made(&[u32::from(search.kind == Kind::Arcs)]);
        for column in [&search.first, &search.head, &search.via, &search.extra_ms] {
            to.add(column);
        }
        to.add(&search.ends);
        to.add(&search.copies);
        for column in [&shortcuts.rank, &shortcuts.order, &shortcuts.first, &shortcuts.head, &shortcuts.below_first] {
            to.add(column);
        }
        to.add(&shortcuts.below);
        to.add(&shortcuts.of_arc);
        to.add(&tree.parent);
        to.add(&tree.depth);
        to.add(head_depth);
        to.add(&self.times.ms);
        to.add(&self.times.rights);
        to.add(&self.shortcut_ms);
        for climb in [&self.climbs.up, &self.climbs.down] {
            to.add(&climb.first);
            to.add(&climb.arcs);
        }
    }

    /// `copied` are the arcs of whose copies the turns of its map know, in their order; `None` where turns do not count.
    pub(in crate::road) fn read(
        from: &mut SectionReader,
        graph: &Graph,
        copied: Option<&[u32]>,
        part: &'static str,
    ) -> Result<Self, MapFileError> {
        let kind = if from.one::<u32>(part)? == 0 { Kind::Junctions } else { Kind::Arcs };
        let search = SearchGraph {
            kind,
            first: from.column(part)?,
            head: from.column(part)?,
            via: from.column(part)?,
            extra_ms: from.column(part)?,
            ends: from.column(part)?,
            copies: from.column(part)?,
        };
        let shortcuts = Shortcuts {
            rank: from.column(part)?,
            order: from.column(part)?,
            first: from.column(part)?,
            head: from.column(part)?,
            below_first: from.column(part)?,
            below: from.column(part)?,
            of_arc: from.column(part)?,
        };
        let tree = Tree::of(from.column(part)?, from.column(part)?);
        let head_depth = from.column(part)?;
        let times = ArcTimes { ms: from.column(part)?, rights: from.column(part)?, basis: Basis::MAP };
        let shortcut_ms = from.column(part)?;
        let climbs = Climbs {
            up: UpArcs { first: from.column(part)?, arcs: from.column(part)? },
            down: UpArcs { first: from.column(part)?, arcs: from.column(part)? },
        };
        let hierarchy = Arc::new(Hierarchy { search, shortcuts, tree, head_depth });
        let metric = Self { hierarchy, times, shortcut_ms, climbs };
        if metric.is_sound(graph, copied) { Ok(metric) } else { Err(MapFileError::Damaged(part)) }
    }

    fn is_sound(&self, graph: &Graph, copied: Option<&[u32]>) -> bool {
        let Hierarchy { search, shortcuts, tree, head_depth } = &*self.hierarchy;
        let shortcut_count = shortcuts.head.len();
        search_is_sound(search, graph, copied)
            && shortcuts_are_sound(shortcuts, search)
            && tree_is_sound(tree, shortcuts.rank.len())
            && head_depth.len() == shortcut_count
            && shortcuts.head.iter().zip(&**head_depth).all(|(&head, &depth)| tree.depth[head as usize] == depth)
            && self.times.ms.len() == graph.edge_count() * 2
            && self.times.rights.len() == graph.edge_count() * 2
            && self.times.ms.iter().all(|&ms| ms <= ARC_MS_MAX)
            && self.shortcut_ms.len() == shortcut_count + 1
            && self.shortcut_ms.iter().flatten().all(|&ms| ms <= UNREACHED)
            && [&self.climbs.up, &self.climbs.down].into_iter().all(|climb| climb_is_sound(climb, tree))
    }
}

/// A way is looked for by the numbers that the turns of its map have: what is searched must have the same.
fn search_is_sound(search: &SearchGraph, graph: &Graph, copied: Option<&[u32]>) -> bool {
    let arcs = search.head.len();
    let Some(nodes) = search.first.len().checked_sub(1) else { return false };
    let arc_end = graph.edge_count() as u32 * 2;
    let enough = match (search.kind, copied) {
        (Kind::Junctions, None) => nodes == graph.node_count() && search.copies.is_empty(),
        (Kind::Arcs, Some(copied)) => {
            let copies = copied.iter().copied().zip(arc_end..);
            nodes == arc_end as usize + copied.len()
                && copies.map(|(arc, copy)| [arc, copy]).eq(search.copies.iter().copied())
        }
        _ => false,
    };
    enough
        && groups_are_sound(&search.first, nodes, arcs)
        && search.via.len() == arcs
        && search.extra_ms.len() == arcs
        && search.head.iter().all(|&n| (n as usize) < nodes)
        && search.via.iter().all(|&a| a < arc_end)
        && search.ends.len() == graph.edge_count()
        && search.ends.iter().zip(graph.edges()).all(|(ends, e)| *ends == [e.start, e.end])
}

fn shortcuts_are_sound(shortcuts: &Shortcuts, search: &SearchGraph) -> bool {
    let (nodes, count) = (search.node_count(), shortcuts.head.len());
    let ranks_fit = shortcuts.rank.len() == nodes
        && shortcuts.order.len() == nodes
        && (0u32..).zip(&*shortcuts.order).all(|(rank, &n)| shortcuts.rank.get(n as usize) == Some(&rank));
    ranks_fit
        && groups_are_sound(&shortcuts.first, nodes, count)
        && (0..nodes as u32).all(|x| {
            let heads = &shortcuts.head[shortcuts.up(x)];
            heads.is_sorted() && heads.iter().all(|&h| h > x && (h as usize) < nodes)
        })
        && groups_are_sound(&shortcuts.below_first, nodes, shortcuts.below.len())
        && (0..nodes as u32).all(|x| {
            let below = |&[node, shortcut]: &[u32; 2]| {
                node < x && shortcuts.up(node).contains(&(shortcut as usize)) && shortcuts.head[shortcut as usize] == x
            };
            shortcuts.below(x).iter().all(below)
        })
        && shortcuts.of_arc.len() == search.head.len()
        && shortcuts.of_arc.iter().all(|&packed| packed == NONE || (packed as usize / 2) < count)
}

fn tree_is_sound(tree: &Tree, nodes: usize) -> bool {
    tree.parent.len() == nodes
        && tree.depth.len() == nodes
        && (0u32..).zip(tree.parent.iter().zip(&*tree.depth)).all(|(x, (&parent, &depth))| {
            parent == NO_NODE && depth == 0
                || parent > x
                    && tree.depth.get(parent as usize).is_some_and(|above| above.checked_add(1) == Some(depth))
        })
}

fn climb_is_sound(climb: &UpArcs, tree: &Tree) -> bool {
    groups_are_sound(&climb.first, tree.parent.len(), climb.arcs.len())
        && (0u32..)
            .zip(&*tree.depth)
            .all(|(x, &depth)| climb.of(x).iter().all(|arc| arc.depth < depth && arc.ms < UNREACHED))
}
