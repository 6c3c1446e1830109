//! Facts about the map by units: a screen that applies what it is told shows what is there, and nothing of another side.

use super::area::{Area, Audience, Parts, Shown};
use super::screen::{Screen, Tier};
use crate::view::people::Duty;
use geo::{Bounds, Fix, FixKind, Position};
use matcher::model::{AccountId, AgencyId, Timestamp};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_795_474_800_000);

fn agency(n: u8) -> AgencyId {
    AgencyId(Uuid::from_u128(u128::from(n)))
}

fn shown(no: u8, lat: f64, lon: f64, duty: Duty, silent: bool) -> Shown {
    let fix = Fix {
        position: Position::new(lat, lon).unwrap(),
        accuracy_m: 5.0,
        kind: FixKind::Gps,
        taken_at_ms: NOW.0,
        session_epoch: 1,
        seq: 1,
    };
    Shown { no: u32::from(no), agency: agency(no % 2), fix, duty, silent }
}

fn screen(west: f64, south: f64, east: f64, north: f64, zoom: f64) -> Screen {
    Screen::of(&Bounds { west, south, east, north }, zoom).unwrap_or_else(|field| panic!("{field}"))
}

/// What a page keeps.
#[derive(Default)]
struct Page {
    people: BTreeMap<u64, Value>,
    cells: BTreeMap<String, (u64, u64)>,
    outlines: BTreeSet<String>,
}

impl Page {
    fn take(&mut self, parts: &Parts) {
        let read = |row: &Arc<str>| serde_json::from_str::<Value>(row).unwrap();
        for gone in parts.gone.iter().map(read) {
            self.people.remove(&gone.as_u64().unwrap());
        }
        for row in parts.people.iter().map(read) {
            self.people.insert(row[0].as_u64().unwrap(), row);
        }
        for row in parts.cells.iter().map(read) {
            let cell = row[0].as_str().unwrap().to_owned();
            if row.get(3).is_some() {
                self.outlines.insert(cell.clone());
            }
            assert!(self.outlines.contains(&cell), "no outline was ever told of a cell");
            match (row[1].as_u64().unwrap(), row[2].as_u64().unwrap()) {
                (0, 0) => self.cells.remove(&cell),
                counts => self.cells.insert(cell, counts),
            };
        }
    }

    fn of(parts: &Parts) -> Self {
        let mut page = Self::default();
        page.take(parts);
        page
    }
}

#[test]
fn a_screen_says_from_how_near_it_looks_and_nonsense_is_refused() {
    assert_eq!(screen(126.95, 37.54, 127.0, 37.57, 14.0).tier, Tier::Near);
    assert_eq!(screen(126.95, 37.54, 127.0, 37.57, 12.9).tier, Tier::Far);
    assert_eq!(screen(126.0, 37.0, 127.0, 38.0, 14.0).tier, Tier::Far, "too large to be told one by one");
    assert!(screen(-180.0, -90.0, 180.0, 90.0, 0.0).units.is_none(), "everything");
    for (bounds, zoom, field) in [
        ([127.0, 37.0, 127.0, 38.0], 9.0, "east"),
        ([126.0, 38.0, 127.0, 37.0], 9.0, "north"),
        ([-181.0, 37.0, 127.0, 38.0], 9.0, "west"),
        ([126.0, f64::NAN, 127.0, 38.0], 9.0, "south"),
        ([126.0, 37.0, 127.0, 38.0], -1.0, "zoom"),
        ([126.0, 37.0, 127.0, 38.0], f64::INFINITY, "zoom"),
    ] {
        let [west, south, east, north] = bounds;
        assert_eq!(Screen::of(&Bounds { west, south, east, north }, zoom).err(), Some(field));
    }
}

#[test]
fn from_near_only_who_moved_on_the_screen_is_told_and_who_left_it_is_gone() {
    let audience: Audience = (None, screen(126.95, 37.54, 127.0, 37.57, 14.0));
    let audiences = BTreeSet::from([audience.clone()]);
    let staff = AccountId(Uuid::from_u128(1));
    let mut area = Area::default();
    area.put(staff, Some(shown(1, 37.2, 126.5, Duty::Available, false)));
    assert!(area.changes(&audiences, NOW).is_empty());
    area.put(staff, Some(shown(1, 37.55, 126.98, Duty::EnRoute, false)));
    let told = area.changes(&audiences, NOW).remove(&audience).unwrap();
    assert_eq!((told.people.len(), told.gone.len(), told.cells.len()), (1, 0, 0));
    assert_eq!(&*told.people[0], "[1,37.55,126.98,3,0,5]");
    assert!(area.changes(&audiences, NOW).is_empty(), "told once");
    area.put(staff, Some(shown(1, 37.2, 126.5, Duty::EnRoute, false)));
    let told = area.changes(&audiences, NOW).remove(&audience).unwrap();
    assert_eq!((told.people.len(), &*told.gone[0]), (0, "1"));
}

#[test]
fn from_afar_the_silent_are_not_counted_on_and_a_move_within_a_cell_is_no_news() {
    let audience: Audience = (None, screen(126.7, 37.4, 127.2, 37.7, 10.0));
    let audiences = BTreeSet::from([audience.clone()]);
    let staff = AccountId(Uuid::from_u128(1));
    let mut area = Area::default();
    area.put(staff, Some(shown(1, 37.55, 126.98, Duty::Available, false)));
    let told = Page::of(&area.changes(&audiences, NOW)[&audience]);
    assert_eq!(told.cells.values().copied().collect::<Vec<_>>(), [(1, 0)]);
    area.put(staff, Some(shown(1, 37.550_01, 126.98, Duty::Available, false)));
    assert!(area.changes(&audiences, NOW).is_empty());
    area.put(staff, Some(shown(1, 37.55, 126.98, Duty::Available, true)));
    assert_eq!(area.changes(&audiences, NOW)[&audience].cells.len(), 1);
    assert!(area.whole(&audience, NOW).cells.is_empty());
}

