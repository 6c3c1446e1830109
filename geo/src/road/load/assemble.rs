//! Owns the putting together of a map from what the passes over its files left: roads with points numbered from 0, lights,
//! restrictions, areas, labels. Reads nothing.

use super::{Import, NODES_MAX, same_name};
use crate::position::{Bounds, Position};
use crate::road::Profile;
use crate::road::barriers::{self, Standing};
use crate::road::data::{Access, Area, AreaKind, Label, LabelKind, MapData, Way};
use crate::road::marks::Mark;
use crate::road::pbf::LoadError;
use crate::road::relations::{self, Members, Unkept};
use crate::road::report::ImportReport;
use crate::road::restriction::{Profiles, Restriction};
use crate::road::rings::{join, middle_and_size, with_holes};
use crate::road::subway::Subway;
use crate::road::tags::Road;
use crate::{district, station};
use std::collections::HashMap;

/// Parks from this size on get their name on the map, square metres.
const PARK_LABEL_M2_MIN: f64 = 30_000.0;

const ATTRIBUTION: &str = "© OpenStreetMap contributors";

/// The number of a point that no road of the map uses.
const UNUSED: u32 = u32::MAX;

/// Roads, and what led to them.
struct Roads {
    nodes: Vec<Position>,
    ways: Vec<Way>,
    /// Of each wanted point, its number in `nodes`.
    number: Vec<u32>,
    /// Of each way that a restriction names, what became of it.
    pieces: HashMap<i64, Vec<u32>>,
}

fn way(nodes: Vec<u32>, name: u32, road: Road) -> Way {
    let Road { class, drive, walk, cycle, drive_kmh, walk_kmh_tenths, cycle_kmh_tenths, bridge, tunnel } = road;
    Way { nodes, class, name, drive, walk, cycle, drive_kmh, walk_kmh_tenths, cycle_kmh_tenths, bridge, tunnel }
}

impl Import {
    pub(super) fn finish(mut self, name: String) -> Result<(MapData, ImportReport), LoadError> {
        let Roads { nodes, ways, number, pieces } = self.finish_roads();
        if !ways.iter().any(|w| [w.drive, w.walk, w.cycle].iter().any(|&a| a != Access::No)) {
            return Err(LoadError::NoRoads);
        }
        if nodes.len() > NODES_MAX {
            return Err(LoadError::TooLarge);
        }
        let bounds = Bounds::around(nodes.iter().copied()).ok_or(LoadError::NoRoads)?;
        let marks = self.finish_marks(&number);
        let restrictions = self.finish_restrictions(&ways, &number, &pieces);
        let areas = self.finish_areas();
        self.report.labels = self.labels.len() as u64;
        self.add_labels(&bounds);
        self.report.road_nodes = nodes.len() as u64;
        self.report.roads = ways.len() as u64;
        self.report.areas = areas.len() as u64;
        let data = MapData {
            name,
            attribution: ATTRIBUTION.to_owned(),
            generated: false,
            bounds,
            nodes,
            ways,
            marks,
            restrictions,
            subway: Subway::default(),
            names: self.names,
            areas,
            labels: self.labels,
        };
        Ok((data, self.report))
    }

    /// Roads with points numbered from 0, cut where a point is missing or outside the box: a straight line over the gap
    /// would be a street that does not exist.
    fn finish_roads(&mut self) -> Roads {
        let mut number = vec![UNUSED; self.nodes.ids.len()];
        let mut nodes = Vec::new();
        let mut ways = Vec::new();
        let raw = self.restrictions.iter();
        let named = raw.flat_map(|r| r.from.iter().chain(&r.via_ways).chain(&r.to).map(|&id| (id, Vec::new())));
        let mut pieces_of: HashMap<i64, Vec<u32>> = named.collect();
        let barriers = self.standing_barriers();
        let mut stopped = HashMap::new();
        for raw in std::mem::take(&mut self.roads) {
            let mut pieces: Vec<Vec<u32>> = vec![Vec::new()];
            let (mut missing, mut outside) = (0, 0);
            for id in &raw.refs {
                let known = self.nodes.slot(*id).and_then(|i| self.nodes.at[i].map(|at| (i, at)));
                let Some((slot, at)) = known.filter(|&(_, at)| self.is_inside(at)) else {
                    if known.is_some() {
                        outside += 1;
                    } else {
                        missing += 1;
                    }
                    pieces.push(Vec::new());
                    continue;
                };
                if number[slot] == UNUSED {
                    number[slot] = nodes.len() as u32;
                    stopped.extend(barriers.get(id).map(|&by| (number[slot], by)));
                    nodes.push(at);
                }
                if let Some(piece) = pieces.last_mut() {
                    piece.push(number[slot]);
                }
            }
            pieces.retain(|p| !p.is_empty());
            self.report.missing_nodes += missing;
            if outside == raw.refs.len() {
                self.report.ways_outside += 1;
                continue;
            }
            self.report.ways_cut += u64::from(pieces.len() > 1);
            for piece in pieces {
                if piece.len() < 2 {
                    self.report.ways_too_short += 1;
                    continue;
                }
                for (piece, closed_to) in barriers::cut(&piece, &stopped, &mut nodes) {
                    if let Some(pieces) = pieces_of.get_mut(&raw.id) {
                        pieces.push(ways.len() as u32);
                    }
                    let mut way = way(piece, raw.name, raw.road);
                    barriers::close(&mut way, closed_to);
                    self.report.roads_closed += u64::from([way.drive, way.walk, way.cycle] == [Access::No; 3]);
                    ways.push(way);
                }
            }
        }
        nodes.shrink_to_fit();
        Roads { nodes, ways, number, pieces: pieces_of }
    }

