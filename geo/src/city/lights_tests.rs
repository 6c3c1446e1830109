//! What lamps and cameras of the generated city promise, and that they make a difference to somebody who walks home.

use super::{generate_small, lights};
use crate::road::data::RoadClass;
use crate::road::drawn::Dice;
use crate::road::{Dislikes, Lit, Profile, RoadMap};
use std::collections::BTreeMap;

const SEED: u64 = 7;

/// By class: edges of some length, those whose lamps light them, those with a camera.
fn counted(map: &RoadMap, lit: &Lit) -> BTreeMap<RoadClass, [usize; 3]> {
    let graph = map.graph(Profile::Walk);
    let mut counts: BTreeMap<RoadClass, [usize; 3]> = BTreeMap::new();
    // A short one is lit from the corner.
    for (number, edge) in (0u32..).zip(graph.edges()).filter(|(_, edge)| edge.length_m > 130.0) {
        let of_class = counts.entry(map.data.ways[edge.way as usize].class).or_default();
        of_class[0] += 1;
        of_class[1] += usize::from(f32::from(lit.lamps(number)) * 60.0 >= edge.length_m);
        of_class[2] += usize::from(lit.cameras(number) > 0);
    }
    counts
}

#[test]
fn main_roads_are_lit_alleys_in_patches_and_hill_paths_not_at_all() {
    let map = RoadMap::build(generate_small(SEED));
    let lights = lights(&map.data, SEED);
    let lit = Lit::of(map.graph(Profile::Walk), &lights.lamps, &lights.cameras);
    println!("{} lamps, {} cameras, seed {SEED}", lights.lamps.len(), lights.cameras.len());
    assert_eq!(lit.off_streets, 0, "they stand on the streets of the city");
    let counts = counted(&map, &lit);
    let share = |class: RoadClass, nth: usize| counts[&class][nth] as f64 / counts[&class][0] as f64;
    for (class, of) in &counts {
        println!("{class:?}: {of:?}");
    }
    assert!(share(RoadClass::Primary, 1) > 0.95 && share(RoadClass::Secondary, 1) > 0.95);
    assert!((0.35..0.85).contains(&share(RoadClass::Residential, 1)), "gaps, and no darkness everywhere");
    assert!(share(RoadClass::Path, 1) < 0.25, "but where a path runs beside a street or meets one");
    assert!(share(RoadClass::Primary, 2) > share(RoadClass::Residential, 2) && share(RoadClass::Residential, 2) > 0.02);
}

#[test]
fn they_are_the_same_every_time_and_others_for_another_seed() {
    let map = generate_small(SEED);
    assert_eq!(lights(&map, SEED), lights(&map, SEED));
    assert_ne!(lights(&map, SEED).lamps, lights(&map, SEED + 1).lamps);
}

#[test]
fn some_who_walk_home_are_led_another_way_by_them() {
    let map = RoadMap::build(generate_small(SEED));
    let graph = map.graph(Profile::Walk);
    let lights = lights(&map.data, SEED);
    let class_of = |way: u32| map.data.ways[way as usize].class;
    let known = Dislikes::of(graph, &Lit::of(graph, &lights.lamps, &lights.cameras), class_of);
    let dark = Dislikes::of(graph, &Lit::default(), class_of);
    let metric = map.free_flow(Profile::Walk);
    let (mut dice, mut detours, mut others) = (Dice(3), 0, 0);
    println!("seed 3");
    for _ in 0..60 {
        let mut snap = || graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
        let (from, to) = (snap(), snap());
        let lit = known.route(graph, metric, &from, &to, &[]).unwrap();
        detours += usize::from(lit.detour_s >= 1.0);
        others += usize::from(dark.route(graph, metric, &from, &to, &[]).unwrap().route.points != lit.route.points);
    }
    println!("{detours} of 60 ways are not the quickest, {others} are others than without lamps and cameras");
    assert!(detours > 10 && others > 10);
}
