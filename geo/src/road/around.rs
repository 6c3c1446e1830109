//! Owns the fastest way by car or bicycle that keeps out of zones: a plain search over arcs with their turns, which never enters one, led by what
//! the hierarchy says is left (`hierarchy::left`); and where there is none, the one with as few metres inside as can be, led by what of that
//! is owed at least (`toll`) as well. Like `safer` for who walks, but they have restrictions and turn costs, and no street is liked better
//! than another.
//!
//! Invariant: no point of a way that [`around`] finds lies in a zone.

use super::avoid::Zone;
use super::graph::Graph;
use super::headed::Headed;
use super::hierarchy::{ArcTimes, Metric};
use super::route::{Piece, Route};
use super::safer::NoSaferWay;
use super::snap::Snap;
use super::toll::{Owed, Toll};
use super::turns::Turns;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Before no other state.
const NONE: u32 = u32::MAX;

/// The fastest way under the times of a metric that touches no zone. Graph, turns and metric must be of one profile.
pub fn around(
    graph: &Graph,
    turns: &Turns,
    metric: &Metric,
    from: impl Into<Headed>,
    to: &Snap,
    zones: &[Zone],
) -> Result<Route, NoSaferWay> {
    led(turns, metric, &from.into(), to, Toll::forbidding(graph, zones))
}

/// The way with as little as can be in zones, for whom [`around`] finds none; `None` if there is no way at all.
pub fn least_inside(
    graph: &Graph,
    turns: &Turns,
    metric: &Metric,
    from: impl Into<Headed>,
    to: &Snap,
    zones: &[Zone],
) -> Option<Route> {
    led(turns, metric, &from.into(), to, Toll::exacting(graph, zones)).ok()
}

fn led(turns: &Turns, metric: &Metric, from: &Headed, to: &Snap, toll: Toll<'_>) -> Result<Route, NoSaferWay> {
    let owed = toll.admits(&from.snap, to)?;
    let search = Around { metric, times: metric.times(), turns, from, to, toll, owed };
    let (found, reached) = search.search().ok_or(NoSaferWay::CutOff)?;
    let took_ms = found.took_ms + u64::from(to.to_street_ms());
    Ok(toll.graph().follow(&from.snap, to, search.pieces(&found, &reached).into_iter(), took_ms))
}

struct Around<'a> {
    metric: &'a Metric,
    times: &'a ArcTimes,
    turns: &'a Turns,
    from: &'a Headed,
    to: &'a Snap,
    toll: Toll<'a>,
    owed: Owed,
}

/// How a way ends.
#[derive(Clone, Copy)]
enum Last {
    /// Straight along the edge that both ends share, by this arc.
    Straight(u32),
    /// Onto this arc from the head of a state.
    Onto { state: u32, arc: u32 },
}

/// A way found: what it counts, how long it takes and how it ends.
struct Found {
    cost: u64,
    took_ms: u64,
    last: Last,
}

/// How the head of an arc or copy was reached.
#[derive(Clone, Copy)]
struct Reached {
    cost: u64,
    took_ms: u64,
    before: u32,
}

impl Reached {
    const NOT_YET: Self = Self { cost: u64::MAX, took_ms: 0, before: NONE };
}