    /// Whom the barriers in roads stop, by their points' numbers in the file.
    fn standing_barriers(&mut self) -> HashMap<i64, Profiles> {
        let roads = self.roads.iter().map(|r| (&r.road, &r.refs[..]));
        let standing = Standing::of(&std::mem::take(&mut self.barriers), roads);
        self.report.barriers = standing.stopped.len() as u64;
        self.report.barriers_to_cars = standing.stopping(Profile::Drive);
        self.report.barriers_unclear = standing.unclear;
        standing.stopped
    }

    /// The number of a point of the file within the map.
    fn number_of(&self, number: &[u32], id: i64) -> Option<u32> {
        self.nodes.slot(id).map(|slot| number[slot]).filter(|&n| n != UNUSED)
    }

    fn finish_marks(&mut self, number: &[u32]) -> Vec<Mark> {
        let raw = std::mem::take(&mut self.marks);
        let known = raw.into_iter().filter_map(|(id, kind)| Some(Mark { node: self.number_of(number, id)?, kind }));
        let mut marks: Vec<Mark> = known.collect();
        marks.sort_unstable_by_key(|m| m.node);
        self.report.marks = marks.len() as u64;
        marks
    }

    fn finish_restrictions(
        &mut self,
        ways: &[Way],
        number: &[u32],
        pieces: &HashMap<i64, Vec<u32>>,
    ) -> Vec<Restriction> {
        let mut kept = Vec::new();
        for raw in std::mem::take(&mut self.restrictions) {
            let of = |id: i64| {
                let indexes = pieces.get(&id).into_iter().flatten();
                indexes.map(|&w| (w, &ways[w as usize].nodes[..])).collect()
            };
            let members = Members { pieces: &of, point: &|id| self.number_of(number, id) };
            match relations::resolve(&raw, &members) {
                Ok(restrictions) => {
                    self.report.restrictions += 1;
                    kept.extend(restrictions);
                }
                Err(Unkept::Incomplete) => self.report.restrictions_incomplete += 1,
                Err(Unkept::Unclear) => self.report.restrictions_unclear += 1,
            }
        }
        kept
    }

    fn finish_areas(&mut self) -> Vec<Area> {
        let mut areas = Vec::new();
        for raw in std::mem::take(&mut self.areas) {
            let (ring, missing) = self.line(&raw.refs);
            self.report.missing_nodes += missing;
            self.add_outlines(raw.kind, raw.park, vec![ring], Vec::new(), &mut areas);
        }
        for raw in std::mem::take(&mut self.relations) {
            let outer = self.member_lines(&raw.outer);
            let inner = self.member_lines(&raw.inner);
            if outer.is_empty() {
                self.report.relations_without_members += 1;
                continue;
            }
            self.add_outlines(raw.kind, raw.park, outer, inner, &mut areas);
        }
        areas
    }

    fn line(&self, refs: &[i64]) -> (Vec<Position>, u64) {
        let line: Vec<Position> = refs.iter().filter_map(|&id| self.nodes.get(id)).collect();
        let missing = (refs.len() - line.len()) as u64;
        (line, missing)
    }

    fn member_lines(&mut self, members: &[i64]) -> Vec<Vec<Position>> {
        let mut lines = Vec::new();
        for id in members {
            let (line, missing) = self.members.get(id).map_or((Vec::new(), 0), |refs| self.line(refs));
            self.report.missing_nodes += missing;
            if line.len() < 2 {
                self.report.missing_members += 1;
            } else {
                lines.push(line);
            }
        }
        lines
    }

    fn add_outlines(
        &mut self,
        kind: AreaKind,
        park: Option<(String, String)>,
        outer: Vec<Vec<Position>>,
        inner: Vec<Vec<Position>>,
        areas: &mut Vec<Area>,
    ) {
        let (outlines, holes) = (join(outer), join(inner));
        self.report.outlines_closed += (outlines.gaps_closed + holes.gaps_closed) as u64;
        self.report.outlines_dropped += (outlines.dropped + holes.dropped) as u64;
        let (kept, outside): (Vec<_>, Vec<_>) = outlines.closed.into_iter().partition(|r| self.touches(r));
        self.report.areas_outside += outside.len() as u64;
        let largest = kept.iter().filter_map(|r| middle_and_size(r)).max_by(|a, b| a.1.total_cmp(&b.1));
        if let (Some((name, name_en)), Some((middle, size))) = (park, largest)
            && size >= PARK_LABEL_M2_MIN
        {
            self.labels.push(Label { kind: LabelKind::Park, name, name_en, at: middle });
        }
        areas.extend(with_holes(kind, kept, holes.closed));
    }

    /// Whether the ring's box meets the box asked for.
    fn touches(&self, ring: &[Position]) -> bool {
        let (Some(asked), Some(ring)) = (self.bounds, Bounds::around(ring.iter().copied())) else { return true };
        ring.west <= asked.east && ring.east >= asked.west && ring.south <= asked.north && ring.north >= asked.south
    }

    /// Seoul's districts and stations, where the files bring none of that name.
    fn add_labels(&mut self, bounds: &Bounds) {
        for added in district::labels_within(bounds).into_iter().chain(station::labels_within(bounds)) {
            if !self.labels.iter().any(|l| l.kind == added.kind && same_name(&l.name, &added.name)) {
                self.labels.push(added);
                self.report.labels_added += 1;
            }
        }
    }
}
