//! The hierarchy held against plain Dijkstra on whole cities, the generated one and the real one, by every way of moving and with as
//! many staff as the service is made for, all of them on the road. Prints what was compared.

use super::network_tests::Network;
use super::tally_tests::Tally;
use crate::road::drawn::Dice;
use crate::road::load::load;
use crate::road::load::tests::{extract, shared};
use crate::road::subway_csv::{SubwayFiles, parse};
use crate::road::{Profile, RoadMap};

/// Staff on the road.
const CROWDS: [usize; 4] = [20, 100, 500, 2_000];

/// Pickups of each way of moving as it is searched by the service: with these crowds, two cities and four ways more than 10,000 queries.
const PICKUPS: usize = 315;

/// Pickups where turns are left out, as nobody drives.
const PICKUPS_WITHOUT_TURNS: usize = 30;

fn generated() -> RoadMap {
    RoadMap::build(crate::city::generate(crate::city::DEFAULT_SEED))
}

/// The real streets; `None`, said aloud, where they are absent.
fn streets(file: &str) -> Option<RoadMap> {
    let (data, _) = load(&[&extract(file)?], None, &mut |_| {}).unwrap();
    Some(RoadMap::build(data))
}

fn seoul() -> Option<RoadMap> {
    streets("seoul-drive-2025-05.osm.pbf")
}

/// The real streets with the real trains.
fn seoul_with_subway() -> Option<RoadMap> {
    let stations = shared("subway", "stations.csv")?;
    let (mut data, _) = load(&[&extract("seoul-drive-2025-05.osm.pbf")?], None, &mut |_| {}).unwrap();
    data.subway = parse(&SubwayFiles::read(stations.parent().unwrap()).unwrap()).unwrap().0;
    Some(RoadMap::build(data))
}

/// As the service searches it.
fn compare(city: &str, map: &RoadMap, profile: Profile, pickups: usize) {
    let moving = match profile {
        Profile::Walk => "walk",
        Profile::Drive => "drive, turns",
        Profile::Cycle => "cycle, turns",
        Profile::Transit => "transit",
    };
    let network = Network::shipped(map, profile);
    assert_eq!(network.turns.is_some(), moving.ends_with("turns"), "{moving}");
    run(&format!("{city}, {moving}"), &network, pickups, profile == Profile::Transit);
}

fn run(name: &str, network: &Network<'_>, pickups: usize, by_train: bool) {
    let begun = std::time::Instant::now();
    let mut tallies = CROWDS.map(Tally::of);
    network.run(&mut Dice(pickups as u64), pickups, &mut tallies);
    for tally in tallies {
        tally.print(name);
        assert_eq!(tally.rides > 0, by_train, "{name}: {} ways by train", tally.rides);
    }
    println!("{name}: {pickups} pickups in {:.0?}", begun.elapsed());
}

/// As the service searches it, and over junctions for themselves.
fn compare_with_and_without_turns(city: &str, map: &RoadMap, profile: Profile, pickups: usize) {
    compare(city, map, profile, pickups);
    let moving = if profile == Profile::Drive { "drive" } else { "cycle" };
    let over_junctions = Network::new(map.graph(profile), map.order(profile), None);
    run(&format!("{city}, {moving}, junctions"), &over_junctions, PICKUPS_WITHOUT_TURNS, false);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_on_foot() {
    compare("generated", &generated(), Profile::Walk, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_by_car() {
    compare_with_and_without_turns("generated", &generated(), Profile::Drive, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_by_bicycle() {
    compare_with_and_without_turns("generated", &generated(), Profile::Cycle, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_by_subway() {
    compare("generated", &generated(), Profile::Transit, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_real_streets_on_foot() {
    if let Some(map) = seoul() {
        compare("Seoul", &map, Profile::Walk, PICKUPS);
    }
}

#[test]
fn agrees_with_dijkstra_on_real_streets_by_car() {
    if let Some(map) = seoul() {
        compare_with_and_without_turns("Seoul", &map, Profile::Drive, PICKUPS);
    }
}

#[test]
fn agrees_with_dijkstra_on_real_streets_by_bicycle() {
    if let Some(map) = seoul() {
        compare_with_and_without_turns("Seoul", &map, Profile::Cycle, PICKUPS);
    }
}

#[test]
fn agrees_with_dijkstra_on_real_streets_by_subway() {
    if let Some(map) = seoul_with_subway() {
        compare("Seoul", &map, Profile::Transit, PICKUPS);
    }
}

#[test]
fn agrees_with_dijkstra_on_real_streets_of_one_district() {
    let Some(map) = streets("seoul-jung-small.osm.pbf") else { return };
    for profile in [Profile::Walk, Profile::Drive, Profile::Cycle] {
        compare("Jung-gu", &map, profile, 60);
    }
}
