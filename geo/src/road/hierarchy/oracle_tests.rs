//! The slow twin: from the pickup backwards over arcs and turns by plain Dijkstra, one table, no offsets below zero.

use super::ArcTimes;
use crate::road::drawn::Dice;
use crate::road::graph::Graph;
use crate::road::turns::Turns;
use crate::road::{Headed, Snap};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A turn table: rows of (state, milliseconds); states from twice the number of edges on are copies.
pub(in crate::road) struct TestTurns {
    pub(super) rows: Vec<Vec<(u32, u32)>>,
    pub(super) original: Vec<u32>,
}

impl TestTurns {
    /// Every turn is allowed and costs nothing: what a search over junctions sees.
    pub(super) fn free(graph: &Graph) -> Self {
        Self::of(graph, |_, _| Some(0))
    }

    /// A map's own.
    pub(in crate::road) fn of_table(turns: &Turns) -> Self {
        let states = 0..turns.state_count() as u32;
        let row = |state| turns.turns_out(state).iter().map(|turn| (turn.arc, turn.ms)).collect();
        Self { rows: states.clone().map(row).collect(), original: states.map(|state| turns.original(state)).collect() }
    }

    /// Random costs, some turns forbidden, some arcs with a copy that some arrive on and that has fewer ways on.
    pub(super) fn random(dice: &mut Dice, graph: &Graph) -> Self {
        let mut salt = Dice(dice.roll());
        let mut turns = Self::of(graph, |from, to| {
            let roll = salt.below(100);
            let cost = salt.below(20_000) as u32;
            match (roll, from ^ 1 == to) {
                (0..40, true) | (0..8, false) => None,
                (_, true) => Some(20_000 + cost),
                (..70, _) => Some(cost / 4),
                _ => Some(0),
            }
        });
        for arc in 0..graph.edge_count() as u32 * 2 {
            if salt.below(25) == 0 && turns.rows[arc as usize].len() > 1 {
                turns.add_copy(&mut salt, arc);
            }
        }
        turns
    }

    fn add_copy(&mut self, salt: &mut Dice, arc: u32) {
        let copy = self.rows.len() as u32;
        let mut row = self.rows[arc as usize].clone();
        row.remove(salt.below(row.len()));
        self.rows.push(row);
        self.original.push(arc);
        for (from, row) in self.rows.iter_mut().enumerate() {
            if (from as u64 + salt.0).is_multiple_of(3)
                && let Some(turn) = row.iter_mut().find(|t| t.0 == arc)
            {
                turn.0 = copy;
            }
        }
    }

    fn of(graph: &Graph, mut cost: impl FnMut(u32, u32) -> Option<u32>) -> Self {
        let arcs = graph.edge_count() as u32 * 2;
        let open = |arc: u32| {
            let edge = graph.edge(arc / 2);
            if arc & 1 == 0 { edge.forward() } else { edge.backward() }
        };
        let ends = |arc: u32| {
            let edge = graph.edge(arc / 2);
            if arc & 1 == 0 { (edge.start, edge.end) } else { (edge.end, edge.start) }
        };
        let mut leaving = vec![Vec::new(); graph.node_count()];
        for arc in (0..arcs).filter(|&a| open(a)) {
            leaving[ends(arc).0 as usize].push(arc);
        }
        let rows = (0..arcs).map(|arc| {
            let on: &[u32] = if open(arc) { &leaving[ends(arc).1 as usize] } else { &[] };
            on.iter().filter_map(|&to| cost(arc, to).map(|ms| (to, ms))).collect()
        });
        Self { rows: rows.collect(), original: (0..arcs).collect() }
    }
}

/// Plain searches under one set of times.
pub(in crate::road) struct Oracle<'a> {
    turns: &'a TestTurns,
    times: ArcTimes,
    /// Whether one knows where one came from, as over arcs; over junctions one does not.
    remembers: bool,
    /// By state: (state before, milliseconds of the turn).
    into: Vec<Vec<(u32, u32)>>,
}

/// Milliseconds from the end of each arc to one pickup.
pub(in crate::road) struct ToPickup<'a> {
    times: &'a ArcTimes,
    pickup: Snap,
    from_end: Vec<u64>,
}

impl<'a> Oracle<'a> {
    pub(in crate::road) fn new(turns: &'a TestTurns, times: ArcTimes, remembers: bool) -> Self {
        let mut into = vec![Vec::new(); turns.rows.len()];
        for (from, row) in (0u32..).zip(&turns.rows) {
            for &(to, ms) in row {
                into[to as usize].push((from, ms));
            }
        }
        Self { turns, times, remembers, into }
    }

