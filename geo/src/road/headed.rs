//! Owns where somebody is on the road and which way they are headed: along the edge, against it, or either way as far as is
//! known. What it costs to turn round is the mode's (`modes`); who matches fixes to streets is `matching`.

use super::graph::Graph;
use super::modes::mode;
use super::snap::Snap;
use super::{Profile, RoadMap};
use std::fmt;

/// Setting out costs no more than this, milliseconds: sums along a way stay small.
const LEAD_MS_MAX: u32 = 3_600_000;

/// A point on a road, and what is lost before setting out along its edge and against it. A plain [`Snap`] loses nothing either
/// way: nobody knows where it is headed.
#[derive(Clone, Copy, PartialEq)]
pub struct Headed {
    /// The point.
    pub snap: Snap,
    lead_ms: [u32; 2],
}

impl Headed {
    /// With so many milliseconds lost before setting out along the edge and against it, an hour at most.
    pub fn new(snap: Snap, lead_ms: [u32; 2]) -> Self {
        Self { snap, lead_ms: lead_ms.map(|ms| ms.min(LEAD_MS_MAX)) }
    }

    /// Milliseconds lost before setting out along the edge and against it.
    pub const fn lead_ms(&self) -> [u32; 2] {
        self.lead_ms
    }
}

impl From<Snap> for Headed {
    fn from(snap: Snap) -> Self {
        Self { snap, lead_ms: [0; 2] }
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
    /// not be used is taken for unknown.
    pub fn headed(&self, profile: Profile, snap: Snap, forward: Option<bool>) -> Headed {
        let graph = self.graph(profile);
        let turns = &mode(profile).turns;
        let way = graph.edge(snap.edge).way as usize;
        let is_big = self.data.ways.get(way).is_some_and(|way| way.class < turns.uturn_from);
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
