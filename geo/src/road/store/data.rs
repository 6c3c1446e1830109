//! Owns how a map as read or generated is written and read back: streets, areas, labels, the subway, as one section. It is
//! made of texts and short lists and is therefore read into memory, not mapped.

use super::MapFileError;
use crate::position::Bounds;
use crate::road::bytes::{Malformed, Reader, Writer};
use crate::road::data::{Access, Area, AreaKind, Label, LabelKind, MapData, RoadClass, Way};
use crate::road::marks::Mark;
use crate::road::restriction::Restriction;
use crate::road::subway::Subway;

pub(super) fn write(w: &mut Writer, d: &MapData) {
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
        let flags = way.drive as u8
            | (way.walk as u8) << 2
            | (way.cycle as u8) << 4
            | u8::from(way.bridge) << 6
            | u8::from(way.tunnel) << 7;
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

pub(super) fn read(r: &mut Reader<'_>) -> Result<MapData, MapFileError> {
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
            tunnel: flags & 128 != 0,
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
