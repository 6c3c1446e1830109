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

/// Pickups of each way of moving as it is searched by the service, each asked for by every crowd: a plain search of a whole city takes
/// so long that more would make the tests minutes longer.
const PICKUPS: usize = 60;

/// The same of a town, where a plain search takes a hundredth of that: ten thousand questions in all, by all ways of moving and from
/// crowds as large.
const PICKUPS_OF_TOWN: usize = 650;

fn generated() -> RoadMap {
    RoadMap::build(crate::city::generate(crate::city::DEFAULT_SEED))
}

fn town() -> RoadMap {
    RoadMap::build(crate::city::generate_small(3))
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
    let name = format!("{city}, {moving}");
    let begun = std::time::Instant::now();
    let mut tallies = CROWDS.map(Tally::of);
    network.run(&mut Dice(pickups as u64), pickups, &mut tallies);
    for tally in tallies {
        tally.print(&name);
        assert_eq!(tally.rides > 0, profile == Profile::Transit, "{name}: {} ways by train", tally.rides);
    }
    println!("{name}: {pickups} pickups in {:.0?}", begun.elapsed());
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_on_foot() {
    compare("generated", &generated(), Profile::Walk, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_by_car() {
    compare("generated", &generated(), Profile::Drive, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_by_bicycle() {
    compare("generated", &generated(), Profile::Cycle, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_the_generated_city_by_subway() {
    compare("generated", &generated(), Profile::Transit, PICKUPS);
}

#[test]
fn agrees_with_dijkstra_on_a_generated_town_on_foot() {
    compare("generated town", &town(), Profile::Walk, PICKUPS_OF_TOWN);
}

#[test]
fn agrees_with_dijkstra_on_a_generated_town_by_car() {
    compare("generated town", &town(), Profile::Drive, PICKUPS_OF_TOWN);
}

#[test]
fn agrees_with_dijkstra_on_a_generated_town_by_bicycle() {
    compare("generated town", &town(), Profile::Cycle, PICKUPS_OF_TOWN);
}

#[test]
fn agrees_with_dijkstra_on_a_generated_town_by_subway() {
    compare("generated town", &town(), Profile::Transit, PICKUPS_OF_TOWN);
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
        compare("Seoul", &map, Profile::Drive, PICKUPS);
    }
}

#[test]
fn agrees_with_dijkstra_on_real_streets_by_bicycle() {
    if let Some(map) = seoul() {
        compare("Seoul", &map, Profile::Cycle, PICKUPS);
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
