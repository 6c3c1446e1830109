//! The table against itself, and against the measured places and the district borders where these are at hand.

use super::STATIONS;
use crate::district::DISTRICTS;
use crate::position::Position;
use std::collections::HashMap;

/// A platform of a station lies this near to its middle, metres.
const NEAR_M: f64 = 250.0;

fn data(path: &str) -> Option<String> {
    // Beside the road extracts.
    let roads = crate::road::load::tests::extract("seoul-drive-2025-05.osm.pbf")?;
    let text = std::fs::read_to_string(roads.parent()?.parent()?.join(path)).ok();
    if text.is_none() {
        println!("SKIPPED: {path} is not there");
    }
    text
}

fn bare(name: &str) -> &str {
    name.split('(').next().unwrap_or(name).trim().trim_end_matches('역')
}

#[test]
fn every_district_has_a_station_near_its_point() {
    for district in DISTRICTS {
        let near = STATIONS.iter().map(|s| s.position().distance_m(district.position())).fold(f64::INFINITY, f64::min);
        assert!(near < 4_000.0, "{}: the nearest station is {near:.0} m off", district.name_en);
    }
    for station in STATIONS {
        let near = DISTRICTS.iter().map(|d| d.position().distance_m(station.position())).fold(f64::INFINITY, f64::min);
        assert!(near < 6_000.0, "{}: the nearest district point is {near:.0} m off", station.name_en);
    }
}

#[test]
fn stations_lie_where_they_were_measured() {
    let Some(master) = data("subway/station_master_metro_area.csv") else { return };
    let mut rows = master.trim_start_matches('\u{feff}').lines();
    let columns: Vec<&str> = rows.next().unwrap().split(',').collect();
    let column = |name: &str| columns.iter().position(|c| *c == name).unwrap();
    let (name, lat, lon) = (column("station"), column("lat"), column("lon"));
    let mut platforms: HashMap<&str, Vec<Position>> = HashMap::new();
    for row in rows.filter(|r| !r.trim().is_empty()) {
        let fields: Vec<&str> = row.split(',').collect();
        let at = Position::new(fields[lat].parse().unwrap(), fields[lon].parse().unwrap()).unwrap();
        platforms.entry(bare(fields[name])).or_default().push(at);
    }
    for station in STATIONS {
        let measured = platforms.get(bare(station.name)).unwrap_or_else(|| panic!("{} is not listed", station.name_en));
        let off = measured.iter().map(|p| p.distance_m(station.position())).fold(f64::INFINITY, f64::min);
        assert!(off < NEAR_M, "{} is {off:.0} m from its nearest platform", station.name_en);
    }
}

/// Rings of each district, outer and inner alike, by name.
fn districts(geojson: &str) -> HashMap<&'static str, Vec<Vec<[f64; 2]>>> {
    let mut found = HashMap::new();
    // A feature's text lasts to the next one's beginning.
    for feature in geojson.split("\"Feature\"").skip(1) {
        let district =
            DISTRICTS.iter().find(|d| feature.contains(&format!("\"{}\"", d.name))).expect("a known district");
        let coordinates = feature.split("\"coordinates\"").nth(1).expect("a feature has coordinates");
        let rings = coordinates.split("]]").map(|ring| {
            let pairs = ring.split('[').filter_map(|pair| {
                let (lon, lat) = pair.split(']').next()?.split_once(',')?;
                Some([lon.trim().parse().ok()?, lat.split(',').next()?.trim().parse().ok()?])
            });
            pairs.collect::<Vec<[f64; 2]>>()
        });
        found.insert(district.name, rings.filter(|r| r.len() > 2).collect());
    }
    found
}

fn is_inside(at: Position, rings: &[Vec<[f64; 2]>]) -> bool {
    let crossings = rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1))).filter(|(a, b)| {
        (a[1] > at.lat()) != (b[1] > at.lat()) && at.lon() < a[0] + (at.lat() - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    });
    crossings.count() % 2 == 1
}

#[test]
fn stations_lie_in_the_district_of_their_name_and_all_in_the_city() {
    let Some(geojson) = data("boundaries/seoul-gu.geojson") else { return };
    let districts = districts(&geojson);
    assert_eq!(districts.len(), DISTRICTS.len());
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for station in STATIONS {
        let inside = districts.iter().find(|(_, rings)| is_inside(station.position(), rings)).map(|(name, _)| *name);
        let Some(inside) = inside else { panic!("{} lies in no district", station.name_en) };
        *counts.entry(inside).or_default() += 1;
        if let Some(named) = station.name.strip_suffix("청역").filter(|n| n.ends_with('구')) {
            assert_eq!(inside, named, "{}", station.name_en);
        }
    }
    for district in DISTRICTS {
        assert!(counts.contains_key(district.name), "no station lies in {}", district.name_en);
    }
}
