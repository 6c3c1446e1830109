//! Owns the writing of small OpenStreetMap PBF files for tests: points, ways and relations as text, one block each.

use std::fmt::Write as _;

/// A file in the making.
#[derive(Default)]
pub(crate) struct PbfFile {
    strings: Vec<String>,
    groups: Vec<Vec<u8>>,
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn packed(out: &mut Vec<u8>, field: u64, values: impl Iterator<Item = u64>) {
    let mut inner = Vec::new();
    values.for_each(|v| varint(&mut inner, v));
    bytes(out, field, &inner);
}

fn deltas(values: &[i64]) -> impl Iterator<Item = u64> {
    let before = std::iter::once(0).chain(values.iter().copied());
    values.iter().zip(before).map(|(v, b)| zigzag(v - b))
}

fn blob(file: &mut Vec<u8>, kind: &str, content: &[u8]) {
    let (mut body, mut header) = (Vec::new(), Vec::new());
    bytes(&mut body, 1, content);
    bytes(&mut header, 1, kind.as_bytes());
    number(&mut header, 3, body.len() as u64);
    file.extend_from_slice(&(header.len() as u32).to_be_bytes());
    file.extend_from_slice(&header);
    file.extend_from_slice(&body);
}

impl PbfFile {
    fn string(&mut self, text: &str) -> u64 {
        if self.strings.is_empty() {
            self.strings.push(String::new());
        }
        if let Some(known) = self.strings.iter().position(|s| s == text) {
            return known as u64;
        }
        self.strings.push(text.to_owned());
        self.strings.len() as u64 - 1
    }

    /// Tags as `key=value key=value`.
    fn tags(&mut self, out: &mut Vec<u8>, tags: &str) {
        let pairs: Vec<(u64, u64)> = tags
            .split_whitespace()
            .map(|t| t.split_once('=').unwrap())
            .map(|(k, v)| (self.string(k), self.string(v)))
            .collect();
        packed(out, 2, pairs.iter().map(|p| p.0));
        packed(out, 3, pairs.iter().map(|p| p.1));
    }

    fn group(&mut self, field: u64, object: &[u8]) {
        let mut group = Vec::new();
        bytes(&mut group, field, object);
        self.groups.push(group);
    }

    /// A point, in metres from the corner of drawn maps.
    pub(crate) fn node(&mut self, id: i64, east_m: f64, south_m: f64, tags: &str) {
        let at = super::drawn::place(east_m, south_m);
        let mut node = Vec::new();
        number(&mut node, 1, zigzag(id));
        self.tags(&mut node, tags);
        number(&mut node, 8, zigzag(i64::from(at.lat_e7())));
        number(&mut node, 9, zigzag(i64::from(at.lon_e7())));
        self.group(1, &node);
    }

    pub(crate) fn way(&mut self, id: i64, refs: &[i64], tags: &str) {
        let mut way = Vec::new();
        number(&mut way, 1, id as u64);
        self.tags(&mut way, tags);
        packed(&mut way, 8, deltas(refs));
        self.group(3, &way);
    }

    /// Members as `way 3 from, node 4 via`.
    pub(crate) fn relation(&mut self, id: i64, members: &str, tags: &str) {
        let mut relation = Vec::new();
        number(&mut relation, 1, id as u64);
        self.tags(&mut relation, tags);
        let parsed: Vec<(u64, i64, u64)> = members
            .split(',')
            .map(|m| {
                let [kind, id, role] = m.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{m}") };
                let kind = ["node", "way", "relation"].iter().position(|&k| k == kind).unwrap() as u64;
                (self.string(role), id.parse().unwrap(), kind)
            })
            .collect();
        packed(&mut relation, 8, parsed.iter().map(|m| m.0));
        packed(&mut relation, 9, deltas(&parsed.iter().map(|m| m.1).collect::<Vec<_>>()));
        packed(&mut relation, 10, parsed.iter().map(|m| m.2));
        self.group(4, &relation);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.string("");
        let mut header = Vec::new();
        bytes(&mut header, 4, b"OsmSchema-V0.6");
        let (mut table, mut block) = (Vec::new(), Vec::new());
        for text in &self.strings {
            bytes(&mut table, 1, text.as_bytes());
        }
        bytes(&mut block, 1, &table);
        for group in &self.groups {
            bytes(&mut block, 2, group);
        }
        let mut file = Vec::new();
        blob(&mut file, "OSMHeader", &header);
        blob(&mut file, "OSMData", &block);
        file
    }
}

/// A square of streets around a crossing, with whatever restrictions are given; used by several tests.
///
/// ```text
/// 1 --10-- 2 --11-- 3
/// |        |        |
/// 17      12       13
/// |        |        |
/// 4 --14-- 5 --15-- 6
/// ```
pub(crate) fn square(extra: impl FnOnce(&mut PbfFile)) -> Vec<u8> {
    let mut file = PbfFile::default();
    for (id, east, south) in [(1, 0, 0), (2, 200, 0), (3, 400, 0), (4, 0, 200), (5, 200, 200), (6, 400, 200)] {
        file.node(id, f64::from(east), f64::from(south), if id == 2 { "highway=traffic_signals" } else { "" });
    }
    // A bend in the middle of way 12: not a junction.
    file.node(7, 200.0, 100.0, "highway=crossing");
    for (id, refs) in [(10, vec![1, 2]), (11, vec![2, 3]), (12, vec![2, 7, 5]), (13, vec![3, 6])] {
        let mut tags = String::from("highway=residential");
        let _ = write!(tags, " name=street{id}");
        file.way(id, &refs, &tags);
    }
    for (id, refs) in [(14, [4, 5]), (15, [5, 6]), (17, [1, 4])] {
        file.way(id, &refs, "highway=residential");
    }
    extra(&mut file);
    file.finish()
}
