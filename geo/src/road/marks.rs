//! Owns the points of a map where crossing a street takes time: lights and crossings. What they cost is the mode's (`modes`).

use super::bytes::{Malformed, Reader, Writer};
use super::data::RoadClass;
use super::modes::Mode;

/// What kind of point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MarkKind {
    /// Lights for the traffic of a street.
    Signal = 0,
    /// A crossing with lights.
    SignalCrossing = 1,
    /// A crossing without.
    Crossing = 2,
}

/// A marked point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Index into the map's points.
    pub node: u32,
    /// What is there.
    pub kind: MarkKind,
}

impl MarkKind {
    /// Milliseconds for who passes along a street of this class. Along the carriageway one passes a crossing without
    /// crossing anything; only paths lead across.
    pub(super) fn ms(self, mode: &Mode, class: RoadClass) -> u32 {
        match (self, class) {
            (Self::Signal, _) | (Self::SignalCrossing, RoadClass::Path) => mode.signal_ms,
            (Self::Crossing, RoadClass::Path) => mode.crossing_ms,
            _ => 0,
        }
    }
}

impl Mark {
    pub(super) fn write_all(marks: &[Self], w: &mut Writer) {
        w.u32s(marks.iter().map(|m| m.node));
        w.u8s(&marks.iter().map(|m| m.kind as u8).collect::<Vec<_>>());
    }

    pub(super) fn read_all(r: &mut Reader<'_>, node_count: usize) -> Result<Vec<Self>, Malformed> {
        let (nodes, kinds) = (r.u32s()?, r.u8s()?);
        if nodes.len() != kinds.len() || nodes.iter().any(|&n| n as usize >= node_count) {
            return Err(Malformed);
        }
        let kind = |k: u8| [MarkKind::Signal, MarkKind::SignalCrossing, MarkKind::Crossing].get(k as usize).copied();
        let mark = |(&node, &k): (&u32, &u8)| kind(k).map(|kind| Self { node, kind }).ok_or(Malformed);
        nodes.iter().zip(kinds).map(mark).collect()
    }
}
