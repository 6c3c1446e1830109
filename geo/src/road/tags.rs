//! Owns what OpenStreetMap tags mean here: who may use a road, which way round, how fast; what is water and green; what is a
//! label. Pure: text in, values out. Turn restrictions, barriers and opening hours are not read.

use super::data::{Access, AreaKind, LabelKind, RoadClass};

/// The tags of one object that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tags<'a> {
    pub(super) highway: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) name_en: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    oneway: Option<&'a str>,
    junction: Option<&'a str>,
    access: Option<&'a str>,
    vehicle: Option<&'a str>,
    motor_vehicle: Option<&'a str>,
    motorcar: Option<&'a str>,
    motorroad: Option<&'a str>,
    foot: Option<&'a str>,
    maxspeed: Option<&'a str>,
    bridge: Option<&'a str>,
    natural: Option<&'a str>,
    waterway: Option<&'a str>,
    leisure: Option<&'a str>,
    landuse: Option<&'a str>,
    place: Option<&'a str>,
    railway: Option<&'a str>,
    station: Option<&'a str>,
}

/// A road as its tags describe it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Road {
    pub(super) class: RoadClass,
    pub(super) drive: Access,
    pub(super) walk: Access,
    pub(super) drive_kmh: u8,
    pub(super) walk_kmh_tenths: u8,
    pub(super) bridge: bool,
}

/// Walking speeds, tenths of km/h.
const WALK_KMH_TENTHS: u8 = 50;
const STEPS_KMH_TENTHS: u8 = 25;

/// Posted speeds are believed within these limits, km/h.
const KMH_MIN: f64 = 5.0;
const KMH_MAX: f64 = 130.0;

/// What a class of road is without further tags.
struct ClassDefaults {
    class: RoadClass,
    kmh: u8,
    drive: bool,
    walk: bool,
}

/// The speed table: usual free speeds in a Korean city, km/h. City streets are posted at 50, side streets at 30.
fn class_defaults(highway: &str) -> Option<ClassDefaults> {
    use RoadClass::{Motorway, Path, Primary, Residential, Secondary, Tertiary};
    let (class, kmh, drive, walk) = match highway {
        "motorway" => (Motorway, 90, true, false),
        "motorway_link" => (Motorway, 45, true, false),
        "trunk" => (Primary, 70, true, true),
        "trunk_link" => (Primary, 40, true, true),
        "primary" => (Primary, 55, true, true),
        "primary_link" => (Primary, 35, true, true),
        "secondary" => (Secondary, 50, true, true),
        "secondary_link" => (Secondary, 30, true, true),
        "tertiary" => (Tertiary, 40, true, true),
        "tertiary_link" => (Tertiary, 25, true, true),
        "unclassified" => (Tertiary, 30, true, true),
        "residential" | "road" => (Residential, 25, true, true),
        "service" => (Residential, 15, true, true),
        "living_street" => (Residential, 12, true, true),
        // Lanes and roads of their own in the middle of the street; neither for private cars nor for walking.
        "busway" | "bus_guideway" => (Residential, 40, false, false),
        "pedestrian" | "footway" | "path" | "steps" | "cycleway" | "bridleway" | "track" => (Path, 10, false, true),
        _ => return None,
    };
    Some(ClassDefaults { class, kmh, drive, walk })
}

impl<'a> Tags<'a> {
    /// Picks the tags that matter; the last of equal keys counts.
    pub(super) fn read(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut t = Self::default();
        for (key, value) in tags {
            let slot = match key {
                "highway" => &mut t.highway,
                "name" => &mut t.name,
                "name:en" => &mut t.name_en,
                "type" => &mut t.kind,
                "oneway" => &mut t.oneway,
                "junction" => &mut t.junction,
                "access" => &mut t.access,
                "vehicle" => &mut t.vehicle,
                "motor_vehicle" => &mut t.motor_vehicle,
                "motorcar" => &mut t.motorcar,
                "motorroad" => &mut t.motorroad,
                "foot" => &mut t.foot,
                "maxspeed" => &mut t.maxspeed,
                "bridge" => &mut t.bridge,
                "natural" => &mut t.natural,
                "waterway" => &mut t.waterway,
                "leisure" => &mut t.leisure,
                "landuse" => &mut t.landuse,
                "place" => &mut t.place,
                "railway" => &mut t.railway,
                "station" => &mut t.station,
                _ => continue,
            };
            *slot = Some(value);
        }
        t
    }

