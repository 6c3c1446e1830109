//! Walking and riding: times by hand on a drawn map, the search against its oracle, hours, drawing.

use super::{DOWN_MS, OffStreet, UP_MS};
use crate::city::generate_small;
use crate::position::{Bounds, Position};
use crate::road::data::RoadClass;
use crate::road::drawn::{Dice, draw, place};
use crate::road::hierarchy::{ArcTimes, Conditions, Hierarchy, Metric, NodeOrder, SearchGraph};
use crate::road::load::tests::extract;
use crate::road::query::BOUND_S_MAX;
use crate::road::subway::{Line, Ride, Stop, Subway, USUAL_HOUR};
use crate::road::subway_csv::{SubwayFiles, parse};
use crate::road::{Profile, RoadMap, Snap, StaffOnRoad, load, soonest};
use std::sync::Arc;

/// A street of 4 km with a stop at each end, a train every ten minutes by day, three minutes of riding.
fn straight_line() -> RoadMap {
    let drawn = draw(&format!("A{}B", "-".repeat(39)));
    let mut data = (*drawn.map.data).clone();
    let stop = |name: &str, at| Stop { name: name.into(), line: 0, at, open: true };
    let mut headway_s = [600; 24];
    headway_s[3] = 0;
    data.subway = Subway {
        lines: vec![Line { name: "1".into(), headway_s }],
        stops: vec![stop("west", place(0.0, 0.0)), stop("east", place(4000.0, 0.0))],
        rides: vec![Ride { from: 0, to: 1, seconds: 180 }, Ride { from: 1, to: 0, seconds: 200 }],
        transfers: vec![],
    };
    RoadMap::build(data)
}

fn hierarchy(map: &RoadMap, profile: Profile) -> Arc<Hierarchy> {
    Arc::new(Hierarchy::new(SearchGraph::of(map, profile), &NodeOrder::find(map.graph(profile))))
}

#[test]
fn one_walks_down_waits_rides_and_walks_up() {
    let map = straight_line();
    let graph = map.graph(Profile::Transit);
    let at = |east| graph.snap(place(east, 0.0)).unwrap();
    let (near_west, near_east) = (at(500.0), at(3500.0));
    let walked_s = 1000.0 / 5.0 * 3.6;
    let there = graph.travel_time(&near_west, &near_east).unwrap();
    let expected = walked_s + DOWN_MS as f32 / 1000.0 + 300.0 + 180.0 + UP_MS as f32 / 1000.0;
    assert!((there - expected).abs() < 0.5, "{there} s, expected {expected} s");
    let back = graph.travel_time(&near_east, &near_west).unwrap();
    assert!((back - there - 20.0).abs() < 0.1, "{back} s");
    // Not worth it over 800 m.
    let short = graph.travel_time(&at(100.0), &at(900.0)).unwrap();
    assert!((short - 800.0 / 5.0 * 3.6).abs() < 0.5);
    let walk = map.graph(Profile::Walk);
    let route = graph.route(&near_west, &near_east).unwrap();
    assert!(walk.route(&near_west, &near_east).unwrap().rides.is_empty());
    let [ride] = route.rides[..] else { panic!("{} rides", route.rides.len()) };
    assert!((route.at_s[ride.to] - route.at_s[ride.from] - 180.0).abs() < 0.1);
    assert!(route.points[ride.from].distance_m(route.points[ride.to]) > 3990.0);
    assert!(route.at_s.is_sorted() && route.points.len() == route.at_s.len());
    // While one waits one stands at the station.
    assert!(route.position_at(route.at_s[ride.from] - 100.0).distance_m(place(0.0, 0.0)) < 1.0);
}

/// A street with a stop in the middle of one piece of it and a way around that piece, and a stop far down the street.
fn with_a_way_around() -> (RoadMap, [Snap; 3], u32) {
    let drawn = draw(&format!("A-B-----C{}D\n  |     |\n  E-----F", "-".repeat(50)));
    let mut data = (*drawn.map.data).clone();
    let stop =
        |name: &str, east_m, south_m| Stop { name: name.into(), line: 0, at: place(east_m, south_m), open: true };
    data.subway = Subway {
        lines: vec![Line { name: "1".into(), headway_s: [600; 24] }],
        stops: vec![stop("near", 500.0, -30.0), stop("far", 5_500.0, 30.0)],
        rides: vec![Ride { from: 0, to: 1, seconds: 100 }, Ride { from: 1, to: 0, seconds: 100 }],
        transfers: vec![],
    };
    let map = RoadMap::build(data);
    let at = |east_m| map.graph(Profile::Walk).snap(place(east_m, 0.0)).unwrap();
    let (ends, piece) = ([at(100.0), at(450.0), at(5_600.0)], at(500.0).edge);
    (map, ends, piece)
}