impl Around<'_> {
    /// A* with what would be left if there were no zones.
    fn search(&self) -> Option<(Found, Vec<Reached>)> {
        let (times, from) = (self.times, &self.from.snap);
        let mut left = self.metric.left(self.to);
        let graph = self.toll.graph();
        let mut bound = |state: u32| {
            let owed_ms = self.owed.ms(graph.arc_head(self.turns.original(state)));
            left.ms(state).map(|left_ms| u64::from(left_ms) + owed_ms)
        };
        // At the head of each arc or copy.
        let mut reached = vec![Reached::NOT_YET; self.turns.state_count()];
        let mut queue = BinaryHeap::new();
        let mut found: Option<Found> = None;
        let straight = times.straight_each(from, self.to);
        for ((arc, lead_ms), straight_ms) in (from.edge * 2..).zip(self.from.lead_ms()).zip(straight) {
            if !times.is_open(arc) {
                continue;
            }
            let lead_ms = u64::from(lead_ms);
            let ms = u64::from(times.ms(arc) - times.before_ms(arc, from.fraction));
            if let Some(extra_ms) = self.toll.extra_ms(from.edge, from.fraction, fractions(arc).1) {
                let begun = Reached { cost: lead_ms + ms + extra_ms, took_ms: lead_ms + ms, before: NONE };
                reached[arc as usize] = begun;
                queue.extend(bound(arc).map(|rest_ms| Reverse((begun.cost + rest_ms, begun.cost, arc))));
            }
            let straight_ms = straight_ms.map(u64::from);
            if let Some(ms) = straight_ms
                && let Some(extra_ms) = self.toll.extra_ms(from.edge, from.fraction, self.to.fraction)
            {
                let cost = lead_ms + ms + extra_ms;
                if found.as_ref().is_none_or(|known| cost < known.cost) {
                    found = Some(Found { cost, took_ms: lead_ms + ms, last: Last::Straight(arc) });
                }
            }
        }
        while let Some(Reverse((least, cost, state))) = queue.pop() {
            if found.as_ref().is_some_and(|known| least >= known.cost) {
                break;
            }
            let here = reached[state as usize];
            if cost > here.cost {
                continue;
            }
            for turn in self.turns.turns_out(state) {
                let arc = self.turns.original(turn.arc);
                let turns_to = self.turns.turns_out(state).iter().map(|turn| self.turns.original(turn.arc));
                if !times.may_go_on(self.turns.original(state), arc, turns_to) {
                    continue;
                }
                let on = |ms: u64, extra_ms: u64| Reached {
                    cost: cost + u64::from(turn.ms) + ms + extra_ms,
                    took_ms: here.took_ms + u64::from(turn.ms) + ms,
                    before: state,
                };
                let before_ms = u64::from(times.before_ms(arc, self.to.fraction));
                if arc / 2 == self.to.edge
                    && let Some(extra_ms) = self.toll.extra_ms(arc / 2, fractions(arc).0, self.to.fraction)
                {
                    let end = on(before_ms, extra_ms);
                    if found.as_ref().is_none_or(|known| end.cost < known.cost) {
                        found = Some(Found { cost: end.cost, took_ms: end.took_ms, last: Last::Onto { state, arc } });
                    }
                }
                // Zones are looked at only where it matters.
                let ms = u64::from(times.ms(arc));
                if on(ms, 0).cost >= reached[turn.arc as usize].cost {
                    continue;
                }
                let Some(extra_ms) = self.toll.extra_ms(arc / 2, 0.0, 1.0) else { continue };
                let next = on(ms, extra_ms);
                if next.cost < reached[turn.arc as usize].cost {
                    reached[turn.arc as usize] = next;
                    queue.extend(bound(turn.arc).map(|rest_ms| Reverse((next.cost + rest_ms, next.cost, turn.arc))));
                }
            }
        }
        found.map(|found| (found, reached))
    }

    fn pieces(&self, found: &Found, reached: &[Reached]) -> Vec<Piece> {
        let piece = |arc: u32, from: f32, to: f32| Piece { edge: arc / 2, from, to, whole_ms: self.times.ms(arc) };
        let begin_at = self.from.snap.fraction;
        let (mut state, arc) = match found.last {
            Last::Straight(arc) => return vec![piece(arc, begin_at, self.to.fraction)],
            Last::Onto { state, arc } => (state, arc),
        };
        let mut pieces = vec![piece(arc, fractions(arc).0, self.to.fraction)];
        loop {
            let (arc, earlier) = (self.turns.original(state), reached[state as usize].before);
            let (begin, end) = fractions(arc);
            if earlier == NONE {
                pieces.push(piece(arc, begin_at, end));
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