/// A tenth of a degree of Seoul, from zoom 12 to a whole country's and out of the window.
#[test]
fn cells_are_the_larger_the_farther_the_screen_and_a_move_within_one_is_news_to_nearer_ones_only() {
    let zooms = [12.0, 11.0, 9.0, 7.0, 6.0, 0.0];
    let audience = |zoom: f64| -> Audience { (None, screen(120.0, 30.0, 132.0, 40.0, zoom)) };
    let audiences: BTreeSet<Audience> = zooms.into_iter().map(audience).collect();
    let mut area = Area::default();
    let at = |n: u8, east: f64| {
        let (row, column) = (f64::from(n / 10), f64::from(n % 10));
        Some(shown(n, 37.50 + row * 0.01, 126.95 + column * 0.01 + east, Duty::Available, false))
    };
    let staff = |n: u8| AccountId(Uuid::from_u128(u128::from(n)));
    (0..100).for_each(|n| area.put(staff(n), at(n, 0.0)));
    let told = area.changes(&audiences, NOW);
    let cells = zooms.map(|zoom| Page::of(&told[&audience(zoom)]).cells);
    for (zoom, cells) in zooms.iter().zip(&cells) {
        assert_eq!(cells.values().map(|(free, _)| free).sum::<u64>(), 100, "{zoom}");
    }
    let many = cells.each_ref().map(BTreeMap::len);
    assert!(many.windows(2).all(|pair| pair[0] >= pair[1]) && many[0] > 20 && many[2] < 8 && many[5] == 1, "{many:?}");
    // To the next street's cell, within the country's.
    area.put(staff(0), at(0, 0.04));
    let told = area.changes(&audiences, NOW);
    let news = zooms.map(|zoom| told.get(&audience(zoom)).map_or(0, |parts| parts.cells.len()));
    assert_eq!((news[0], news[4], news[5]), (2, 0, 0), "{news:?}");
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, f64, f64, bool, bool),
    Gone(u8),
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let put = (0u8..12, 37.50..37.60f64, 126.90..127.05f64, any::<bool>(), any::<bool>());
    let one = prop_oneof![
        5 => put.prop_map(|(no, lat, lon, free, silent)| Step::Put(no, lat, lon, free, silent)),
        1 => (0u8..12).prop_map(Step::Gone),
    ];
    prop::collection::vec(prop::collection::vec(one, 0..8), 1..30)
}

proptest! {
    #[test]
    fn who_applies_what_is_told_shows_what_is_there(rounds in steps()) {
        let screens = [
            screen(126.95, 37.54, 127.0, 37.57, 14.0),
            screen(126.95, 37.53, 127.02, 37.58, 13.0),
            screen(126.9, 37.5, 127.0, 37.6, 12.0),
            screen(126.9, 37.5, 127.0, 37.6, 11.0),
            // A small window, from far away.
            screen(126.9, 37.5, 127.0, 37.6, 7.0),
            screen(120.0, 30.0, 130.0, 40.0, 12.0),
            screen(120.0, 30.0, 130.0, 40.0, 9.0),
            screen(120.0, 30.0, 130.0, 40.0, 5.0),
            screen(120.0, 30.0, 130.0, 40.0, 0.0),
        ];
        let sides = [None, Some(agency(0)), Some(agency(1))];
        let audiences: BTreeSet<Audience> =
            sides.iter().flat_map(|side| screens.iter().map(|screen| (*side, screen.clone()))).collect();
        let mut area = Area::default();
        let mut there: BTreeMap<u8, Shown> = BTreeMap::new();
        let mut pages: BTreeMap<Audience, Page> = BTreeMap::new();
        for (nth, round) in rounds.into_iter().enumerate() {
            for step in round {
                match step {
                    Step::Put(no, lat, lon, free, silent) => {
                        let duty = if free { Duty::Available } else { Duty::Escorting };
                        let shown = shown(no, lat, lon, duty, silent);
                        there.insert(no, shown);
                        area.put(AccountId(Uuid::from_u128(u128::from(no))), Some(shown));
                    }
                    Step::Gone(no) => {
                        there.remove(&no);
                        area.put(AccountId(Uuid::from_u128(u128::from(no))), None);
                    }
                }
            }
            let told = area.changes(&audiences, NOW);
            for audience in &audiences {
                let whole = Page::of(&area.whole(audience, NOW));
                // The first rounds are not heard: a screen begins with the whole.
                let page = match pages.get_mut(audience) {
                    Some(page) => {
                        told.get(audience).into_iter().for_each(|parts| page.take(parts));
                        page
                    }
                    None if nth < 3 => continue,
                    None => pages.entry(audience.clone()).or_insert_with(|| Page::of(&area.whole(audience, NOW))),
                };
                prop_assert_eq!(&page.people, &whole.people);
                prop_assert_eq!(&page.cells, &whole.cells);
                // Whatever the size of the cells, everybody who counts is in one of them.
                let counted: u64 = whole.cells.values().map(|(free, busy)| free + busy).sum();
                if audience.1.tier == Tier::Far && audience.1.units.is_none() {
                    let of_side = |shown: &&Shown| audience.0.is_none_or(|side| shown.agency == side) && !shown.silent;
                    prop_assert_eq!(counted, there.values().filter(of_side).count() as u64);
                }
                if let Some(side) = audience.0 {
                    prop_assert!(page.people.keys().all(|no| agency((*no % 2) as u8) == side));
                }
            }
        }
    }
}