/// Milliseconds of walking and of riding from each of some places to another under conditions.
fn walking_and_riding(map: &RoadMap, conditions: &Conditions, from: &[Snap], to: &Snap) -> [Vec<Option<u32>>; 2] {
    [Profile::Walk, Profile::Transit].map(|profile| {
        let graph = map.graph(profile);
        let times = ArcTimes::under(graph, conditions, |_| RoadClass::Residential);
        let metric = Metric::new(&hierarchy(map, profile), times);
        from.iter().map(|&from| metric.travel_ms(from, to)).collect()
    })
}

#[test]
fn a_station_on_a_closed_street_is_closed_with_it() {
    let (map, [west, inside, east], piece) = with_a_way_around();
    let usual = walking_and_riding(&map, &Conditions::default(), &[west, inside], &east);
    assert!(usual[1][0] < usual[0][0] && usual[1][1] < usual[0][1], "one rides: {usual:?}");
    let mut closed = Conditions::default();
    closed.close_edge(piece);
    let [walking, riding] = walking_and_riding(&map, &closed, &[west, inside], &east);
    assert_eq!(riding, walking, "nobody goes down to a station that lies in it");
    assert!(walking[0] > usual[0][0], "nor through it, as a way over to the station is one back to the street");
    assert!(walking[1].is_some(), "who is in it comes out");
    let [walking, riding] = walking_and_riding(&map, &closed, &[east], &west);
    assert_eq!(riding, walking, "and nobody comes up there");
    // Closed the one way only: in from the west, out to the east, and not the other way about.
    // Closed to those who come from the west: these go down from the east end, to which they come by the way around.
    let graph = map.graph(Profile::Walk);
    let eastward = [piece * 2, piece * 2 + 1]
        .into_iter()
        .find(|&arc| graph.node(graph.arc_tail(arc)).lon() < graph.node(graph.arc_head(arc)).lon());
    let one_way = Conditions { closed: eastward.into_iter().collect(), ..Conditions::default() };
    let [walking, riding] = walking_and_riding(&map, &one_way, &[west], &east);
    assert!(riding[0] < walking[0] && riding[0] > usual[1][0], "{riding:?} {walking:?} {usual:?}");
}

#[test]
fn the_way_to_a_station_is_as_slow_as_its_street() {
    let (map, _, piece) = with_a_way_around();
    let graph = map.graph(Profile::Transit);
    let slow = Conditions { by_edge: [(piece, 3.0)].into(), ..Conditions::default() };
    let times = ArcTimes::under(graph, &slow, |_| RoadClass::Residential);
    let mut found = 0;
    for edge in graph.street_count() as u32..graph.edge_count() as u32 {
        let ms = graph.edge(edge).ms;
        let expected = match graph.off_street(edge) {
            Some(OffStreet::Link { arc, over_ms }) if arc / 2 == piece => {
                found += 1;
                assert!((21_600..21_610).contains(&over_ms), "30 m at walking pace: {over_ms} ms");
                over_ms + (ms - over_ms) * 3
            }
            _ => ms,
        };
        assert_eq!([times.ms(edge * 2), times.ms(edge * 2 + 1)], [expected; 2]);
    }
    assert_eq!(found, 2, "from both ends");
}

#[test]
fn stations_that_no_street_leads_to_are_named_and_those_beyond_the_map_counted() {
    assert_eq!(straight_line().stations_without_street(), (vec![], 0));
    let mut data = (*straight_line().data).clone();
    data.bounds = Bounds::around([place(0.0, 1_500.0), place(4_000.0, 0.0)]).unwrap();
    let stop =
        |name: &str, east_m, south_m, open| Stop { name: name.into(), line: 0, at: place(east_m, south_m), open };
    data.subway.stops.extend([
        stop("hill", 2_000.0, 700.0, true),
        // Of another line.
        stop("hill", 2_050.0, 700.0, true),
        stop("near", 2_000.0, 400.0, true),
        stop("away", 9_000.0, 0.0, true),
        // Of which nobody knows where it is: told when it was read.
        stop("unknown", 2_000.0, 700.0, false),
    ]);
    assert_eq!(RoadMap::build(data).stations_without_street(), (vec!["hill"], 1));
}

