//! The queries of the live index held against everybody in a list, alone and while others write.

use super::contract::{Dice, at, fix, staff};
use super::{Live, LivePosition};
use geo::cell::{Fineness, Grid};
use geo::{Bounds, Cell, Fix, Polygon, Position};
use matcher::model::AccountId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

fn place(dice: &mut Dice) -> Position {
    at(37.43 + dice.roll(270_000) as f64 * 1e-6, 126.77 + dice.roll(410_000) as f64 * 1e-6)
}

fn crowd(live: &Live, dice: &mut Dice, count: u64) -> Vec<LivePosition> {
    let put = |n| {
        let position = LivePosition { staff: staff(n), no: n as u32, fix: fix(place(dice), 1, 1) };
        live.put(position.staff, position.no, position.fix);
        position
    };
    (0..count).map(put).collect()
}

fn sorted(found: Vec<LivePosition>) -> Vec<u32> {
    let mut found: Vec<u32> = found.into_iter().map(|p| p.no).collect();
    found.sort_unstable();
    found
}

#[test]
fn a_box_and_a_polygon_give_all_in_them_or_say_that_they_are_too_many() {
    let mut dice = Dice(41);
    let live = Live::in_process();
    let all = crowd(&live, &mut dice, 3_000);
    for _ in 0..50 {
        let (a, b) = (place(&mut dice), place(&mut dice));
        let bounds = Bounds::around([a, b]).unwrap();
        let triangle = Polygon::new(vec![a, b, place(&mut dice)]).unwrap();
        let pick = |p: &LivePosition| !p.no.is_multiple_of(3);
        let among = |is_in: &dyn Fn(Position) -> bool| {
            all.iter().filter(|p| is_in(p.fix.position) && pick(p)).copied().collect::<Vec<_>>()
        };
        let boxed = among(&|p| bounds.contains(p));
        assert_eq!(live.within(&bounds, boxed.len(), pick).map(sorted), Some(sorted(boxed.clone())));
        if let Some(too_few) = boxed.len().checked_sub(1) {
            assert_eq!(live.within(&bounds, too_few, pick), None);
        }
        let fenced = sorted(among(&|p| triangle.contains(p)));
        assert_eq!(live.within_polygon(&triangle, 3_000, pick).map(sorted), Some(fenced));
    }
}

#[test]
fn counts_are_of_those_in_the_box_whom_the_filter_lets_through() {
    let mut dice = Dice(42);
    let live = Live::in_process();
    let all = crowd(&live, &mut dice, 2_000);
    let bounds = Bounds { west: 126.9, south: 37.5, east: 127.1, north: 37.6 };
    for zoom in [6, 9, 11, 13] {
        let grid = Fineness::of_zoom(zoom).min(Grid::Index.into());
        let mut expected: BTreeMap<Cell, u32> = BTreeMap::new();
        for p in all.iter().filter(|p| p.no.is_multiple_of(2) && bounds.contains(p.fix.position)) {
            *expected.entry(Cell::of(p.fix.position, Grid::Index).parent(grid)).or_default() += 1;
        }
        assert_eq!(live.counts(grid, Some(&bounds), |p| p.no.is_multiple_of(2)), expected, "zoom {zoom}");
    }
    assert_eq!(live.counts(Grid::Tag, None, |_| true).values().sum::<u32>(), 2_000);
}

#[test]
fn equals_come_in_the_order_of_their_accounts_on_every_node() {
    let (one, other) = (Live::in_process(), Live::in_process());
    for n in 0..20 {
        one.put(staff(n), n as u32, fix(at(37.5, 127.0), 1, 1));
        other.put(staff(19 - n), 19 - n as u32, fix(at(37.5, 127.0), 1, 1));
    }
    let near = |live: &Live| live.nearest(at(37.5, 127.1), 20, |_| true);
    assert_eq!(near(&one), near(&other));
    assert_eq!(near(&one).iter().map(|n| n.at.no).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
}

#[test]
fn the_forgotten_leave_room_for_others() {
    let live = Live::in_process();
    for round in 0..50 {
        for n in 0..100 {
            let fix = Fix { taken_at_ms: round * 100_000, ..fix(at(37.5, 127.0), 1, 1) };
            live.put(staff((round * 100 + n) as u64), 1, fix);
        }
        // Removed at once, and no longer remembered the next time.
        live.forget_silent(matcher::model::Timestamp(round * 100_000 + 50_000), 10);
    }
    let index = live.shared.index();
    assert_eq!(index.len(), 0);
    assert!(index.slot_count() <= 200, "{}", index.slot_count());
}

#[test]
fn readers_see_each_once_while_others_write() {
    let live = Live::in_process();
    let (done, written) = (AtomicBool::new(false), AtomicU32::new(0));
    let all = crowd(&live, &mut Dice(43), 5_000);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut dice = Dice(44);
            let mut seq = 2;
            while !done.load(Ordering::Relaxed) {
                let n = dice.roll(all.len() as u64);
                live.put(staff(n), n as u32, fix(place(&mut dice), 1, seq));
                // A few of the last come and go; the others are there all the while.
                if dice.roll(10) == 0 {
                    live.remove(staff(4_900 + dice.roll(100)));
                }
                seq += 1;
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut dice = Dice(45);
        let mut reads = 0;
        while reads < 300 || written.load(Ordering::Relaxed) <= 1_000 {
            reads += 1;
            // Whoever reads without a pause would keep the lock from the other thread.
            std::thread::yield_now();
            let seen: Vec<AccountId> = live.snapshot().into_iter().map(|p| p.staff).collect();
            let once: BTreeSet<AccountId> = seen.iter().copied().collect();
            assert_eq!(once.len(), seen.len(), "somebody was read twice");
            assert!((0..4_900).all(|n| once.contains(&staff(n))), "somebody was not read");
            let query = place(&mut dice);
            let near = live.nearest(query, 10, |_| true);
            assert!(near.len() == 10 && near.windows(2).all(|w| w[0].distance_m <= w[1].distance_m));
            assert!(near.iter().all(|n| n.distance_m.to_bits() == query.distance_m(n.at.fix.position).to_bits()));
        }
        done.store(true, Ordering::Relaxed);
        writer.join().unwrap();
    });
}

#[test]
fn who_of_those_exactly_as_far_is_found_does_not_depend_on_who_was_heard_first() {
    let far = at(37.5, 127.1);
    let node = |order: &[u64]| {
        let live = Live::in_process();
        live.put(staff(50), 50, fix(at(37.5, 127.0), 1, 1));
        for &who in order {
            live.put(staff(who), who as u32, fix(far, 1, 1));
        }
        live
    };
    let (one, other) = (node(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), node(&[9, 7, 8, 5, 6, 3, 4, 2, 1]));
    for k in 0..12 {
        let found =
            |live: &Live| live.nearest(at(37.5, 127.0), k, |_| true).iter().map(|n| n.at.no).collect::<Vec<_>>();
        let wanted: Vec<u32> = [50].into_iter().chain(1..10).take(k).collect();
        assert_eq!((found(&one), found(&other)), (wanted.clone(), wanted), "of {k}");
    }
}
