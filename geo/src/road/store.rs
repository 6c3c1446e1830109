//! Owns the graph file: a whole map with its graphs as little-endian arrays that load in one read. Cheap things (adjacency,
//! the snap index) are made anew on loading. Not a format for exchange: another version is refused, import again.
//!
//! Layout: magic, version, length of the body, checksum of the body; then the body's sections in a fixed order. Invariants:
//! no length is believed before it is known to fit the file, every index is checked before a graph is made of it, so a
//! foreign, cut or changed file is an error and nothing else; a file is written beside the old one and renamed, so a crash
//! leaves the old one.

use super::Profile;
use super::bytes::{Malformed, Reader, Writer};
use super::data::{Access, Area, AreaKind, Label, LabelKind, MapData, RoadClass, Way};
use super::graph::{EDGE_MS_MAX, Edge, Graph, GraphParts};
use super::hierarchy::NodeOrder;
use super::map::{AT_HAND, RoadMap};
use super::marks::Mark;
use super::restriction::Restriction;
use super::subway::Subway;
use crate::position::Bounds;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Ends in bytes that a text-mode copy would change.
const MAGIC: [u8; 8] = *b"DHMAP\r\n\x1a";

/// Raised with every change of the layout.
const VERSION: u32 = 3;

const HEADER_BYTES: usize = 8 + 4 + 8 + 8;

/// Larger files are not read; Seoul takes about 12 MB.
const BODY_BYTES_MAX: u64 = 4 << 30;

/// Why a graph file was not read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum MapFileError {
    /// The file could not be opened, read or written.
    Io(io::Error),
    /// It does not begin like a graph file.
    NotAMap,
    /// Written by another version of this program: import the map again.
    WrongVersion {
        /// Version in the file.
        found: u32,
    },
    /// Shorter or longer than its header says.
    WrongLength {
        /// Bytes the header announces.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The checksum does not fit the contents.
    Changed,
    /// A part contradicts itself; its name.
    Damaged(&'static str),
}

impl fmt::Display for MapFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "graph file: {e}"),
            Self::NotAMap => f.write_str("not a graph file; make one with import-map"),
            Self::WrongVersion { found } => {
                write!(f, "graph file has version {found}, this program reads {VERSION}; import the map again")
            }
            Self::WrongLength { expected, found } => {
                write!(f, "graph file is {found} bytes long but should be {expected}; it was cut off or appended to")
            }
            Self::Changed => f.write_str("graph file was changed after it was written: checksum differs"),
            Self::Damaged(part) => write!(f, "graph file is damaged in its {part}"),
        }
    }
}

impl std::error::Error for MapFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            _ => None,
        }
    }
}

impl From<io::Error> for MapFileError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl RoadMap {
    /// Writes the map to `path`, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), MapFileError> {
        let mut body = Writer::default();
        write_data(&mut body, &self.data);
        for profile in AT_HAND {
            write_graph(&mut body, self.graph(profile).parts());
            body.u32s(self.order(profile).as_slice().iter().copied());
        }
        let body = body.into_bytes();
        let beside = partial_path(path);
        let written = (|| {
            let mut file = File::create(&beside)?;
            file.write_all(&MAGIC)?;
            file.write_all(&VERSION.to_le_bytes())?;
            file.write_all(&(body.len() as u64).to_le_bytes())?;
            file.write_all(&checksum(&body).to_le_bytes())?;
            file.write_all(&body)?;
            file.sync_all()?;
            std::fs::rename(&beside, path)
        })();
        if written.is_err() {
            // The first error is the one to tell; a leftover is harmless and overwritten next time.
            let _ = std::fs::remove_file(&beside);
        }
        Ok(written?)
    }

    /// Whether the file is a whole map of this version: header, length and checksum, without making a map of it.
    pub fn check(path: &Path) -> Result<(), MapFileError> {
        let (body, sum) = read_file(path)?;
        if checksum(&body) == sum { Ok(()) } else { Err(MapFileError::Changed) }
    }

    /// Reads what [`RoadMap::save`] wrote.
    pub fn load(path: &Path) -> Result<Self, MapFileError> {
        let (body, sum) = read_file(path)?;
        checked_body(&body, sum)
    }

    /// Like [`RoadMap::load`], of a file that is in memory.
    pub fn from_bytes(file: &[u8]) -> Result<Self, MapFileError> {
        if !file.starts_with(&MAGIC) {
            return Err(MapFileError::NotAMap);
        }
        let found = file.len() as u64;
        let Some((header, body)) = file.split_first_chunk::<HEADER_BYTES>() else {
            return Err(MapFileError::WrongLength { expected: HEADER_BYTES as u64, found });
        };
        let (_, sum) = body_of(header, found)?;
        checked_body(body, sum)
    }

    /// Only the body of a file, without the checksum: what a fuzzer reads, since no change of bytes gets past a checksum.
    #[doc(hidden)]
    pub fn from_unchecked_body(body: &[u8]) -> Result<Self, MapFileError> {
        read_body(body)
    }
}

