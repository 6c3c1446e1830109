//! What the generated city promises, checked on the finished map alone.

use super::places::BRIDGES;
use super::{generate, generate_small};
use crate::position::Position;
use crate::road::Profile;
use crate::road::data::{Access, AreaKind, LabelKind, MapData, RoadClass};
use crate::road::map::RoadMap;
use crate::road::query::soonest;
use crate::road::staff::StaffOnRoad;
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: [u64; 2] = [1, 77];

type Spot = (f64, f64);

fn spot(p: Position) -> Spot {
    (p.lon(), p.lat())
}

fn segments(map: &MapData) -> impl Iterator<Item = (usize, Spot, Spot)> {
    map.ways.iter().enumerate().flat_map(move |(i, w)| {
        w.nodes.windows(2).map(move |n| (i, spot(map.nodes[n[0] as usize]), spot(map.nodes[n[1] as usize])))
    })
}

/// How many edges of the ring lie due north of the point.
fn edges_above(p: Spot, ring: &[Spot]) -> usize {
    (0..ring.len())
        .filter(|i| {
            let (a, b) = (ring[*i], ring[(i + 1) % ring.len()]);
            (a.0 > p.0) != (b.0 > p.0) && a.1 + (b.1 - a.1) * (p.0 - a.0) / (b.0 - a.0) > p.1
        })
        .count()
}

fn inside(p: Spot, ring: &[Spot]) -> bool {
    edges_above(p, ring) % 2 == 1
}

fn rings(map: &MapData, kind: AreaKind) -> Vec<Vec<Spot>> {
    let areas = map.areas.iter().filter(|a| a.kind == kind);
    areas.map(|a| a.rings[0].iter().map(|p| spot(*p)).collect()).collect()
}

fn junctions(map: &MapData) -> usize {
    let mut neighbours: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); map.nodes.len()];
    for way in &map.ways {
        for n in way.nodes.windows(2) {
            neighbours[n[0] as usize].insert(n[1]);
            neighbours[n[1] as usize].insert(n[0]);
        }
    }
    neighbours.iter().filter(|n| n.len() >= 3).count()
}

/// Share of the nodes of a mode that can go to, and be reached from, the first bridge's head.
fn strong_share(map: &MapData, access: impl Fn(&crate::road::data::Way) -> Access) -> f64 {
    let n = map.nodes.len();
    let (mut out, mut back, mut on) = (vec![Vec::new(); n], vec![Vec::new(); n], vec![false; n]);
    for way in &map.ways {
        for w in way.nodes.windows(2) {
            let (a, b) = (w[0] as usize, w[1] as usize);
            let a_to_b = matches!(access(way), Access::Forward | Access::Both);
            let b_to_a = matches!(access(way), Access::Backward | Access::Both);
            if a_to_b {
                out[a].push(b);
                back[b].push(a);
            }
            if b_to_a {
                out[b].push(a);
                back[a].push(b);
            }
            if a_to_b || b_to_a {
                on[a] = true;
                on[b] = true;
            }
        }
    }
    let bridge = map.ways.iter().find(|w| w.bridge && w.class == RoadClass::Primary).expect("there is a bridge");
    let reach = |arcs: &[Vec<usize>]| {
        let mut seen = vec![false; n];
        let mut todo = vec![bridge.nodes[0] as usize];
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                todo.extend(arcs[at].iter().filter(|to| !seen[**to]));
            }
        }
        seen
    };
    let (there, here) = (reach(&out), reach(&back));
    let both = (0..n).filter(|i| there[*i] && here[*i]).count();
    both as f64 / on.iter().filter(|o| **o).count() as f64
}

#[test]
fn it_is_as_big_as_seoul_and_holds_together() {
    for seed in SEEDS {
        let map = generate(seed);
        let count = junctions(&map);
        println!("seed {seed}: {count} junctions");
        assert!((60_000..=100_000).contains(&count), "seed {seed}: {count} junctions");
        let (drive, walk) = (strong_share(&map, |w| w.drive), strong_share(&map, |w| w.walk));
        assert!(drive > 0.99 && walk > 0.97, "seed {seed}: drive {drive:.4} walk {walk:.4}");
        for class in 0..=5 {
            assert!(map.ways.iter().any(|w| w.class as u8 == class), "seed {seed}: class {class}");
        }
        let oneway = map.ways.iter().filter(|w| w.class == RoadClass::Residential && w.drive == Access::Forward);
        assert!(oneway.count() > 1000, "seed {seed}");
    }
}

