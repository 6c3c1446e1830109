//! Entries keep their places through moves and removals, and lists and blocks that hold nobody leave nothing behind.

use super::{CellIndex, Place, Spot};
use crate::road::drawn::Dice;
use crate::search::Mask;
use crate::search::scan_tests::{Twin, at, places};
use std::collections::BTreeMap;

/// The invariant of the module.
fn assert_sound(index: &CellIndex) {
    let mut on_face = [0; super::FACES];
    for (number, list) in index.lists.iter().enumerate().filter(|(_, list)| !list.entries.is_empty()) {
        let spot = list.spot.spot();
        on_face[usize::from(spot.face)] += 1;
        for (n, entry) in list.entries.iter().enumerate() {
            assert_eq!(Spot::at(entry.position), spot);
            let Place { list, at } = index.places[entry.who as usize];
            assert_eq!((list as usize, at as usize), (number, n));
        }
        let found = index.reader(spot.face).list(i32::from(spot.a), i32::from(spot.b)).unwrap();
        assert!(std::ptr::eq(found, list));
    }
    assert_eq!(on_face, index.on_face);
    assert_eq!(index.lists().count(), index.list_count());
    assert_eq!(index.lists().map(|list| list.entries.len()).sum::<usize>(), index.len());
    assert_eq!(index.blocks.values().map(|block| block.used as usize).sum::<usize>(), index.list_count());
}

#[test]
fn moves_and_removals_leave_one_entry_each() {
    for (seed, middle) in (90..).zip(places()) {
        let mut dice = Dice(seed);
        let mut twin = Twin::crowd(&mut dice, 200, middle, 0.02);
        for step in 0..6_000 {
            twin.stir(&mut dice, middle, 0.02);
            let who = dice.below(220) as u32;
            assert_eq!(twin.index.get(who), twin.model.get(&who).copied(), "seed {seed}");
            if step % 500 == 0 {
                assert_sound(&twin.index);
            }
        }
        assert_sound(&twin.index);
        let held: BTreeMap<_, _> = twin.index.iter(Mask::ANY).map(|(who, p, bits)| (who, (p, bits))).collect();
        assert_eq!(held, twin.model);
        (0..300).for_each(|who| assert_eq!(twin.index.remove(who), twin.model.contains_key(&who)));
        assert!(twin.index.is_empty() && twin.index.blocks.is_empty() && twin.index.list_count() == 0);
        assert_sound(&twin.index);
    }
}

#[test]
fn most_small_moves_are_known_to_stay_without_asking_where_they_are() {
    let mut dice = Dice(31);
    let middle = at(37.55, 126.98);
    let mut twin = Twin::crowd(&mut dice, 2_000, middle, 0.1);
    let (mut stayed, mut sure) = (0, 0);
    for _ in 0..20_000 {
        let who = dice.below(2_000) as u32;
        let (from, bits) = twin.index.get(who).unwrap();
        let to = crate::search::scan_tests::scatter(&mut dice, from, 0.000_27);
        let list = &twin.index.lists[twin.index.places[who as usize].list as usize];
        let is_sure = list.surely_holds(to);
        let stays = list.spot.spot() == Spot::at(to);
        assert!(stays || !is_sure, "sure and wrong");
        stayed += u32::from(stays);
        sure += u32::from(is_sure);
        twin.put(who, to, bits);
    }
    println!("seed 31: {stayed} of 20000 moves of 30 m stay in their cell, {sure} are known to without asking");
    assert!(sure * 4 > stayed * 3);
}

#[test]
fn the_unknown_are_unknown() {
    let mut index = CellIndex::new();
    assert!(!index.remove(7) && !index.set_bits(7, 1) && index.get(7).is_none());
    index.upsert(7, at(1.0, 1.0), 3);
    assert!(!index.remove(6) && index.get(8).is_none());
    assert!(index.remove(7) && !index.remove(7) && !index.set_bits(7, 1) && index.get(7).is_none());
}

#[test]
fn memory_is_bounded_by_who_is_there() {
    let mut dice = Dice(32);
    let mut twin = Twin::crowd(&mut dice, 10_000, at(37.55, 126.98), 0.15);
    let bytes = twin.index.heap_bytes();
    println!("10000 in a city: {} bytes each", bytes / 10_000);
    assert!(bytes < 64 * 10_000);
    // A crowd that wanders over the country leaves nothing where it was.
    for n in 0..60 {
        let middle = at(37.0 + f64::from(n) * 0.05, 127.0);
        (0..10_000).for_each(|who| twin.put(who, crate::search::scan_tests::scatter(&mut dice, middle, 0.15), 0));
    }
    assert!(twin.index.heap_bytes() < bytes * 3 / 2, "{} then {}", bytes, twin.index.heap_bytes());
}

#[test]
fn a_thousand_in_a_city_take_no_more_than_64_bytes_each() {
    // As the benches have them: 1,089 km2, 70 % evenly and 30 % in five hubs.
    let (mut dice, mut index) = (Dice(33), CellIndex::new());
    let mut within = |from: f64, to: f64| from + (to - from) * dice.below(1_000_000) as f64 / 1e6;
    for who in 0..1_000 {
        let place = if who % 10 < 7 {
            at(within(37.43, 37.70), within(126.77, 127.18))
        } else {
            let hub = f64::from(who / 10 % 5);
            at(37.48 + 0.03 * hub + within(-0.01, 0.01), 126.9 + 0.04 * hub + within(-0.012, 0.012))
        };
        index.upsert(who, place, 0);
    }
    let (bytes, lists) = (index.heap_bytes(), index.list_count());
    println!(
        "1000 in a city, in {lists} hexagons: {:.1} bytes each, {} of a hexagon",
        bytes as f64 / 1e3,
        size_of::<super::List>()
    );
    assert!(bytes <= 64 * 1_000, "{bytes}");
}

#[test]
fn a_hexagon_keeps_those_who_stay_whoever_goes() {
    let mut dice = Dice(34);
    let (mut entries, mut model): (super::Entries, Vec<u32>) = (super::Entries::default(), Vec::new());
    for who in 0..20_000 {
        // Now few, now many.
        let wanted = if who / 500 % 2 == 0 { 2 } else { 40 };
        if model.len() < wanted || dice.below(3) == 0 {
            entries.push(super::Entry { position: at(37.5, 127.0), bits: 0, who });
            model.push(who);
        } else {
            let gone = dice.below(model.len());
            entries.swap_remove(gone);
            model.swap_remove(gone);
        }
        assert!(entries.iter().map(|entry| entry.who).eq(model.iter().copied()), "step {who}");
        assert!(
            entries.heap_bytes() <= 16 * 8 * model.len(),
            "step {who}: {} for {}",
            entries.heap_bytes(),
            model.len()
        );
    }
}

#[test]
fn a_spot_reads_back_from_its_four_bytes() {
    let mut dice = Dice(35);
    for _ in 0..100_000 {
        let (lat, lon) = (dice.below(1_800_000) as f64 / 1e4 - 90.0, dice.below(3_600_000) as f64 / 1e4 - 180.0);
        let spot = Spot::at(at(lat, lon));
        assert_eq!(super::PackedSpot::of(spot).spot(), spot);
    }
}