/// The body of a file and the checksum it should have; header and length fit.
fn read_file(path: &Path) -> Result<(Vec<u8>, u64), MapFileError> {
    let mut file = File::open(path)?;
    let found = file.metadata()?.len();
    let mut header = [0; HEADER_BYTES];
    let got = read_up_to(&mut file, &mut header)?;
    if got < MAGIC.len() || header[..8] != MAGIC {
        return Err(MapFileError::NotAMap);
    }
    if got < HEADER_BYTES {
        return Err(MapFileError::WrongLength { expected: HEADER_BYTES as u64, found });
    }
    let (length, sum) = body_of(&header, found)?;
    let mut body = Vec::with_capacity(length as usize);
    file.take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        return Err(MapFileError::WrongLength { expected: found, found: (body.len() + HEADER_BYTES) as u64 });
    }
    Ok((body, sum))
}

/// Length and checksum of the body, from a header that begins as it should and a file of `found` bytes.
fn body_of(header: &[u8; HEADER_BYTES], found: u64) -> Result<(u64, u64), MapFileError> {
    let mut fields = Reader::new(&header[8..]);
    let (Ok(version), Ok(length), Ok(sum)) = (fields.u32(), fields.u64(), fields.u64()) else {
        return Err(MapFileError::Damaged("header"));
    };
    if version != VERSION {
        return Err(MapFileError::WrongVersion { found: version });
    }
    let expected = length.saturating_add(HEADER_BYTES as u64);
    if found != expected || length > BODY_BYTES_MAX {
        return Err(MapFileError::WrongLength { expected, found });
    }
    Ok((length, sum))
}

fn checked_body(body: &[u8], sum: u64) -> Result<RoadMap, MapFileError> {
    if checksum(body) == sum { read_body(body) } else { Err(MapFileError::Changed) }
}

fn read_body(body: &[u8]) -> Result<RoadMap, MapFileError> {
    let mut r = Reader::new(body);
    let data = read_data(&mut r)?;
    let [walk, drive] = AT_HAND;
    let (walk, walk_order) = read_graph(&mut r, walk, &data)?;
    let (drive, drive_order) = read_graph(&mut r, drive, &data)?;
    if !r.is_at_end() {
        return Err(MapFileError::Damaged("end"));
    }
    let map = RoadMap::of(data, [walk, drive]);
    Ok(map.with_order(Profile::Walk, walk_order).with_order(Profile::Drive, drive_order))
}

fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

