//! Owns what consoles are told that have said what their screen shows: counts from afar, people from near, only what changed,
//! numbered per audience, the whole of it when the screen shows something else. The map itself is `area`'s.

use super::frames::{FIRST_N, Head, frames};
use crate::ws::area::{Area, Audience, Parts, Shown};
use crate::ws::hub::Seat;
use crate::ws::screen::Tier;
use axum::extract::ws::Utf8Bytes;
use matcher::model::{AccountId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A console with its audience, and whether it is owed a whole picture.
pub struct Looking {
    /// Which console.
    pub seat: Seat,
    /// With whom it shares what it sees.
    pub audience: Audience,
    /// Its screen has not had a whole picture.
    pub is_new: bool,
}

/// The consoles' screens.
#[derive(Default)]
pub struct Screens {
    /// Kept only while somebody looks.
    area: Option<Area>,
    /// Last number of each audience's frames.
    numbers: BTreeMap<Audience, i64>,
}

impl Screens {
    /// Nobody looks: nothing is kept.
    pub fn rest(&mut self) {
        *self = Self::default();
    }

    /// Whether the map has to be filled with everybody first.
    pub fn is_resting(&self) -> bool {
        self.area.is_none()
    }

    /// Where people are now, or that they are nowhere.
    pub fn put(&mut self, people: impl IntoIterator<Item = (AccountId, Option<Shown>)>) {
        let area = self.area.get_or_insert_default();
        for (staff, shown) in people {
            area.put(staff, shown);
        }
    }

    /// Tells each console what changed on its screen, or all that is on it.
    pub fn tell(&mut self, looking: &[Looking], now: Timestamp) {
        let Some(area) = &mut self.area else { return };
        let audiences: BTreeSet<Audience> = looking.iter().map(|look| look.audience.clone()).collect();
        self.numbers.retain(|audience, _| audiences.contains(audience));
        let mut changed: BTreeMap<Audience, Vec<Utf8Bytes>> = BTreeMap::new();
        for (audience, parts) in area.changes(&audiences, now) {
            let number = self.numbers.entry(audience.clone()).or_insert(FIRST_N);
            let made = packed(&audience, &parts, number, false);
            changed.insert(audience, made);
        }
        let mut whole: BTreeMap<&Audience, Vec<Utf8Bytes>> = BTreeMap::new();
        for Looking { seat, audience, is_new } in looking {
            if *is_new {
                let at = self.numbers.get(audience).copied().unwrap_or(FIRST_N);
                let made = whole.entry(audience).or_insert_with(|| whole_of(area, audience, at, now));
                seat.mailbox.push_whole_screen(made);
            } else {
                for frame in changed.get(audience).into_iter().flatten() {
                    seat.mailbox.push_screen(frame.clone());
                }
            }
        }
    }
}

/// Numbered so that its last frame bears the audience's present number.
fn whole_of(area: &Area, audience: &Audience, at: i64, now: Timestamp) -> Vec<Utf8Bytes> {
    let parts = area.whole(audience, now);
    let many = packed(audience, &parts, &mut 0, true).len() as i64;
    packed(audience, &parts, &mut (at - many), true)
}

fn packed((_, screen): &Audience, parts: &Parts, number: &mut i64, whole: bool) -> Vec<Utf8Bytes> {
    let head = Head { t: "area", tier: Some(screen.tier), whole };
    match screen.tier {
        Tier::Far => frames(head, &[("cells", &parts.cells)], number),
        Tier::Near => frames(head, &[("people", &parts.people), ("gone", &parts.gone)], number),
    }
}
