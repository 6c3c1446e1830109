//! Owns what OpenStreetMap tags mean here: who may use a road, which way round, how fast; what is water and green; what is a
//! label. Pure: text in, values out. What differs between modes is in their table (`modes`); whom a barrier stops is in `barriers`,
//! turn restrictions are in `relations`. Opening hours are not read.

use super::Profile;
use super::data::{Access, AreaKind, LabelKind, RoadClass};
use super::marks::MarkKind;
use super::modes::{CYCLE, DRIVE, Mode, Usual, WALK, street};

/// The tags of one object that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tags<'a> {
    pub(super) highway: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) name_en: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    pub(super) barrier: Option<&'a str>,
    pub(super) bollard: Option<&'a str>,
    oneway: Option<&'a str>,
    junction: Option<&'a str>,
    access: Option<&'a str>,
    vehicle: Option<&'a str>,
    motor_vehicle: Option<&'a str>,
    motorcar: Option<&'a str>,
    motorroad: Option<&'a str>,
    foot: Option<&'a str>,
    bicycle: Option<&'a str>,
    oneway_bicycle: Option<&'a str>,
    oneway_motorcar: Option<&'a str>,
    oneway_motor_vehicle: Option<&'a str>,
    cycleway: [Option<&'a str>; 4],
    crossing: Option<&'a str>,
    crossing_signals: Option<&'a str>,
    maxspeed: Option<&'a str>,
    bridge: Option<&'a str>,
    tunnel: Option<&'a str>,
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
    pub(super) cycle: Access,
    pub(super) drive_kmh: u8,
    pub(super) walk_kmh_tenths: u8,
    pub(super) cycle_kmh_tenths: u8,
    pub(super) bridge: bool,
    pub(super) tunnel: bool,
}

/// Posted speeds are believed within these limits, km/h.
const KMH_MIN: f64 = 5.0;
const KMH_MAX: f64 = 130.0;

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
                "barrier" => &mut t.barrier,
                "bollard" => &mut t.bollard,
                "oneway" => &mut t.oneway,
                "junction" => &mut t.junction,
                "access" => &mut t.access,
                "vehicle" => &mut t.vehicle,
                "motor_vehicle" => &mut t.motor_vehicle,
                "motorcar" => &mut t.motorcar,
                "motorroad" => &mut t.motorroad,
                "foot" => &mut t.foot,
                "bicycle" => &mut t.bicycle,
                "oneway:bicycle" => &mut t.oneway_bicycle,
                "oneway:motorcar" => &mut t.oneway_motorcar,
                "oneway:motor_vehicle" => &mut t.oneway_motor_vehicle,
                "cycleway" => &mut t.cycleway[0],
                "cycleway:both" => &mut t.cycleway[1],
                "cycleway:left" => &mut t.cycleway[2],
                "cycleway:right" => &mut t.cycleway[3],
                "crossing" => &mut t.crossing,
                "crossing:signals" => &mut t.crossing_signals,
                "maxspeed" => &mut t.maxspeed,
                "bridge" => &mut t.bridge,
                "tunnel" => &mut t.tunnel,
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

    /// A tag that the table of modes names.
    fn value(&self, key: &str) -> Option<&'a str> {
        match key {
            "foot" => self.foot,
            "bicycle" => self.bicycle,
            "motorcar" => self.motorcar,
            "motor_vehicle" => self.motor_vehicle,
            "vehicle" => self.vehicle,
            "oneway" => self.oneway,
            "oneway:bicycle" => self.oneway_bicycle,
            "oneway:motorcar" => self.oneway_motorcar,
            "oneway:motor_vehicle" => self.oneway_motor_vehicle,
            _ => None,
        }
    }

    /// The road these tags describe; `None` if they describe none, or one of a class not known here.
    pub(super) fn road(&self) -> Option<Road> {
        let highway = self.highway?;
        let street = street(highway)?;
        let usual_kmh = f64::from(street.drive.kmh_tenths) / 10.0;
        let kmh = self.maxspeed.and_then(maxspeed_kmh).unwrap_or(usual_kmh);
        let tenths = |usual: Usual| u8::try_from(usual.kmh_tenths).unwrap_or(u8::MAX);
        // Getting off: a bicycle is pushed at a walker's speed.
        let pushed = matches!(self.bicycle, Some("dismount"));
        Some(Road {
            class: street.class,
            drive: self.access(&DRIVE, street.drive, highway),
            walk: self.access(&WALK, street.walk, highway),
            cycle: self.access(&CYCLE, street.cycle, highway),
            drive_kmh: kmh.round().clamp(KMH_MIN, KMH_MAX) as u8,
            walk_kmh_tenths: tenths(street.walk),
            cycle_kmh_tenths: tenths(if pushed { street.walk } else { street.cycle }),
            bridge: self.bridge.is_some_and(|b| b != "no"),
            // A passage through a house or under a roof is at the street's level.
            tunnel: self.tunnel == Some("yes"),
        })
    }

    fn access(&self, mode: &Mode, usual: Usual, highway: &str) -> Access {
        if self.lets_through(mode, usual.open) { self.direction(mode, highway) } else { Access::No }
    }

    /// Whether a mode may pass what would let it or not without further tags. The narrower tag wins over the wider one.
    pub(super) fn lets_through(&self, mode: &Mode, usually: bool) -> bool {
        let narrow = mode.access_keys.iter().find_map(|k| self.value(k));
        match (narrow, self.access) {
            // "Use the path beside", "get off": one still gets along here.
            (Some("use_sidepath" | "dismount"), _) => true,
            (Some(value), _) => is_allowed(value),
            (None, _) if !mode.on_motorroads && self.motorroad == Some("yes") => false,
            // Being open to all does not make a footway a street.
            (None, Some(value)) => usually && is_allowed(value),
            (None, None) => usually,
        }
    }

    fn direction(&self, mode: &Mode, highway: &str) -> Access {
        if mode.oneway_keys.is_empty() {
            return Access::Both;
        }
        let against = self.cycleway.iter().flatten().any(|c| c.starts_with("opposite"));
        if mode.profile == Profile::Cycle && against && self.oneway_bicycle.is_none() {
            return Access::Both;
        }
        match mode.oneway_keys.iter().find_map(|k| self.value(k)) {
            Some("yes" | "true" | "1") => Access::Forward,
            Some("-1" | "reverse") => Access::Backward,
            Some("no" | "false" | "0") => Access::Both,
            // Changes with the hour; nobody is sent where they may meet traffic head on.
            Some("reversible" | "alternating") => Access::No,
            _ if highway == "motorway" || matches!(self.junction, Some("roundabout" | "circular")) => Access::Forward,
            _ => Access::Both,
        }
    }

    /// Lights or a crossing, for a point.
    pub(super) fn mark(&self) -> Option<MarkKind> {
        match (self.highway?, self.crossing) {
            ("traffic_signals", _) => Some(MarkKind::Signal),
            ("crossing", Some("no")) => None,
            ("crossing", Some("traffic_signals")) => Some(MarkKind::SignalCrossing),
            ("crossing", _) if self.crossing_signals == Some("yes") => Some(MarkKind::SignalCrossing),
            ("crossing", _) => Some(MarkKind::Crossing),
            _ => None,
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
