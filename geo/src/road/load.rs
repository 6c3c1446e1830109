//! Owns the reading of [`MapData`] from OpenStreetMap PBF files. Knows the order of such files, not the bytes (`pbf`) nor the
//! meaning of tags (`tags`); what was read is put together in `assemble`.
//!
//! Three passes, because a file lists points before ways and ways before relations, and only what a later kind names is
//! kept of an earlier one: (1) relations and tagged ways, (2) ways that area relations name, (3) points. Blocks without
//! the kind a pass wants are not decoded again.

mod assemble;

use super::barriers;
use super::data::{AreaKind, Label, LabelKind, MapData, Way};
use super::marks::MarkKind;
use super::pbf::{Holds, LoadError, Progress, Source, for_each_block};
use super::relations::{self, RawRestriction, Said};
use super::report::ImportReport;
use super::restriction::Profiles;
use super::tags::{Road, Tags};
use crate::position::{Bounds, Position};
use osmpbf::{RelMemberType, elements::Element};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Points a map may hold; a country has some tens of millions.
pub const NODES_MAX: usize = 200_000_000;

/// Reads one or more files as one map; objects they share are read once. `bounds` cuts roads to a box. `progress` is called
/// for every block.
pub fn load(
    paths: &[&Path],
    bounds: Option<Bounds>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(MapData, ImportReport), LoadError> {
    let name = paths.first().and_then(|p| p.file_name()).map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let sources: Vec<Source<'_>> = paths.iter().map(|p| Source::File(p)).collect();
    read(&sources, name.split('.').next().unwrap_or("map"), bounds, progress)
}

/// Like [`load`], of a file that is in memory.
pub fn load_bytes(file: &[u8], bounds: Option<Bounds>) -> Result<(MapData, ImportReport), LoadError> {
    read(&[Source::Bytes(file)], "map", bounds, &mut |_| {})
}

fn read(
    sources: &[Source<'_>],
    name: &str,
    bounds: Option<Bounds>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(MapData, ImportReport), LoadError> {
    let mut import = Import { bounds, ..Import::default() };
    let mut sizes = Vec::new();
    for source in sources {
        sizes.push(source.len()?);
    }
    let total_bytes = sizes.iter().sum::<u64>() * 3;
    let mut before = 0;
    let mut holds: Vec<Vec<Holds>> = Vec::new();
    for pass in 0..3 {
        for (file, &source) in sources.iter().enumerate() {
            let at_byte = |b: u64| progress(Progress { done_bytes: before + b, total_bytes });
            match pass {
                0 => {
                    let mut held = Vec::new();
                    for_each_block(
                        source,
                        |_| true,
                        at_byte,
                        |_, block| {
                            held.push(import.take_ways_and_relations(block));
                            import.check_size()
                        },
                    )?;
                    holds.push(held);
                }
                1 => for_each_block(
                    source,
                    |b| import_wants(&holds[file], b, |h| h.ways),
                    at_byte,
                    |_, block| {
                        import.take_members(block);
                        Ok(())
                    },
                )?,
                _ => {
                    import.nodes.prepare();
                    for_each_block(
                        source,
                        |b| import_wants(&holds[file], b, |h| h.nodes),
                        at_byte,
                        |_, block| {
                            import.take_nodes(block);
                            Ok(())
                        },
                    )?;
                }
            }
            before += sizes[file];
        }
    }
    progress(Progress { done_bytes: total_bytes, total_bytes });
    import.finish(name.to_owned())
}

fn import_wants(held: &[Holds], block: usize, which: impl Fn(&Holds) -> bool) -> bool {
    held.get(block).is_none_or(which)
}

/// A road as read: its points by their numbers in the file.
struct RawRoad {
    id: i64,
    road: Road,
    name: u32,
    refs: Vec<i64>,
}

/// An area that is one closed way.
struct RawArea {
    kind: AreaKind,
    park: Option<(String, String)>,
    refs: Vec<i64>,
}

/// An area made of several ways.
struct RawRelation {
    kind: AreaKind,
    park: Option<(String, String)>,
    outer: Vec<i64>,
    inner: Vec<i64>,
}

/// Points by their numbers: asked for first, then looked up while the points pass by.
#[derive(Default)]
struct Nodes {
    ids: Vec<i64>,
    at: Vec<Option<Position>>,
}

impl Nodes {
    fn want(&mut self, refs: &[i64]) {
        self.ids.extend_from_slice(refs);
    }

    fn prepare(&mut self) {
        if self.at.is_empty() {
            self.ids.sort_unstable();
            self.ids.dedup();
            self.ids.shrink_to_fit();
            self.at = vec![None; self.ids.len()];
        }
    }

    fn put(&mut self, id: i64, at: Position) {
        if let Ok(i) = self.ids.binary_search(&id) {
            self.at[i] = Some(at);
        }
    }

    fn slot(&self, id: i64) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    fn get(&self, id: i64) -> Option<Position> {
        self.slot(id).and_then(|i| self.at[i])
    }
}

#[derive(Default)]
struct Import {
    bounds: Option<Bounds>,
    report: ImportReport,
    nodes: Nodes,
    roads: Vec<RawRoad>,
    areas: Vec<RawArea>,
    relations: Vec<RawRelation>,
    seen: HashSet<i64>,
    seen_relations: HashSet<i64>,
    restrictions: Vec<RawRestriction>,
    marks: HashMap<i64, MarkKind>,
    /// Whom they stop.
    barriers: HashMap<i64, Profiles>,
    /// Member ways of area relations, by number; empty until found.
    members: HashMap<i64, Vec<i64>>,
    names: Vec<String>,
    name_of: HashMap<String, u32>,
    labels: Vec<Label>,
}

impl Import {
    fn check_size(&self) -> Result<(), LoadError> {
        if self.nodes.ids.len() > 2 * NODES_MAX { Err(LoadError::TooLarge) } else { Ok(()) }
    }

    fn take_ways_and_relations(&mut self, block: &osmpbf::PrimitiveBlock) -> Holds {
        let mut holds = Holds::default();
        for group in block.groups() {
            holds.nodes |= group.nodes().next().is_some() || group.dense_nodes().next().is_some();
            for way in group.ways() {
                holds.ways = true;
                self.take_way(&way);
            }
            for relation in group.relations() {
                self.take_relation(&relation);
            }
        }
        holds
    }

    fn take_way(&mut self, way: &osmpbf::Way<'_>) {
        let tags = Tags::read(way.tags());
        let area = tags.area();
        if tags.highway.is_none() && area.is_none() {
            return;
        }
        if !self.seen.insert(way.id()) {
            self.report.duplicate_ways += 1;
            return;
        }
        let refs: Vec<i64> = way.refs().collect();
        if let Some(road) = tags.road() {
            self.nodes.want(&refs);
            let name = tags.name.map_or(Way::NO_NAME, |n| self.name(n));
            self.roads.push(RawRoad { id: way.id(), road, name, refs });
        } else if let (Some(kind), [first, _, .., last]) = (area, refs.as_slice())
            && first == last
        {
            self.nodes.want(&refs);
            self.areas.push(RawArea { kind, park: park_name(&tags), refs });
        } else if let Some(class) = tags.highway {
            self.report.unknown_class(class);
        }
    }

    fn take_relation(&mut self, relation: &osmpbf::Relation<'_>) {
        let tags = Tags::read(relation.tags());
        if tags.kind == Some("restriction") {
            self.take_restriction(relation);
            return;
        }
        let (Some("multipolygon"), Some(kind)) = (tags.kind, tags.area()) else { return };
        if !self.seen_relations.insert(relation.id()) {
            return;
        }
        let mut raw = RawRelation { kind, park: park_name(&tags), outer: Vec::new(), inner: Vec::new() };
        for member in relation.members().filter(|m| m.member_type == RelMemberType::Way) {
            let inner = matches!(member.role(), Ok("inner"));
            if inner { &mut raw.inner } else { &mut raw.outer }.push(member.member_id);
            self.members.entry(member.member_id).or_default();
        }
        self.relations.push(raw);
    }

    fn take_restriction(&mut self, relation: &osmpbf::Relation<'_>) {
        let (no, only) = match relations::read(relation.tags()) {
            Said::Rules { no, only } => (no, only),
            said => {
                self.report.restriction_ignored(&said);
                return;
            }
        };
        if !self.seen_relations.insert(relation.id()) {
            return;
        }
        let mut raw = RawRestriction { no, only, ..RawRestriction::default() };
        for member in relation.members() {
            let list = match (member.role(), member.member_type) {
                (Ok("from"), RelMemberType::Way) => &mut raw.from,
                (Ok("to"), RelMemberType::Way) => &mut raw.to,
                (Ok("via"), RelMemberType::Way) => &mut raw.via_ways,
                (Ok("via"), RelMemberType::Node) => &mut raw.via_points,
                // Hints for drawing, and what nobody knows the meaning of.
                _ => continue,
            };
            list.push(member.member_id);
        }
        self.restrictions.push(raw);
    }

    fn take_members(&mut self, block: &osmpbf::PrimitiveBlock) {
        for way in block.groups().flat_map(|g| g.ways()) {
            if let Some(refs) = self.members.get_mut(&way.id()) {
                *refs = way.refs().collect();
                self.nodes.want(refs);
            }
        }
    }

    fn take_nodes(&mut self, block: &osmpbf::PrimitiveBlock) {
        for element in block.elements() {
            match element {
                Element::DenseNode(n) => self.take_node(n.id(), n.nano_lat(), n.nano_lon(), &Tags::read(n.tags())),
                Element::Node(n) => self.take_node(n.id(), n.nano_lat(), n.nano_lon(), &Tags::read(n.tags())),
                _ => {}
            }
        }
    }

    fn take_node(&mut self, id: i64, nano_lat: i64, nano_lon: i64, tags: &Tags<'_>) {
        let e7 = |nano: i64| i32::try_from(nano / 100).ok();
        let at = e7(nano_lat).zip(e7(nano_lon)).and_then(|(lat, lon)| Position::from_e7(lat, lon).ok());
        let Some(at) = at else {
            self.report.impossible_nodes += 1;
            return;
        };
        self.nodes.put(id, at);
        if let Some(kind) = tags.mark() {
            self.marks.insert(id, kind);
        }
        let stopped = barriers::stopped_by(tags);
        if stopped != Profiles::NONE {
            self.barriers.insert(id, stopped);
        }
        if let (Some(kind), Some(name)) = (tags.label(), tags.name)
            && self.is_inside(at)
            && !self.labels.iter().any(|l| l.kind == kind && same_name(&l.name, name))
        {
            self.labels.push(label(kind, name, tags.name_en.unwrap_or_default(), at));
        }
    }

    fn is_inside(&self, at: Position) -> bool {
        self.bounds.is_none_or(|b| b.contains(at))
    }

    fn name(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.name_of.get(name) {
            return known;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.name_of.insert(name.to_owned(), number);
        number
    }
}

fn park_name(tags: &Tags<'_>) -> Option<(String, String)> {
    let name = tags.name.filter(|_| tags.is_park())?;
    Some((name.to_owned(), tags.name_en.unwrap_or_default().to_owned()))
}

fn label(kind: LabelKind, name: &str, name_en: &str, at: Position) -> Label {
    Label { kind, name: name.to_owned(), name_en: name_en.to_owned(), at }
}

/// Station names are written with and without the word for station.
fn same_name(a: &str, b: &str) -> bool {
    let bare = |s: &str| s.trim().trim_end_matches('역').to_owned();
    bare(a) == bare(b)
}

#[cfg(test)]
#[path = "load_tests.rs"]
pub(crate) mod tests;
