//! Owns maps drawn as text for tests, and random ones. One character is 100 m; capital letters and digits are nodes; `-` and
//! `|` are streets at 30 km/h, `=` and `#` fast ones at 80 km/h, `.` and `:` footways; `>`, `<`, `^`, `v` in a street make it one way.

use super::data::{Access, MapData, RoadClass, Way};
use super::{Profile, Profiles, Restriction, RoadMap, Rule};
use crate::position::{Bounds, Position};
use std::collections::BTreeMap;

const METRE_LAT: f64 = 1.0 / 111_195.0;

/// A drawn map and its letters.
pub(crate) struct Drawn {
    pub(crate) map: RoadMap,
    at: BTreeMap<char, Position>,
}

impl Drawn {
    /// Where a letter is.
    pub(crate) fn at(&self, letter: char) -> Position {
        self.at[&letter]
    }

    /// On the straight way between two letters.
    pub(crate) fn between(&self, a: char, b: char, fraction: f64) -> Position {
        self.at(a).towards(self.at(b), fraction)
    }
}

/// A point some metres east and south of a corner of the drawing.
pub(crate) fn place(east_m: f64, south_m: f64) -> Position {
    let lon = 127.0 + east_m * METRE_LAT / 37.5f64.to_radians().cos();
    Position::new(37.5 - south_m * METRE_LAT, lon).unwrap()
}

pub(crate) fn draw(picture: &str) -> Drawn {
    draw_with(picture, &[])
}

/// With turn restrictions.
pub(crate) fn draw_with(picture: &str, rules: &[&str]) -> Drawn {
    let grid: Vec<Vec<char>> = picture.lines().map(|l| l.chars().collect()).collect();
    let cell = |r: usize, c: usize| grid.get(r).and_then(|l| l.get(c)).copied().unwrap_or(' ');
    let is_node = |ch: char| ch.is_ascii_uppercase() || ch.is_ascii_digit();
    let mut at = BTreeMap::new();
    let (mut nodes, mut number) = (Vec::new(), BTreeMap::new());
    for (r, line) in grid.iter().enumerate() {
        for (c, &ch) in line.iter().enumerate() {
            if is_node(ch) {
                let here = place(c as f64 * 100.0, r as f64 * 100.0);
                assert!(at.insert(ch, here).is_none(), "{ch} is drawn twice");
                number.insert((r, c), nodes.len() as u32);
                nodes.push(here);
            }
        }
    }
    let mut ways = Vec::new();
    for (&(r, c), &from) in &number {
        for (down, right, line) in [(0, 1, "-=.<>"), (1, 0, "|#:^v")] {
            let (mut rr, mut cc, mut seen) = (r + down, c + right, String::new());
            while line.contains(cell(rr, cc)) {
                seen.push(cell(rr, cc));
                (rr, cc) = (rr + down, cc + right);
            }
            if seen.is_empty() && !is_node(cell(rr, cc)) {
                continue;
            }
            let Some(&to) = number.get(&(rr, cc)) else { continue };
            let has = |set: &str| seen.chars().any(|ch| set.contains(ch));
            let drive = match (has(">v"), has("<^"), has(".:")) {
                (_, _, true) => Access::No,
                (true, _, _) => Access::Forward,
                (_, true, _) => Access::Backward,
                _ => Access::Both,
            };
            ways.push(street(vec![from, to], drive, Access::Both, if has("=#") { 80 } else { 30 }));
        }
    }
    let mut data = data(nodes, ways);
    data.restrictions = rules.iter().map(|rule| restriction(rule, &data, &at)).collect();
    Drawn { map: RoadMap::build(data), at }
}

/// `no A-B-C` (who comes from A must not turn at B to C), `only A-B-C`; with more letters, over the streets between.
fn restriction(rule: &str, data: &MapData, at: &BTreeMap<char, Position>) -> Restriction {
    let (word, letters) = rule.split_once(' ').unwrap();
    let rule = match word {
        "no" => Rule::No,
        "only" => Rule::Only,
        _ => panic!("{word} is no rule"),
    };
    let points: Vec<u32> = letters
        .split('-')
        .map(|l| data.nodes.iter().position(|&n| n == at[&l.parse().unwrap()]).unwrap() as u32)
        .collect();
    let street = |pair: &[u32]| {
        let is_it = |w: &Way| w.nodes == pair || w.nodes.iter().rev().eq(pair);
        data.ways.iter().position(is_it).unwrap_or_else(|| panic!("no street for {letters}")) as u32
    };
    let streets: Vec<u32> = points.windows(2).map(street).collect();
    let last = streets.len() - 1;
    Restriction {
        rule,
        profiles: Profiles::NONE.with(Profile::Drive).with(Profile::Cycle),
        from: streets[0],
        via: streets[1..last].to_vec(),
        to: streets[last],
        path: points[1..=last].to_vec(),
    }
}

pub(crate) fn street(nodes: Vec<u32>, drive: Access, walk: Access, drive_kmh: u8) -> Way {
    Way {
        nodes,
        class: RoadClass::Residential,
        name: Way::NO_NAME,
        drive,
        walk,
        cycle: if drive == Access::No { walk } else { drive },
        drive_kmh,
        walk_kmh_tenths: 50,
        cycle_kmh_tenths: 150,
        bridge: false,
        tunnel: false,
    }
}

pub(crate) fn data(nodes: Vec<Position>, ways: Vec<Way>) -> MapData {
    let bounds =
        Bounds::around(nodes.iter().copied()).unwrap_or(Bounds { west: 0.0, south: 0.0, east: 0.0, north: 0.0 });
    MapData {
        name: "drawn".into(),
        attribution: "drawn for a test".into(),
        generated: true,
        bounds,
        nodes,
        ways,
        marks: Vec::new(),
        restrictions: Vec::new(),
        subway: crate::road::subway::Subway::default(),
        names: Vec::new(),
        areas: Vec::new(),
        labels: Vec::new(),
    }
}

/// A small seeded generator (splitmix64): tests print the seed they used.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    /// 0..1
    pub(crate) fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A random tangle: ways of several nodes, one-ways, loops, parallel streets, doubled nodes, dead ends.
pub(crate) fn tangle(dice: &mut Dice, node_count: usize, way_count: usize) -> MapData {
    let nodes = (0..node_count).map(|_| place(dice.unit() * 3000.0, dice.unit() * 3000.0)).collect();
    let ways = (0..way_count)
        .map(|_| {
            let chain = (0..2 + dice.below(4)).map(|_| dice.below(node_count) as u32).collect();
            let access = [Access::Both, Access::Both, Access::Forward, Access::Backward, Access::No];
            let drive = access[dice.below(5)];
            street(chain, drive, access[dice.below(5)], 10 + dice.below(80) as u8)
        })
        .collect();
    data(nodes, ways)
}