#[test]
fn at_night_one_walks() {
    let map = straight_line();
    let graph = map.transit_at(3);
    let snaps = [500.0, 3500.0].map(|east| graph.snap(place(east, 0.0)).unwrap());
    let walk = map.graph(Profile::Walk).travel_time(&snaps[0], &snaps[1]);
    assert_eq!(graph.travel_time(&snaps[0], &snaps[1]), walk);
    assert!(map.graph(Profile::Transit).travel_time(&snaps[0], &snaps[1]) < walk);
}

#[test]
fn a_map_without_a_subway_walks() {
    let drawn = draw("A-B\n| |\nC-D");
    let (walk, transit) = (drawn.map.graph(Profile::Walk), drawn.map.graph(Profile::Transit));
    assert_eq!(transit.edge_count(), walk.edge_count());
    assert_eq!(transit.off_street(0), None);
}

#[test]
fn the_small_city_rides_and_snaps_to_streets_only() {
    let map = RoadMap::build(generate_small(7));
    let (walk, transit) = (map.graph(Profile::Walk), map.graph(Profile::Transit));
    assert!(map.data.subway.stops.len() > 10, "{} stops", map.data.subway.stops.len());
    assert_eq!(transit.street_count(), walk.edge_count());
    let kinds: Vec<OffStreet> =
        (walk.edge_count()..transit.edge_count()).filter_map(|e| transit.off_street(e as u32)).collect();
    assert_eq!(kinds.len(), transit.edge_count() - walk.edge_count());
    assert!(kinds.iter().any(|k| matches!(k, OffStreet::Transfer { .. })));
    // A snap at a station is on a street, and the same on both graphs.
    for stop in &map.data.subway.stops {
        let (a, b) = (walk.snap(stop.at), transit.snap(stop.at));
        assert_eq!(a, b);
        assert!(a.is_none_or(|s| (s.edge as usize) < transit.street_count()));
    }
    let (mut dice, mut rode) = (Dice(1), 0);
    println!("seed 1");
    for _ in 0..60 {
        let mut snap = || walk.snap_at(dice.below(walk.edge_count()) as u32, dice.unit() as f32);
        let (from, to) = (snap(), snap());
        let (on_foot, riding) = (walk.travel_time(&from, &to).unwrap(), transit.travel_time(&from, &to).unwrap());
        assert!(riding <= on_foot, "{riding} s and {on_foot} s");
        rode += usize::from(riding < on_foot);
        let route = transit.route(&from, &to).unwrap();
        assert_eq!(route.rides.is_empty(), riding.total_cmp(&on_foot).is_eq());
        assert!((route.duration_s - riding).abs() < 0.01 && route.at_s.is_sorted());
    }
    println!("{rode} of 60 ways are shorter with the subway");
    assert!(rode > 10);
}

#[test]
fn who_is_there_soonest_may_come_by_train() {
    let map = RoadMap::build(generate_small(7));
    let graph = map.graph(Profile::Transit);
    let mut dice = Dice(2);
    println!("seed 2");
    let mut snap = || graph.snap_at(dice.below(graph.street_count()) as u32, dice.unit() as f32);
    let mut staff = StaffOnRoad::new(graph);
    let places: Vec<_> = (0..30).map(|_| snap()).collect();
    for (id, &place) in (0u32..).zip(&places) {
        staff.put(id, place);
    }
    for _ in 0..5 {
        let pickup = snap();
        let got: Vec<(u32, f32)> = soonest(graph, &staff, &pickup, BOUND_S_MAX).collect();
        assert_eq!(got.len(), places.len());
        assert!(got.is_sorted_by(|a, b| a.1 <= b.1));
        for (id, seconds) in got {
            let own = graph.travel_time(&places[id as usize], &pickup).unwrap();
            assert!((own - seconds).abs() < 0.002, "{own} s and {seconds} s");
        }
    }
}

#[test]
fn across_seoul_by_train() {
    let Some(roads) = extract("seoul-drive-2025-05.osm.pbf") else { return };
    let Some(folder) = roads.ancestors().nth(2).map(|d| d.join("subway")).filter(|d| d.is_dir()) else {
        println!("SKIPPED: no subway beside the roads");
        return;
    };
    let (mut data, _) = load(&[&roads], None, &mut |_| {}).unwrap();
    data.subway = parse(&SubwayFiles::read(&folder).unwrap()).unwrap().0;
    let map = RoadMap::build(data);
    let at = |lat, lon| map.snap(Profile::Transit, Position::new(lat, lon).unwrap()).unwrap();
    let minutes = |profile, from, to| map.graph(profile).travel_time(&from, &to).unwrap() / 60.0;
    // The operator's planner gives some 35 to 40 minutes between the platforms of the first two.
    for (name, from, to, low, high) in [
        ("City Hall to Gangnam", at(37.5658, 126.9772), at(37.4979, 127.0276), 35.0, 55.0),
        ("Gimpo airport to Jamsil", at(37.5624, 126.8013), at(37.5133, 127.1002), 60.0, 95.0),
    ] {
        let (riding, walking) = (minutes(Profile::Transit, from, to), minutes(Profile::Walk, from, to));
        println!("{name}: {riding:.0} min, on foot {walking:.0} min");
        assert!((low..high).contains(&riding) && walking > 2.0 * riding, "{name}: {riding} min");
    }
}

