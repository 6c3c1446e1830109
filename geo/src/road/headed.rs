//! Owns where somebody is on the road and which way they are headed: along the edge, against it, or either way as far as is
//! known. What it costs to turn round is the mode's (`modes`), to come to the street the snap's; who matches fixes to streets is
//! `matching`.

use super::graph::Graph;
use super::modes::mode;
use super::snap::Snap;
use super::{Profile, RoadMap};
use std::fmt;

/// Turning round costs no more than this, milliseconds: sums along a way stay small.
const TURN_MS_MAX: u32 = 3_600_000;

/// A point on a road, and what is lost in turning before setting out along its edge and against it. A plain [`Snap`] loses nothing
/// either way: nobody knows where it is headed.
#[derive(Clone, Copy, PartialEq)]
pub struct Headed {
    /// The point.
    pub snap: Snap,
    turn_ms: [u32; 2],
}

impl Headed {
    /// With so many milliseconds lost in turning before setting out along the edge and against it, an hour at most.
    pub fn new(snap: Snap, turn_ms: [u32; 2]) -> Self {
        Self { snap, turn_ms: turn_ms.map(|ms| ms.min(TURN_MS_MAX)) }
    }

    /// Milliseconds lost before setting out along the edge and against it: on the way to the street, and in turning.
    pub fn lead_ms(&self) -> [u32; 2] {
        let to_street_ms = self.snap.to_street_ms();
        self.turn_ms.map(|ms| to_street_ms + ms)
    }

    /// Those of turning, by which alone the two ways off differ.
    pub(super) const fn turn_ms(&self) -> [u32; 2] {
        self.turn_ms
    }
}

impl From<Snap> for Headed {
    fn from(snap: Snap) -> Self {
        Self { snap, turn_ms: [0; 2] }
    }
}

impl From<&Snap> for Headed {
    fn from(snap: &Snap) -> Self {
        Self::from(*snap)
    }
}

impl From<&Self> for Headed {
    fn from(headed: &Self) -> Self {
        *headed
    }
}

/// Hidden like the place.
impl fmt::Debug for Headed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Headed(hidden)")
    }
}

impl RoadMap {
    /// Somebody on the streets of a profile who moves from their edge's start to its end (`forward`), from its end to its start, or
    /// nobody knows (`None`). Turning round in a small street costs what turning round at a junction does; in a big one (whose middle
    /// line is solid, as at its junctions) one goes on to where it is allowed. Who walks just turns. A direction in which the edge may
    /// not be used is taken for unknown. They are in the street: how far off it their fix lies is its error.
    pub fn headed(&self, profile: Profile, snap: Snap, forward: Option<bool>) -> Headed {
        let graph = self.graph(profile);
        let turns = &mode(profile).turns;
        let way = graph.edge(snap.edge).way as usize;
        let is_big = self.data.ways.get(way).is_some_and(|way| way.class < turns.uturn_from);
        let snap = Snap { distance_m: 0.0, ..snap };
        graph.headed(snap, forward, if is_big { turns.uturn_big_ms } else { turns.uturn_ms })
    }
}

impl Graph {
    /// With so many milliseconds lost in turning round.
    pub(super) fn headed(&self, snap: Snap, forward: Option<bool>, back_ms: u32) -> Headed {
        let edge = self.edge(snap.edge);
        let known = forward.filter(|&forward| if forward { edge.forward() } else { edge.backward() });
        match known {
            None => snap.into(),
            Some(true) => Headed::new(snap, [0, back_ms]),
            Some(false) => Headed::new(snap, [back_ms, 0]),
        }
    }
}