fn read_up_to(file: &mut File, into: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match file.read(&mut into[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}

/// Against accidents, not against attackers: words mixed by multiplication and rotation, the length last.
fn checksum(bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut chunks = bytes.chunks_exact(8);
    let mix = |sum: u64, word: [u8; 8]| (sum ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER).rotate_left(29);
    let mut sum = chunks.by_ref().fold(0, |sum, c| mix(sum, [c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]));
    let mut rest = [0; 8];
    rest[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    sum = mix(sum, rest);
    mix(sum, (bytes.len() as u64).to_le_bytes())
}

fn write_data(w: &mut Writer, d: &MapData) {
    w.text(&d.name);
    w.text(&d.attribution);
    w.u8s(&[u8::from(d.generated)]);
    for degrees in [d.bounds.west, d.bounds.south, d.bounds.east, d.bounds.north] {
        w.u64(degrees.to_bits());
    }
    w.positions(&d.nodes);
    w.u32s(d.ways.iter().map(|way| way.nodes.len() as u32));
    w.u32s(d.ways.iter().flat_map(|way| way.nodes.iter().copied()));
    w.u32s(d.ways.iter().map(|way| way.name));
    let packed = |way: &Way| {
        let flags = way.drive as u8 | (way.walk as u8) << 2 | (way.cycle as u8) << 4 | u8::from(way.bridge) << 6;
        u32::from_le_bytes([way.class as u8, flags, way.drive_kmh, way.walk_kmh_tenths])
    };
    w.u32s(d.ways.iter().map(packed));
    w.u8s(&d.ways.iter().map(|way| way.cycle_kmh_tenths).collect::<Vec<_>>());
    Mark::write_all(&d.marks, w);
    w.u32(d.restrictions.len() as u32);
    for restriction in &d.restrictions {
        restriction.write(w);
    }
    d.subway.write(w);
    w.u32(d.names.len() as u32);
    for name in &d.names {
        w.text(name);
    }
    w.u32(d.areas.len() as u32);
    for area in &d.areas {
        w.u32(area.kind as u32);
        w.u32(area.rings.len() as u32);
        for ring in &area.rings {
            w.positions(ring);
        }
    }
    w.u32(d.labels.len() as u32);
    for label in &d.labels {
        w.u32(label.kind as u32);
        w.text(&label.name);
        w.text(&label.name_en);
        w.positions(&[label.at]);
    }
}

fn read_data(r: &mut Reader<'_>) -> Result<MapData, MapFileError> {
    let part = |name| move |_| MapFileError::Damaged(name);
    let name = r.text().map_err(part("name"))?;
    let attribution = r.text().map_err(part("attribution"))?;
    let generated = r.u8s().map_err(part("kind"))? == [1];
    let mut edges = [0.0; 4];
    for degrees in &mut edges {
        *degrees = f64::from_bits(r.u64().map_err(part("bounds"))?);
    }
    let [west, south, east, north] = edges;
    if !edges.iter().all(|d| d.is_finite()) || west > east || south > north {
        return Err(MapFileError::Damaged("bounds"));
    }
    let nodes = r.positions().map_err(part("points"))?;
    let ways = read_ways(r, nodes.len()).ok_or(MapFileError::Damaged("ways"))?;
    let marks = Mark::read_all(r, nodes.len()).map_err(part("crossings"))?;
    let restrictions = read_restrictions(r).map_err(part("restrictions"))?;
    let subway = Subway::read(r).map_err(part("subway"))?;
    let names = (0..r.count(4).map_err(part("names"))?).map(|_| r.text()).collect::<Result<Vec<_>, _>>();
    let names = names.map_err(part("names"))?;
    if ways.iter().any(|w| w.name != Way::NO_NAME && w.name as usize >= names.len()) {
        return Err(MapFileError::Damaged("names"));
    }
    let areas = read_areas(r).ok_or(MapFileError::Damaged("areas"))?;
    let labels = read_labels(r).ok_or(MapFileError::Damaged("labels"))?;
    let data = MapData {
        name,
        attribution,
        generated,
        bounds: Bounds { west, south, east, north },
        nodes,
        ways,
        marks,
        restrictions,
        subway,
        names,
        areas,
        labels,
    };
    if data.restrictions.iter().all(|r| r.fits(&data)) { Ok(data) } else { Err(MapFileError::Damaged("restrictions")) }
}

fn read_restrictions(r: &mut Reader<'_>) -> Result<Vec<Restriction>, Malformed> {
    (0..r.count(Restriction::BYTES_MIN)?).map(|_| Restriction::read(r)).collect()
}

fn read_ways(r: &mut Reader<'_>, node_count: usize) -> Option<Vec<Way>> {
    let lengths = r.u32s().ok()?;
    let nodes = r.u32s().ok()?;
    let names = r.u32s().ok()?;
    let packed = r.u32s().ok()?;
    let cycle_speeds = r.u8s().ok()?;
    if names.len() != lengths.len()
        || packed.len() != lengths.len()
        || cycle_speeds.len() != lengths.len()
        || nodes.iter().any(|&n| n as usize >= node_count)
    {
        return None;
    }
    let mut rest = nodes.as_slice();
    let mut ways = Vec::with_capacity(lengths.len());
    for (((&length, &name), &packed), &cycle_kmh_tenths) in lengths.iter().zip(&names).zip(&packed).zip(cycle_speeds) {
        let (own, others) = rest.split_at_checked(length as usize).filter(|(own, _)| own.len() >= 2)?;
        rest = others;
        let [class, flags, drive_kmh, walk_kmh_tenths] = packed.to_le_bytes();
        ways.push(Way {
            nodes: own.to_vec(),
            class: road_class(class)?,
            name,
            drive: Access::from_rights(flags & 1 != 0, flags & 2 != 0),
            walk: Access::from_rights(flags & 4 != 0, flags & 8 != 0),
            cycle: Access::from_rights(flags & 16 != 0, flags & 32 != 0),
            drive_kmh,
            walk_kmh_tenths,
            cycle_kmh_tenths,
            bridge: flags & 64 != 0,
        });
    }
    rest.is_empty().then_some(ways)
}

fn road_class(n: u8) -> Option<RoadClass> {
    use RoadClass::{Motorway, Path, Primary, Residential, Secondary, Tertiary};
    [Motorway, Primary, Secondary, Tertiary, Residential, Path].into_iter().find(|&c| c as u8 == n)
}

fn read_areas(r: &mut Reader<'_>) -> Option<Vec<Area>> {
    let mut areas = Vec::new();
    for _ in 0..r.count(8).ok()? {
        let kind = match r.u32().ok()? {
            0 => AreaKind::Water,
            1 => AreaKind::Green,
            _ => return None,
        };
        let rings = (0..r.count(4).ok()?).map(|_| r.positions().ok()).collect::<Option<Vec<_>>>()?;
        areas.push(Area { kind, rings });
    }
    Some(areas)
}

fn read_labels(r: &mut Reader<'_>) -> Option<Vec<Label>> {
    let mut labels = Vec::new();
    for _ in 0..r.count(12).ok()? {
        let kind = match r.u32().ok()? {
            0 => LabelKind::District,
            1 => LabelKind::Station,
            2 => LabelKind::Park,
            _ => return None,
        };
        let (name, name_en) = (r.text().ok()?, r.text().ok()?);
        let &[at] = r.positions().ok()?.as_slice() else { return None };
        labels.push(Label { kind, name, name_en, at });
    }
    Some(labels)
}

fn write_graph(w: &mut Writer, g: &GraphParts) {
    w.positions(&g.nodes);
    w.u32s(g.edges.iter().map(|e| e.start));
    w.u32s(g.edges.iter().map(|e| e.end));
    w.u32s(g.edges.iter().map(|e| e.ms));
    w.u32s(g.edges.iter().map(|e| e.length_m.to_bits()));
    w.u32s(g.edges.iter().map(|e| e.way));
    w.u32s(g.edges.iter().map(|e| e.nth));
    w.u32s(g.edges.iter().map(|e| e.first_point));
    w.u8s(&g.edges.iter().map(|e| u8::from(e.forward) | u8::from(e.backward) << 1).collect::<Vec<_>>());
    w.positions(&g.points);
}

fn read_graph(r: &mut Reader<'_>, profile: Profile, data: &MapData) -> Result<(Graph, NodeOrder), MapFileError> {
    let part = match profile {
        Profile::Walk | Profile::Transit => "walking graph",
        Profile::Drive => "driving graph",
        Profile::Cycle => "cycling graph",
    };
    let parts = read_parts(r).filter(|p| holds_together(p, &data.ways)).ok_or(MapFileError::Damaged(part))?;
    let graph = Graph::from_parts(profile, parts);
    let order = r.u32s().ok().and_then(|order| NodeOrder::kept(&graph, order).ok());
    Ok((graph, order.ok_or(MapFileError::Damaged("contraction order"))?))
}

fn read_parts(r: &mut Reader<'_>) -> Option<GraphParts> {
    let nodes = r.positions().ok()?;
    let columns = (0..7).map(|_| r.u32s().ok()).collect::<Option<Vec<_>>>()?;
    let rights = r.u8s().ok()?;
    let points = r.positions().ok()?;
    if columns.iter().any(|c| c.len() != rights.len()) {
        return None;
    }
    let edge = |i: usize| Edge {
        start: columns[0][i],
        end: columns[1][i],
        ms: columns[2][i],
        length_m: f32::from_bits(columns[3][i]),
        way: columns[4][i],
        nth: columns[5][i],
        first_point: columns[6][i],
        forward: rights[i] & 1 != 0,
        backward: rights[i] & 2 != 0,
    };
    Some(GraphParts { nodes, edges: (0..rights.len()).map(edge).collect(), points })
}

/// The invariants of `graph` that later code indexes by.
fn holds_together(parts: &GraphParts, ways: &[Way]) -> bool {
    let node_count = parts.nodes.len();
    let edge_is_sound = |e: &Edge| {
        (e.start as usize) < node_count
            && (e.end as usize) < node_count
            && (1..=EDGE_MS_MAX).contains(&e.ms)
            && e.length_m.is_finite()
            && e.length_m >= 0.0
            && (e.forward || e.backward)
    };
    let ends = parts.edges.iter().skip(1).map(|e| e.first_point as usize).chain([parts.points.len()]);
    let begins_at_first = parts.edges.first().map_or(parts.points.is_empty(), |e| e.first_point == 0);
    begins_at_first
        && parts.edges.iter().all(edge_is_sound)
        && parts.edges.is_sorted_by_key(|e| (e.way, e.nth))
        && parts.edges.iter().zip(ends).all(|(e, end)| {
            let points = end.saturating_sub(e.first_point as usize);
            points >= 2 && ways.get(e.way as usize).is_some_and(|w| e.nth as usize + points <= w.nodes.len())
        })
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