    pub(in crate::road) fn to(&self, pickup: &Snap) -> ToPickup<'_> {
        let mut from_end = vec![u64::MAX; self.into.len()];
        let mut queue = BinaryHeap::new();
        let push = |from_end: &mut Vec<u64>, queue: &mut BinaryHeap<_>, state: u32, along_ms: u64| {
            for &(before, turn_ms) in &self.into[state as usize] {
                let ms = along_ms + u64::from(turn_ms);
                if self.may_go_on(before, state) && ms < from_end[before as usize] {
                    from_end[before as usize] = ms;
                    queue.push(Reverse((ms, before)));
                }
            }
        };
        for (state, &arc) in (0u32..).zip(&self.turns.original) {
            if arc / 2 == pickup.edge {
                let along_ms = self.times.before_ms(arc, pickup.fraction);
                push(&mut from_end, &mut queue, state, u64::from(along_ms));
            }
        }
        while let Some(Reverse((ms, state))) = queue.pop() {
            let arc = self.turns.original[state as usize];
            if ms == from_end[state as usize] {
                push(&mut from_end, &mut queue, state, ms + u64::from(self.times.ms(arc)));
            }
        }
        ToPickup { times: &self.times, pickup: *pickup, from_end }
    }

    fn may_go_on(&self, from: u32, to: u32) -> bool {
        let arc = |state: u32| self.turns.original[state as usize];
        let is_out = |&(state, _): &(u32, u32)| self.times.leads_out(arc(state));
        let is_shut_in = || !self.turns.rows[from as usize].iter().any(is_out);
        let is_within = || self.times.is_closed(arc(from)) && self.times.is_closed(arc(to)) && is_shut_in();
        self.times.may_enter(arc(to)) || self.remembers && is_within()
    }

    /// Milliseconds of going along these arcs; `None` if one may not.
    pub(super) fn cost(&self, from: &Headed, to: &Snap, arcs: &[u32]) -> Option<u32> {
        let lead_ms = from.lead_ms()[arcs[0] as usize % 2];
        Some(lead_ms + self.cost_after(&from.snap, to, arcs)? + to.to_street_ms())
    }

    fn cost_after(&self, from: &Snap, to: &Snap, arcs: &[u32]) -> Option<u32> {
        let (first, last) = (arcs[0], arcs[arcs.len() - 1]);
        assert_eq!((first / 2, last / 2), (from.edge, to.edge));
        let before = |arc, snap: &Snap| self.times.before_ms(arc, snap.fraction);
        if arcs.len() == 1 {
            return before(first, to).checked_sub(before(first, from));
        }
        // Arrivals as the arc itself and as copies of it, each at its least.
        let mut states = vec![(first, self.times.ms(first) - before(first, from))];
        for &arc in &arcs[1..] {
            let along = self.times.ms(arc);
            let turns = states.iter().flat_map(|&(state, ms)| {
                let on = self.turns.rows[state as usize].iter().filter(move |t| self.may_go_on(state, t.0));
                on.map(move |&(to, turn_ms)| (to, ms + turn_ms + along))
            });
            states = turns.filter(|t| self.turns.original[t.0 as usize] == arc).collect();
        }
        states.iter().map(|s| s.1).min().map(|ms| ms - self.times.ms(last) + before(last, to))
    }
}

impl ToPickup<'_> {
    /// Milliseconds and ids of all who can be there in time, soonest first.
    pub(super) fn soonest(
        &self,
        standing: impl Iterator<Item = (u32, (Headed, u32))>,
        bound_ms: u32,
    ) -> Vec<(u32, u32)> {
        let each = standing.filter_map(|(id, (at, free_ms))| Some((self.from(&at)? + free_ms, id)));
        let mut found: Vec<(u32, u32)> = each.filter(|found| found.0 <= bound_ms).collect();
        found.sort_unstable();
        found
    }

    /// Milliseconds from a place, setting out either way after what is lost before that, to the pickup off its street; `None` if there
    /// is no way.
    pub(in crate::road) fn from(&self, at: &Headed) -> Option<u32> {
        let snap = &at.snap;
        let straight = |arc: u32| {
            let ahead =
                self.times.before_ms(arc, self.pickup.fraction).checked_sub(self.times.before_ms(arc, snap.fraction));
            ahead.filter(|_| snap.edge == self.pickup.edge)
        };
        let round = |arc: u32| {
            let rest_ms = self.times.ms(arc) - self.times.before_ms(arc, snap.fraction);
            let from_end = self.from_end[arc as usize];
            (from_end < u64::MAX).then(|| from_end as u32 + rest_ms)
        };
        let arcs = [snap.edge * 2, snap.edge * 2 + 1].into_iter().zip(at.lead_ms());
        let open = arcs.filter(|&(arc, _)| self.times.is_open(arc));
        let each = open.flat_map(|(arc, lead_ms)| [straight(arc), round(arc)].map(|ms| ms.map(|ms| ms + lead_ms)));
        each.flatten().min().map(|ms| ms + self.pickup.to_street_ms())
    }
}
