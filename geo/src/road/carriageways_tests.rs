//! Which pieces are the other carriageway of a stretch, on divided roads drawn by their nodes.

use super::super::drawn::{data, place, street};
use super::super::{Profile, RoadMap};
use crate::position::Position;
use crate::road::data::{Access, RoadClass, Way};

const ALL: [Profile; 3] = [Profile::Walk, Profile::Drive, Profile::Cycle];
const MAIN: &str = "큰길";

/// Metres east and south of a corner.
type Place = (f64, f64);

/// Ways by the places of their nodes: those that name the same place meet there.
#[derive(Default)]
struct Draft {
    places: Vec<Place>,
    ways: Vec<Way>,
    names: Vec<String>,
}

impl Draft {
    /// People on foot and bicycles go both ways on all of them.
    fn way(&mut self, name: &str, drive: Access, places: &[Place]) -> &mut Way {
        let nodes = places.iter().map(|at| {
            self.places.iter().position(|known| known == at).unwrap_or_else(|| {
                self.places.push(*at);
                self.places.len() - 1
            }) as u32
        });
        let mut way = street(nodes.collect(), drive, Access::Both, 50);
        way.cycle = Access::Both;
        if !name.is_empty() {
            self.names.push(name.to_owned());
            way.name = self.names.len() as u32 - 1;
        }
        self.ways.push(way);
        self.ways.last_mut().unwrap()
    }

    fn one_way(&mut self, name: &str, places: &[Place]) -> &mut Way {
        self.way(name, Access::Forward, places)
    }

    fn two_way(&mut self, name: &str, places: &[Place]) -> &mut Way {
        self.way(name, Access::Both, places)
    }

    fn build(self) -> RoadMap {
        let nodes = self.places.iter().map(|&(east, south)| place(east, south)).collect();
        let mut data = data(nodes, self.ways);
        data.names = self.names;
        RoadMap::build(data)
    }
}