#[test]
fn labels_hold_every_district_station_and_hill() {
    let map = generate(1);
    let of = |kind| map.labels.iter().filter(|l| l.kind == kind).map(|l| l.name.as_str()).collect::<BTreeSet<_>>();
    assert_eq!(of(LabelKind::District).len(), 25);
    assert!(of(LabelKind::Station).len() >= 60);
    assert!(of(LabelKind::Park).contains("북한산") && of(LabelKind::Park).contains("남산"));
    assert!(map.ways.iter().all(|w| w.name == u32::MAX || (w.name as usize) < map.names.len()));
    for name in ["강남대로", "테헤란로", "종로", "올림픽대로", "강변북로", "한강대교"] {
        assert!(map.names.iter().any(|n| n == name), "{name}");
    }
}

#[test]
fn the_river_is_crossed_by_its_bridges_only() {
    for seed in SEEDS {
        let map = generate(seed);
        let river = &rings(&map, AreaKind::Water)[0];
        let mut crossed = BTreeSet::new();
        for (i, a, b) in segments(&map) {
            let middle = (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
            if [a, middle, b].into_iter().any(|p| inside(p, river)) {
                let way = &map.ways[i];
                assert!(way.bridge, "seed {seed}: a street in the river");
                crossed.insert(map.names[way.name as usize].as_str());
            }
        }
        assert_eq!(crossed, BRIDGES.iter().map(|b| b.1).collect(), "seed {seed}");

        // Without bridges no group of connected nodes has members on both banks.
        let mut parent: Vec<usize> = (0..map.nodes.len()).collect();
        for way in map.ways.iter().filter(|w| !w.bridge) {
            for w in way.nodes.windows(2) {
                let (a, b) = (root(&mut parent, w[0] as usize), root(&mut parent, w[1] as usize));
                parent[a] = b;
            }
        }
        let mut bank_of: BTreeMap<usize, usize> = BTreeMap::new();
        let mut banks = [0, 0, 0];
        for node in map.ways.iter().filter(|w| !w.bridge).flat_map(|w| &w.nodes) {
            let bank = edges_above(spot(map.nodes[*node as usize]), river);
            assert!(bank == 0 || bank == 2);
            banks[bank] += 1;
            let group = root(&mut parent, *node as usize);
            assert_eq!(*bank_of.entry(group).or_insert(bank), bank, "seed {seed}: both banks without a bridge");
        }
        assert!(banks[0] > 10_000 && banks[2] > 10_000);
    }
}

fn root(parent: &mut [usize], mut n: usize) -> usize {
    while parent[n] != n {
        parent[n] = parent[parent[n]];
        n = parent[n];
    }
    n
}

#[test]
fn hills_have_footpaths_and_no_cars() {
    for seed in SEEDS {
        let map = generate(seed);
        let boxed: Vec<(Vec<Spot>, [f64; 4])> = rings(&map, AreaKind::Green)
            .into_iter()
            .map(|r| {
                let fold = |f: fn(f64, f64) -> f64, of: fn(&Spot) -> f64| r.iter().map(of).reduce(f).unwrap();
                let b = [
                    fold(f64::min, |p| p.0),
                    fold(f64::min, |p| p.1),
                    fold(f64::max, |p| p.0),
                    fold(f64::max, |p| p.1),
                ];
                (r, b)
            })
            .collect();
        let mut footpaths = 0;
        for (i, a, b) in segments(&map) {
            let way = &map.ways[i];
            let middle = (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
            for (ring, bx) in &boxed {
                let near = middle.0 > bx[0] && middle.0 < bx[2] && middle.1 > bx[1] && middle.1 < bx[3];
                if !near || !(inside(a, ring) || inside(middle, ring) || inside(b, ring)) {
                    continue;
                }
                if way.drive == Access::No {
                    footpaths += 1;
                } else {
                    // Main bridges pass over islets that lie in the river.
                    assert!(way.bridge, "seed {seed}: a street in a hill");
                }
            }
        }
        assert!(footpaths > 100, "seed {seed}: {footpaths}");
    }
}

/// Share of requests whose nearest staff by straight line is not the soonest by road.
fn wrong_share(map: &RoadMap, profile: Profile, seed: u64) -> f64 {
    const STAFF: u64 = 100;
    const REQUESTS: u64 = 1000;
    let graph = map.graph(profile);
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let node = (state >> 33) % graph.node_count() as u64;
        graph.snap(graph.node(node as u32)).expect("a node is on the road")
    };
    let mut wrong = 0;
    for _ in 0..REQUESTS / 50 {
        let mut staff = StaffOnRoad::new(graph);
        let places: Vec<Position> = (0..STAFF)
            .map(|id| {
                let snap = draw();
                staff.put(id, snap);
                snap.at
            })
            .collect();
        for _ in 0..50 {
            let pickup = draw();
            let straight = |id: &u64| places[*id as usize].distance_m(pickup.at);
            let nearest = (0..STAFF).min_by(|a, b| straight(a).total_cmp(&straight(b))).unwrap();
            let (first, _) = soonest(graph, &staff, &pickup, 4.0 * 3600.0).next().expect("everybody can come");
            wrong += u64::from(first != nearest);
        }
    }
    wrong as f64 / REQUESTS as f64
}

#[test]
fn the_straight_line_picks_the_wrong_staff_as_often_as_in_seoul() {
    let map = RoadMap::build(generate(1));
    for profile in [Profile::Drive, Profile::Walk] {
        let share = wrong_share(&map, profile, 11);
        println!("{profile:?}: {share:.3}");
        assert!((0.15..=0.40).contains(&share), "{profile:?}: {share:.3}");
    }
}

#[test]
fn the_small_city_has_the_same_features() {
    let map = generate_small(1);
    let count = junctions(&map);
    assert!((2_000..=8_000).contains(&count), "{count} junctions");
    assert!(strong_share(&map, |w| w.drive) > 0.97 && strong_share(&map, |w| w.walk) > 0.97);
    let bridges: BTreeSet<u32> =
        map.ways.iter().filter(|w| w.bridge && w.class == RoadClass::Primary).map(|w| w.name).collect();
    assert!(bridges.len() >= 3);
    assert!(map.labels.iter().any(|l| l.kind == LabelKind::Station));
}

/// FNV-1a over everything that is drawn.
fn print_of(map: &MapData) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for b in bytes {
            hash = (hash ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    let eat_at = |p: &Position, eat: &mut dyn FnMut(&[u8])| {
        eat(&p.lat_e7().to_le_bytes());
        eat(&p.lon_e7().to_le_bytes());
    };
    map.nodes.iter().for_each(|p| eat_at(p, &mut eat));
    map.areas.iter().flat_map(|a| a.rings.iter().flatten()).for_each(|p| eat_at(p, &mut eat));
    for w in &map.ways {
        w.nodes.iter().for_each(|n| eat(&n.to_le_bytes()));
        eat(&w.name.to_le_bytes());
        eat(&[w.class as u8, w.drive as u8, w.walk as u8, w.drive_kmh, w.walk_kmh_tenths, u8::from(w.bridge)]);
    }
    map.names.iter().for_each(|n| eat(n.as_bytes()));
    map.labels.iter().for_each(|l| eat(l.name.as_bytes()));
    hash
}

#[test]
fn equal_seed_equal_map_other_seed_other_map() {
    assert_eq!(generate_small(5), generate_small(5));
    assert_ne!(print_of(&generate_small(5)), print_of(&generate_small(6)));
    // Change these two with the generator, on purpose only, and raise `EDITION`: kept cities and recorded distances lean on them.
    assert_eq!(format!("{:016x}", print_of(&generate(1))), "c7f3ba67d3422ef1");
    assert_eq!(format!("{:016x}", print_of(&generate_small(1))), "3062913f7dd2601c");
}