    /// The road these tags describe; `None` if they describe none, or one of a class not known here.
    pub(super) fn road(&self) -> Option<Road> {
        let highway = self.highway?;
        let defaults = class_defaults(highway)?;
        let kmh = self.maxspeed.and_then(maxspeed_kmh).unwrap_or(f64::from(defaults.kmh));
        Some(Road {
            class: defaults.class,
            drive: if self.cars_allowed(defaults.drive) { self.direction(highway) } else { Access::No },
            walk: if self.walkers_allowed(defaults.walk) { Access::Both } else { Access::No },
            drive_kmh: kmh.round().clamp(KMH_MIN, KMH_MAX) as u8,
            walk_kmh_tenths: if highway == "steps" { STEPS_KMH_TENTHS } else { WALK_KMH_TENTHS },
            bridge: self.bridge.is_some_and(|b| b != "no"),
        })
    }

    /// The narrower tag wins over the wider one.
    fn cars_allowed(&self, default: bool) -> bool {
        let narrow = self.motorcar.or(self.motor_vehicle).or(self.vehicle);
        match (narrow, self.access) {
            (Some(value), _) => is_allowed(value),
            // Being open to all does not make a footway a street.
            (None, Some(value)) => default && is_allowed(value),
            (None, None) => default,
        }
    }

    fn walkers_allowed(&self, default: bool) -> bool {
        match (self.foot, self.access) {
            // "Use the path beside": one still gets along here.
            (Some("use_sidepath"), _) => true,
            (Some(value), _) => is_allowed(value),
            (None, _) if self.motorroad == Some("yes") => false,
            (None, Some(value)) => default && is_allowed(value),
            (None, None) => default,
        }
    }

    fn direction(&self, highway: &str) -> Access {
        match self.oneway {
            Some("yes" | "true" | "1") => Access::Forward,
            Some("-1" | "reverse") => Access::Backward,
            Some("no" | "false" | "0") => Access::Both,
            // Changes with the hour; nobody is sent where they may meet traffic head on.
            Some("reversible" | "alternating") => Access::No,
            _ if highway == "motorway" || matches!(self.junction, Some("roundabout" | "circular")) => Access::Forward,
            _ => Access::Both,
        }
    }

    /// Water or green, if either.
    pub(super) fn area(&self) -> Option<AreaKind> {
        let water = self.natural == Some("water")
            || self.waterway == Some("riverbank")
            || matches!(self.landuse, Some("reservoir" | "basin"));
        let green = matches!(self.leisure, Some("park" | "garden" | "nature_reserve"))
            || matches!(self.landuse, Some("forest" | "grass" | "recreation_ground" | "village_green"))
            || matches!(self.natural, Some("wood" | "scrub" | "grassland"));
        match (water, green) {
            (true, _) => Some(AreaKind::Water),
            (false, true) => Some(AreaKind::Green),
            (false, false) => None,
        }
    }

    /// Whether an area of this kind gets its name on the map.
    pub(super) fn is_park(&self) -> bool {
        self.leisure == Some("park")
    }

    /// What a point with these tags labels, if anything.
    pub(super) fn label(&self) -> Option<LabelKind> {
        if matches!(self.place, Some("borough" | "district" | "suburb" | "quarter" | "city" | "town" | "village")) {
            return Some(LabelKind::District);
        }
        let railway = matches!(self.railway, Some("station" | "halt"));
        (railway || self.station == Some("subway")).then_some(LabelKind::Station)
    }
}

/// Whether an access value lets a crew in. Roads for residents and customers lead to where people are picked up.
fn is_allowed(value: &str) -> bool {
    matches!(
        value,
        "yes"
            | "permissive"
            | "designated"
            | "destination"
            | "customers"
            | "residents"
            | "public"
            | "official"
            | "unknown"
    )
}

/// A posted speed in km/h; `None` if the text is not one.
fn maxspeed_kmh(text: &str) -> Option<f64> {
    // Several values for several lanes: the first.
    let text = text.split([';', '|']).next()?.trim();
    match text {
        "none" => return Some(KMH_MAX),
        "walk" => return Some(7.0),
        "KR:urban" => return Some(50.0),
        "KR:rural" => return Some(60.0),
        "KR:motorway" => return Some(100.0),
        _ => {}
    }
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim() {
        "" | "km/h" | "kmh" | "kph" => 1.0,
        "mph" => 1.609_344,
        "knots" => 1.852,
        _ => return None,
    };
    (number > 0.0 && number.is_finite()).then_some(number * factor)
}

#[cfg(test)]
#[path = "tags_tests.rs"]
mod tests;