#[test]
fn hours_change_the_waiting() {
    let map = RoadMap::build(generate_small(7));
    let at = |hour| {
        let graph = map.transit_at(hour);
        let waits = (0..graph.edge_count() as u32)
            .filter(|&e| matches!(graph.off_street(e), Some(OffStreet::Board { .. })))
            .map(|e| u64::from(graph.edge(e).ms));
        waits.sum::<u64>()
    };
    assert!(at(8) < at(USUAL_HOUR) && at(USUAL_HOUR) < at(23));
    assert_eq!(at(3), 0);
}

#[test]
fn a_subway_is_saved_and_loaded() {
    let map = straight_line();
    let path = std::env::temp_dir().join(format!("donghaeng-{}-subway.graph", std::process::id()));
    map.save(&path).unwrap();
    let loaded = RoadMap::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(loaded.data.subway, map.data.subway);
    assert_eq!(loaded.graph(Profile::Transit).edges(), map.graph(Profile::Transit).edges());
}

/// One line that runs at night only.
fn with_a_night_line() -> RoadMap {
    let mut data = generate_small(7);
    data.subway.lines[1].headway_s = std::array::from_fn(|hour| if hour < 4 { 1_200 } else { 0 });
    RoadMap::build(data)
}

#[test]
fn the_one_graph_takes_as_long_as_that_of_each_hour() {
    let map = with_a_night_line();
    let graph = map.graph(Profile::Transit);
    let hierarchy = hierarchy(&map, Profile::Transit);
    let mut dice = Dice(4);
    println!("seed 4");
    let mut snap = || graph.snap_at(dice.below(graph.street_count()) as u32, dice.unit() as f32);
    let pairs: Vec<_> = (0..25).map(|_| (snap(), snap())).collect();
    let mut sooner = Vec::new();
    for hour in [1, 3, 8, USUAL_HOUR, 23] {
        let arcs = map.waiting_arcs(&map.data.subway.waits_at(hour));
        let metric = Metric::new(&hierarchy, ArcTimes::free_flow(graph).with_arcs(&arcs));
        let of_hour = map.transit_at(hour);
        for (from, to) in &pairs {
            let searched_s = metric.travel_ms(from, to).map(|ms| (f64::from(ms) / 1_000.0) as f32);
            assert_eq!(searched_s, of_hour.travel_time(from, to), "at {hour} h");
        }
        let walked =
            |(from, to): &&(_, _)| of_hour.travel_time(from, to) == map.graph(Profile::Walk).travel_time(from, to);
        sooner.push((hour, pairs.len() - pairs.iter().filter(walked).count()));
    }
    println!("ways of {} that are sooner with the subway: {sooner:?}", pairs.len());
    let at = |hour| sooner.iter().find(|s| s.0 == hour).unwrap().1;
    assert!(at(USUAL_HOUR) > 5 && at(8) >= at(23) && at(1) > 0, "{sooner:?}");
}

#[test]
fn in_an_hour_without_trains_everybody_walks() {
    let map = straight_line();
    let graph = map.graph(Profile::Transit);
    let snaps = [500.0, 3500.0].map(|east| graph.snap(place(east, 0.0)).unwrap());
    let times = |hour| ArcTimes::free_flow(graph).with_arcs(&map.waiting_arcs(&map.data.subway.waits_at(hour)));
    let hierarchy = hierarchy(&map, Profile::Transit);
    let takes_s = |hour| Metric::new(&hierarchy, times(hour)).travel_ms(snaps[0], &snaps[1]).unwrap() / 1_000;
    let walk_s = map.graph(Profile::Walk).travel_time(&snaps[0], &snaps[1]).unwrap() as u32;
    assert_eq!(takes_s(3), walk_s, "no train runs");
    assert!(takes_s(14) < walk_s);
    // Nobody said which lines run: none does.
    let none = ArcTimes::free_flow(graph).with_arcs(&map.waiting_arcs(&[]));
    assert_eq!(Metric::new(&hierarchy, none).travel_ms(snaps[0], &snaps[1]).unwrap() / 1_000, walk_s);
}
