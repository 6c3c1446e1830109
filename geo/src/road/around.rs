//! Owns the fastest way by car or bicycle that keeps out of zones: a plain search over arcs with their turns, which never enters one. Like
//! `safer` for who walks, but they have restrictions and turn costs, and no street is liked better than another.
//!
//! Invariant: no point of a way found lies in a zone.

use super::avoid::Zone;
use super::graph::Graph;
use super::hierarchy::ArcTimes;
use super::route::{Piece, Route};
use super::safer::{NoSaferWay, is_clear};
use super::snap::Snap;
use super::timed::Timed;
use super::turns::Turns;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Taken off the lower bound of what is left, milliseconds: as the fastest route's (`route`).
const BOUND_SLACK_MS: f64 = 50.0;
/// Before no other state.
const NONE: u32 = u32::MAX;

/// The fastest way under `times` that touches no zone. Graph, turns and times must be of one profile.
pub fn around(
    graph: &Graph,
    turns: &Turns,
    times: &ArcTimes,
    from: &Snap,
    to: &Snap,
    zones: &[Zone],
) -> Result<Route, NoSaferWay> {
    let has = |snap: &Snap| zones.iter().any(|zone| zone.contains(snap.at));
    if has(from) {
        return Err(NoSaferWay::BeginsInside);
    }
    if has(to) {
        return Err(NoSaferWay::EndsInside);
    }
    let search = Around { timed: Timed { graph, times }, turns, from, to, zones };
    let found = search.search().ok_or(NoSaferWay::CutOff)?;
    Ok(graph.follow(from, to, search.pieces(&found).into_iter(), found.ms))
}

struct Around<'a> {
    timed: Timed<'a>,
    turns: &'a Turns,
    from: &'a Snap,
    to: &'a Snap,
    zones: &'a [Zone],
}

/// How a way ends.
#[derive(Clone, Copy)]
enum Last {
    /// Straight along the edge that both ends share, by this arc.
    Straight(u32),
    /// Onto this arc from the head of a state.
    Onto { state: u32, arc: u32 },
}

/// A way found: its time, how it ends, and from which state each was reached.
struct Found {
    ms: u64,
    last: Last,
    before: Vec<u32>,
}

impl Around<'_> {
    /// A* with the straight line at the best speed of the moment.
    fn search(&self) -> Option<Found> {
        let Timed { graph, times } = self.timed;
        let per_ms = self.timed.speed_mps_max() / 1_000.0;
        let left_ms = |arc: u32| {
            let ms = graph.node(graph.arc_head(arc)).distance_m(self.to.at) / per_ms - BOUND_SLACK_MS;
            ms.max(0.0) as u64
        };
        // At the head of each arc or copy.
        let mut best = vec![u64::MAX; self.turns.state_count()];
        let mut before = vec![NONE; self.turns.state_count()];
        let mut queue = BinaryHeap::new();
        for arc in [self.from.edge * 2, self.from.edge * 2 + 1].into_iter().filter(|&arc| times.is_open(arc)) {
            let (_, end) = fractions(arc);
            if is_clear(graph, self.zones, self.from.edge, self.from.fraction, end) {
                let ms = u64::from(times.ms(arc) - times.before_ms(arc, self.from.fraction));
                best[arc as usize] = ms;
                queue.push(Reverse((ms + left_ms(arc), ms, arc)));
            }
        }
        let straight = times.straight(self.from, self.to);
        let straight =
            straight.filter(|_| is_clear(graph, self.zones, self.from.edge, self.from.fraction, self.to.fraction));
        let mut found = straight.map(|(ms, arc)| (u64::from(ms), Last::Straight(arc)));
        while let Some(Reverse((bound, ms, state))) = queue.pop() {
            if found.is_some_and(|(known, _)| bound >= known) {
                break;
            }
            if ms > best[state as usize] {
                continue;
            }
            for turn in self.turns.turns_out(state) {
                let arc = self.turns.original(turn.arc);
                if !times.may_enter(arc) {
                    continue;
                }
                let entered = ms + u64::from(turn.ms);
                if arc / 2 == self.to.edge {
                    let whole = entered + u64::from(times.before_ms(arc, self.to.fraction));
                    let is_better = found.is_none_or(|(known, _)| whole < known);
                    if is_better && is_clear(graph, self.zones, arc / 2, fractions(arc).0, self.to.fraction) {
                        found = Some((whole, Last::Onto { state, arc }));
                    }
                }
                let next = entered + u64::from(times.ms(arc));
                if next < best[turn.arc as usize] && is_clear(graph, self.zones, arc / 2, 0.0, 1.0) {
                    best[turn.arc as usize] = next;
                    before[turn.arc as usize] = state;
                    queue.push(Reverse((next + left_ms(arc), next, turn.arc)));
                }
            }
        }
        found.map(|(ms, last)| Found { ms, last, before })
    }

    fn pieces(&self, found: &Found) -> Vec<Piece> {
        let piece =
            |arc: u32, from: f32, to: f32| Piece { edge: arc / 2, from, to, whole_ms: self.timed.times.ms(arc) };
        let (mut state, arc) = match found.last {
            Last::Straight(arc) => return vec![piece(arc, self.from.fraction, self.to.fraction)],
            Last::Onto { state, arc } => (state, arc),
        };
        let mut pieces = vec![piece(arc, fractions(arc).0, self.to.fraction)];
        loop {
            let (arc, earlier) = (self.turns.original(state), found.before[state as usize]);
            let (begin, end) = fractions(arc);
            if earlier == NONE {
                pieces.push(piece(arc, self.from.fraction, end));
                break;
            }
            pieces.push(piece(arc, begin, end));
            state = earlier;
        }
        pieces.reverse();
        pieces
    }
}

/// Where an arc begins and ends on its edge.
const fn fractions(arc: u32) -> (f32, f32) {
    if arc & 1 == 0 { (0.0, 1.0) } else { (1.0, 0.0) }
}

#[cfg(test)]
#[path = "around_tests.rs"]
mod tests;
