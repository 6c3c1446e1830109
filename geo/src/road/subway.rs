//! Owns a subway as read or generated: lines with their headways, stops, rides between stops, walks between lines. Does not
//! read files (`subway_csv`) nor make a graph of it (`transit`).

use super::bytes::{Malformed, Reader, Writer};
use crate::position::Position;

/// No ride and no walk takes longer, seconds.
pub const SECONDS_MAX: u32 = 24 * 3600;

/// The hour of the day whose headways count where nobody says which: the afternoon, neither peak nor late.
pub const USUAL_HOUR: usize = 14;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As people call it: a number or a name.
    pub name: String,
    /// Seconds between trains in each hour of the day; 0 where there are none.
    pub headway_s: [u16; 24],
}

/// A station of one line. A station of two lines is two stops.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Korean, without the word for station.
    pub name: String,
    /// Index of its line.
    pub line: u32,
    /// Where its entrances are, about.
    pub at: Position,
    /// Whether one can get in and out: false where it is not known where the station is.
    pub open: bool,
}

/// From one stop to the next, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ride {
    /// Stop.
    pub from: u32,
    /// Stop of the same line.
    pub to: u32,
    /// Seconds, the stop at its end included.
    pub seconds: u32,
}

/// A walk inside a station from one line to another, one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Stop.
    pub from: u32,
    /// Stop of another line.
    pub to: u32,
    /// Seconds of walking; waiting comes on top.
    pub seconds: u32,
}

/// All of it. Invariant: every index is in range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subway {
    /// Lines.
    pub lines: Vec<Line>,
    /// Stops.
    pub stops: Vec<Stop>,
    /// Rides.
    pub rides: Vec<Ride>,
    /// Walks between lines.
    pub transfers: Vec<Transfer>,
}

impl Subway {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stops.is_empty()
    }

    /// Seconds one waits for a train on average: half the headway; `None` in an hour (0..24) without trains.
    pub fn wait_s(&self, line: u32, hour: usize) -> Option<u32> {
        let headway_s = *self.lines[line as usize].headway_s.get(hour)?;
        (headway_s > 0).then_some(u32::from(headway_s) / 2)
    }

    /// The same in [`USUAL_HOUR`], or where there are no trains then in the first hour that has some; `None` if there never are any.
    pub fn usual_wait_s(&self, line: u32) -> Option<u32> {
        std::iter::once(USUAL_HOUR).chain(0..24).find_map(|hour| self.wait_s(line, hour))
    }

    /// What one waits for each line in an hour.
    pub fn waits_at(&self, hour: usize) -> Vec<Option<u32>> {
        (0..self.lines.len() as u32).map(|line| self.wait_s(line, hour)).collect()
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.u32(self.lines.len() as u32);
        for line in &self.lines {
            w.text(&line.name);
            w.u32s(line.headway_s.iter().map(|&s| u32::from(s)));
        }
        w.u32(self.stops.len() as u32);
        for stop in &self.stops {
            w.text(&stop.name);
            w.u32(stop.line << 1 | u32::from(stop.open));
            w.positions(&[stop.at]);
        }
        w.u32s(self.rides.iter().flat_map(|r| [r.from, r.to, r.seconds]));
        w.u32s(self.transfers.iter().flat_map(|t| [t.from, t.to, t.seconds]));
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut subway = Self::default();
        for _ in 0..r.count(8)? {
            let name = r.text()?;
            let hours = r.u32s()?.iter().map(|&s| u16::try_from(s)).collect::<Result<Vec<_>, _>>();
            let headway_s = hours.ok().and_then(|h| h.try_into().ok()).ok_or(Malformed)?;
            subway.lines.push(Line { name, headway_s });
        }
        for _ in 0..r.count(20)? {
            let (name, packed) = (r.text()?, r.u32()?);
            let &[at] = r.positions()?.as_slice() else { return Err(Malformed) };
            subway.stops.push(Stop { name, line: packed >> 1, at, open: packed & 1 == 1 });
        }
        let triples = |r: &mut Reader<'_>| -> Result<Vec<[u32; 3]>, Malformed> {
            let flat = r.u32s()?;
            let (triples, rest) = flat.as_chunks::<3>();
            if rest.is_empty() { Ok(triples.to_vec()) } else { Err(Malformed) }
        };
        subway.rides = triples(r)?.into_iter().map(|[from, to, seconds]| Ride { from, to, seconds }).collect();
        subway.transfers = triples(r)?.into_iter().map(|[from, to, seconds]| Transfer { from, to, seconds }).collect();
        if subway.holds_together() { Ok(subway) } else { Err(Malformed) }
    }

    /// Whether every index is in range and every time is one that a train or a walk could take.
    fn holds_together(&self) -> bool {
        let (lines, stops) = (self.lines.len(), self.stops.len());
        let sound = |from: u32, to: u32, s: u32| (from as usize) < stops && (to as usize) < stops && s <= SECONDS_MAX;
        self.stops.iter().all(|s| (s.line as usize) < lines)
            && self.rides.iter().all(|r| sound(r.from, r.to, r.seconds))
            && self.transfers.iter().all(|t| sound(t.from, t.to, t.seconds))
    }
}