/// So many metres south, between these metres east.
type Row = (i32, &'static [(i32, i32)]);

/// Pieces by where they begin and end, west first.
fn pieces(map: &RoadMap, profile: Profile, edges: &[u32]) -> Vec<[(i32, i32); 2]> {
    let graph = map.graph(profile);
    let origin = place(0.0, 0.0);
    let metres = |p: Position| {
        let south = (origin.lat() - p.lat()) * 111_195.0;
        let east = (p.lon() - origin.lon()) * 111_195.0 * 37.5f64.to_radians().cos();
        (east.round() as i32, south.round() as i32)
    };
    let ends = |&edge: &u32| [graph.edge(edge).start, graph.edge(edge).end].map(|node| metres(graph.node(node)));
    let mut pieces: Vec<_> = edges.iter().map(ends).collect();
    for ends in &mut pieces {
        ends.sort_unstable();
    }
    pieces.sort_unstable();
    pieces
}

fn rows(rows: &[Row]) -> Vec<[(i32, i32); 2]> {
    let of_row = |&(south, row): &Row| row.iter().map(move |&(from, to)| [(from, south), (to, south)]);
    let mut pieces: Vec<_> = rows.iter().flat_map(of_row).collect();
    pieces.sort_unstable();
    pieces
}

/// What two points name without the other carriageway and with it, whichever is said first and for everybody.
fn check(map: &RoadMap, (a, b): (Place, Place), plain: &[[(i32, i32); 2]], both: &[[(i32, i32); 2]]) {
    let [a, b] = [a, b].map(|(east, south)| place(east, south));
    for profile in ALL {
        for (a, b) in [(a, b), (b, a)] {
            let one = map.streets_between(profile, a, b).unwrap();
            assert_eq!(pieces(map, profile, &one), plain, "{profile:?}");
            let two = map.carriageways_between(profile, a, b).unwrap();
            assert_eq!(pieces(map, profile, &two), both, "{profile:?}");
            assert!(two.is_sorted() && one.iter().all(|edge| two.contains(edge)));
        }
    }
}

/// One main street of two carriageways, in one way of the map each or in several: 25 m south the one driven east, with a junction every 100 m; 0 m south the one driven west, with
/// junctions of its own. Crossed at 0, 300 and 600 m. Beside it, all within reach: two streets of other names, one driven each way; a
/// street of the same name driven both ways; a ramp of the same name that leaves the first and comes back to it.
fn main_street(is_split: bool) -> RoadMap {
    let mut draft = Draft::default();
    let east: Vec<Place> = (0..=6).map(|i| (f64::from(i) * 100.0, 25.0)).collect();
    let west = [600.0, 460.0, 300.0, 140.0, 0.0].map(|x| (x, 0.0));
    if is_split {
        for part in [&east[..=2], &east[2..=4], &east[4..], &west[..=2], &west[2..]] {
            draft.one_way(MAIN, part);
        }
    } else {
        draft.one_way(MAIN, &east);
        draft.one_way(MAIN, &west);
    }
    draft.one_way(MAIN, &[(200.0, 25.0), (220.0, 40.0), (480.0, 40.0), (500.0, 25.0)]);
    let parts: &[&[f64]] = if is_split { &[&[600.0, 300.0], &[300.0, 0.0]] } else { &[&[600.0, 300.0, 0.0]] };
    for part in parts {
        let row = |south: f64| part.iter().map(|&x| (x, south)).collect::<Vec<Place>>();
        draft.two_way(MAIN, &row(-20.0));
        draft.way("옆길", Access::Backward, &row(45.0));
        draft.one_way("뒷길", &row(65.0));
    }
    for x in [0.0, 300.0, 600.0] {
        draft.two_way("건널길", &[-150.0, -20.0, 0.0, 25.0, 45.0, 65.0, 180.0].map(|south| (x, south)));
    }
    for x in [100.0, 200.0, 400.0, 500.0] {
        draft.two_way("골목", &[(x, 25.0), (x, 150.0)]);
    }
    for x in [140.0, 460.0] {
        draft.two_way("골목", &[(x, 0.0), (x, -120.0)]);
    }
    draft.build()
}

#[test]
fn the_other_carriageway_is_meant_by_its_own_pieces_and_no_other_street() {
    for map in [main_street(false), main_street(true)] {
        let east: Row = (25, &[(100, 200), (200, 300), (300, 400), (400, 500)]);
        let west: Row = (0, &[(140, 300), (300, 460)]);
        check(&map, ((120.0, 27.0), (480.0, 20.0)), &rows(&[east]), &rows(&[east, west]));
        // The ramp is driven as the other carriageway is.
        let with_ramp = rows(&[east, west, (25, &[(200, 500)])]);
        check(&map, ((150.0, -2.0), (450.0, -2.0)), &rows(&[west]), &with_ramp);
    }
}

#[test]
fn one_point_on_either_carriageway_names_both() {
    let (east, west): (Row, Row) =
        ((25, &[(100, 200), (200, 300), (300, 400), (400, 500)]), (0, &[(140, 300), (300, 460)]));
    let ends = ((120.0, 27.0), (480.0, 2.0));
    check(&main_street(false), ends, &rows(&[east]), &rows(&[east, west]));
    // Where each is several ways of the map the shortest way changes over on the street that crosses.
    let change = [[(300, 0), (300, 25)]];
    let sorted = |rows: Vec<_>| {
        let mut all: Vec<_> = rows.into_iter().chain(change).collect();
        all.sort_unstable();
        all
    };
    let plain = sorted(rows(&[(25, &[(100, 200), (200, 300)]), (0, &[(300, 460), (460, 600)])]));
    let east: Row = (25, &[(100, 200), (200, 300), (300, 400), (400, 500), (500, 600), (200, 500)]);
    let both = sorted(rows(&[east, (0, &[(140, 300), (300, 460), (460, 600)])]));
    check(&main_street(true), ends, &plain, &both);
}

#[test]
fn a_street_of_one_carriageway_has_no_other() {
    let map = main_street(false);
    for (south, row) in [(-20.0, -20), (45.0, 45), (65.0, 65)] {
        let alone = rows(&[(row, &[(0, 300), (300, 600)])]);
        check(&map, ((200.0, south), (400.0, south)), &alone, &alone);
    }
    let across = [[(300, -150), (300, -20)], [(300, -20), (300, 0)], [(300, 0), (300, 25)], [(300, 25), (300, 45)]];
    check(&map, ((300.0, -90.0), (300.0, 36.0)), &across, &across);
}

#[test]
fn a_piece_without_junctions_is_not_left_open_for_its_length() {
    let mut draft = Draft::default();
    let east: Vec<Place> = (0..=12).map(|i| (f64::from(i) * 100.0, 25.0)).collect();
    draft.one_way(MAIN, &east);
    // Against the order of its nodes.
    draft.way(MAIN, Access::Backward, &[(0.0, 0.0), (600.0, 0.0), (1_200.0, 0.0)]);
    for x in [0.0, 600.0, 1_200.0] {
        draft.two_way("건널길", &[(x, 0.0), (x, 25.0), (x, 200.0)]);
    }
    for x in [100.0, 200.0, 300.0, 400.0, 500.0, 700.0, 800.0, 900.0, 1_000.0, 1_100.0] {
        draft.two_way("골목", &[(x, 25.0), (x, 150.0)]);
    }
    let map = draft.build();
    let east: Row = (25, &[(100, 200)]);
    check(&map, ((120.0, 25.0), (180.0, 25.0)), &rows(&[east]), &rows(&[east, (0, &[(0, 600)])]));
    let west: Row = (0, &[(0, 600)]);
    let beside: Row = (25, &[(0, 100), (100, 200), (200, 300), (300, 400), (400, 500), (500, 600)]);
    check(&map, ((120.0, 0.0), (180.0, 0.0)), &rows(&[west]), &rows(&[west, beside]));
}

#[test]
fn on_the_outside_of_a_bend_it_goes_on() {
    // A bend of 40° to the right, with a piece of 40 m on its outside.
    let (there, turned) = ((200.0, 25.0), |metres: f64| (metres * 0.766, metres * 0.643));
    let (far, corner) = ((there.0 + turned(300.0).0, there.1 + turned(300.0).1), (209.1, 0.0));
    let after = (corner.0 + turned(20.0).0, corner.1 + turned(20.0).1);
    let far_side = (corner.0 + turned(300.0).0, corner.1 + turned(300.0).1);
    let mut draft = Draft::default();
    draft.one_way(MAIN, &[(0.0, 25.0), there, far]);
    for places in [&[far_side, after][..], &[after, corner, (189.1, 0.0)], &[(189.1, 0.0), (0.0, 0.0)]] {
        draft.one_way(MAIN, places);
    }
    draft.two_way("건널길", &[(0.0, 0.0), (0.0, 25.0)]);
    draft.two_way("건널길", &[far_side, far]);
    let map = draft.build();
    let both = map.carriageways_between(Profile::Drive, place(50.0, 25.0), place(190.0, 25.0)).unwrap();
    let names = both.iter().map(|&edge| {
        map.data.names[map.data.ways[map.graph(Profile::Drive).edge(edge).way as usize].name as usize].as_str()
    });
    assert_eq!(names.collect::<Vec<_>>(), [MAIN; 4]);
}

#[test]
fn what_is_the_same_street_is_told_by_name_and_by_class_where_there_is_none() {
    let is_other = |names: [&str; 2], classes: [RoadClass; 2], apart_m: f64| {
        let mut draft = Draft::default();
        draft.one_way(names[0], &[(0.0, 0.0), (300.0, 0.0)]).class = classes[0];
        draft.one_way(names[1], &[(300.0, -apart_m), (0.0, -apart_m)]).class = classes[1];
        for x in [0.0, 300.0] {
            draft.two_way("건널길", &[(x, 0.0), (x, -apart_m)]);
        }
        let map = draft.build();
        let both = map.carriageways_between(Profile::Walk, place(100.0, 0.0), place(200.0, 0.0)).unwrap();
        both.len() == 2
    };
    let (big, small) = (RoadClass::Secondary, RoadClass::Residential);
    assert!(is_other([MAIN, MAIN], [big, small], 45.0), "a name is enough");
    assert!(!is_other([MAIN, MAIN], [big, big], 55.0), "too far apart");
    assert!(!is_other([MAIN, "옆길"], [big, big], 20.0), "another street");
    assert!(!is_other([MAIN, ""], [big, big], 20.0), "perhaps another street");
    assert!(is_other(["", ""], [big, big], 20.0), "nothing else is so near");
    assert!(!is_other(["", ""], [big, big], 40.0), "a block lies between");
    assert!(!is_other(["", ""], [big, RoadClass::Primary], 20.0), "of another class");
    assert!(!is_other(["", ""], [small, small], 20.0), "two alleys");
}

#[test]
fn of_a_true_street_both_carriageways_are_as_long() {
    let Some(path) = crate::road::load::tests::extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, _) = crate::road::load(&[&path], None, &mut |_| {}).unwrap();
    let map = RoadMap::build(data);
    // Teheran-ro from one station to the next, on its northern carriageway, which is driven west.
    let [a, b] = [(37.5007, 127.0365), (37.5045, 127.0489)].map(|(lat, lon)| Position::new(lat, lon).unwrap());
    for profile in ALL {
        let graph = map.graph(profile);
        let way = |edge: u32| &map.data.ways[graph.edge(edge).way as usize];
        let one = map.streets_between(profile, a, b).unwrap();
        let mut both = map.carriageways_between(profile, a, b).unwrap();
        assert!(one.iter().all(|edge| both.contains(edge)));
        let is_main = |edge: u32| map.data.names.get(way(edge).name as usize).is_some_and(|name| name == "테헤란로");
        assert!(both.iter().all(|&edge| is_main(edge) || one.contains(&edge)), "of no other street");
        both.retain(|&edge| is_main(edge));
        // Driven west and driven east, metres.
        let mut driven_m = [0.0; 2];
        for edge in both {
            let (shape, drive) = (graph.shape(edge), way(edge).drive);
            let is_east = (shape[0].lon() < shape[shape.len() - 1].lon()) == (drive == Access::Forward);
            assert!(drive != Access::Both && (one.contains(&edge) != is_east), "what is driven east is new");
            driven_m[usize::from(is_east)] += graph.edge(edge).length_m;
        }
        println!("{profile:?}: {driven_m:?} m");
        assert!(driven_m[0] > 1_000.0 && (driven_m[1] / driven_m[0] - 1.0).abs() < 0.05, "{driven_m:?} m");
    }
}
