//! Whoever is drawn, and in which order, whenever all is read: never, at once, or anywhere in between.

use crate::road::drawn::{Dice, tangle};
use crate::road::hierarchy::crowd_tests::{Crowd, random_snap};
use crate::road::hierarchy::{Metric, StaffBuckets};
use crate::road::{Profile, RoadMap};
use std::sync::Arc;

/// Longer than any of these ways.
const BOUND_MS: u32 = 4_000_000;
const PEOPLE: usize = 60;

#[test]
fn the_same_people_come_in_the_same_order_whenever_all_is_read() {
    let (mut midway, mut equal) = (0, 0);
    for seed in 0..30 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 60, 80));
        for profile in [Profile::Walk, Profile::Drive] {
            let graph = map.graph(profile);
            if graph.edge_count() == 0 {
                continue;
            }
            let metric: &Arc<Metric> = map.free_flow(profile);
            let mut crowd = Crowd::new(&mut dice, graph, PEOPLE);
            let mut buckets = StaffBuckets::new(Arc::clone(metric));
            for (id, (at, free_ms)) in crowd.standing() {
                buckets.put_busy(id, at, free_ms);
            }
            // Some have moved on and left their old entries behind.
            for _ in 0..PEOPLE {
                match crowd.go_on(&mut dice, graph) {
                    (id, Some((at, free_ms))) => buckets.put_busy(id, at, free_ms),
                    (id, None) => assert!(buckets.remove(id)),
                }
            }
            for bound_ms in [0, 200_000, BOUND_MS] {
                let pickup = random_snap(&mut dice, graph);
                let by = |looks| buckets.soonest_looking(&pickup, bound_ms, looks).collect::<Vec<_>>();
                let never = by(usize::MAX);
                for looks in [0, 1, 2, 5, 17, 60, 200] {
                    assert_eq!(by(looks), never, "seed {seed}, {profile:?}, all read after {looks}");
                }
                let mut all = buckets.all(&pickup, bound_ms);
                all.sort_by_key(|&(id, ms)| (ms, id));
                assert_eq!(never, all, "seed {seed}, {profile:?}");
                equal += never.windows(2).filter(|pair| pair[0].1 == pair[1].1).count();
                // Nobody who comes after is sooner than what is said.
                let mut drawn = buckets.soonest_looking(&pickup, bound_ms, 17);
                loop {
                    let (frontier_ms, left) = (drawn.frontier_ms(), drawn.looks_left);
                    let Some((_, ms)) = drawn.next() else { break };
                    assert!(frontier_ms.is_some_and(|least| least <= ms), "seed {seed}: {frontier_ms:?}, {ms}");
                    midway += usize::from(left > 0 && drawn.looks_left == 0 && drawn.given.len() > 1);
                }
            }
        }
    }
    println!("all read midway {midway} times, {equal} times two are as soon");
    assert!(midway > 20 && equal > 5, "{midway}, {equal}");
}

#[test]
fn who_takes_all_looks_at_no_more_than_twice_their_number_one_by_one() {
    let map = RoadMap::build(crate::city::generate_small(1));
    let graph = map.graph(Profile::Drive);
    let mut dice = Dice(5);
    let mut snap = || graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
    let staff: Vec<_> = (0..400_u32).map(|id| (id, snap(), 0)).collect();
    let buckets = StaffBuckets::filled(Arc::clone(map.free_flow(Profile::Drive)), staff);
    let pickup = snap();
    let looks_of = |count: usize| {
        let mut drawn = buckets.soonest(&pickup, BOUND_MS);
        assert_eq!(drawn.by_ref().take(count).count(), count.min(buckets.len()));
        buckets.len() * super::LOOKS_PER_PERSON - drawn.looks_left
    };
    let (few, all) = (looks_of(10), looks_of(usize::MAX));
    assert!(
        few < buckets.len() && all == buckets.len() * super::LOOKS_PER_PERSON,
        "{few} looks for ten, {all} for all"
    );
}
