//! Owns the table of modes: what sets walking, driving and cycling apart, as data. The rules that read it are elsewhere
//! (`tags`, `build`, `turns`, `relations`).

use super::Profile;
use super::data::RoadClass;
use super::turn_cost::TurnCosts;

/// A mode of moving along streets.
#[derive(Debug)]
pub struct Mode {
    /// Which one.
    pub profile: Profile,
    /// Tags that open or close a street to it, narrowest first; `access` comes after them.
    pub access_keys: &'static [&'static str],
    /// Tags that say which way round, narrowest first; none: both ways everywhere.
    pub oneway_keys: &'static [&'static str],
    /// Whether motor roads are open to it.
    pub on_motorroads: bool,
    /// Tags of a restriction relation that speak to it, narrowest first; none: restrictions do not bind it.
    pub restriction_keys: &'static [&'static str],
    /// Share of the posted or usual speed that is reached on average.
    pub speed_share: f64,
    /// Turning.
    pub turns: TurnCosts,
    /// Waiting and crossing at lights, on average, milliseconds.
    pub signal_ms: u32,
    /// Stopping and looking before crossing without lights, milliseconds.
    pub crossing_ms: u32,
}

/// Whoever walks takes no notice of one-way streets and restrictions, and may turn where they like.
///
/// A light: a cycle of two to three minutes with half a minute of green would be 40 s for one who must cross there; many
/// cross the other street first or find it green, and streets have several lights to one crossing, so far less is charged.
pub const WALK: Mode = Mode {
    profile: Profile::Walk,
    access_keys: &["foot"],
    oneway_keys: &[],
    on_motorroads: false,
    restriction_keys: &[],
    speed_share: 1.0,
    turns: TurnCosts::FREE,
    signal_ms: 10_000,
    crossing_ms: 3_000,
};

/// Cars reach 0.8 of the class or posted speed on average: lights, crossings and traffic are in that share, so they are not
/// charged again. It makes free-flow times a little longer than those of the common routing engines (0.87 of ours).
///
/// Left and right are the curve of OSRM's car profile at 90° and 150° (turn penalty 7.5 s, bias 1.075), rounded to half
/// seconds; turning round is that profile's 20 s. On a big two-way street the middle line is solid, and one may turn round only where a
/// sign says so, which no map tells: 300 m on at 44 km/h, a light of 40 s, and 300 m back are 90 s, an assumption of ours. Who is
/// quicker round the block goes round the block. One-way carriageways cannot be turned on at all.
pub const DRIVE: Mode = Mode {
    profile: Profile::Drive,
    access_keys: &["motorcar", "motor_vehicle", "vehicle"],
    oneway_keys: &["oneway:motorcar", "oneway:motor_vehicle", "oneway"],
    on_motorroads: true,
    restriction_keys: &["restriction:motorcar", "restriction:motor_vehicle", "restriction:vehicle", "restriction"],
    speed_share: 0.8,
    turns: TurnCosts {
        left_ms: [5_500, 7_500],
        right_ms: [2_000, 7_000],
        uturn_ms: 20_000,
        uturn_big_ms: 90_000,
        uturn_from: RoadClass::Tertiary,
    },
    signal_ms: 0,
    crossing_ms: 0,
};

/// A bicycle slows for a turn by less than a car and waits to turn left as one does; it is turned round by getting off.
/// Plain assumptions, like its lights: half of what a walker loses.
pub const CYCLE: Mode = Mode {
    profile: Profile::Cycle,
    access_keys: &["bicycle", "vehicle"],
    oneway_keys: &["oneway:bicycle", "oneway"],
    on_motorroads: false,
    restriction_keys: &["restriction:bicycle", "restriction:vehicle", "restriction"],
    speed_share: 1.0,
    turns: TurnCosts {
        left_ms: [4_000, 5_000],
        right_ms: [1_000, 3_000],
        uturn_ms: 8_000,
        uturn_big_ms: 8_000,
        uturn_from: RoadClass::Motorway,
    },
    signal_ms: 5_000,
    crossing_ms: 1_000,
};

/// The mode of a profile's streets.
pub const fn mode(profile: Profile) -> &'static Mode {
    match profile {
        Profile::Walk | Profile::Transit => &WALK,
        Profile::Drive => &DRIVE,
        Profile::Cycle => &CYCLE,
    }
}

/// How a class of street is to one mode without further tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usual {
    pub(super) open: bool,
    /// Tenths of km/h, before the mode's share; also where a tag opens what is usually closed.
    pub(super) kmh_tenths: u16,
}

/// A class of street.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Street {
    pub(super) class: RoadClass,
    pub(super) walk: Usual,
    pub(super) drive: Usual,
    pub(super) cycle: Usual,
}

const fn open(kmh_tenths: u16) -> Usual {
    Usual { open: true, kmh_tenths }
}

const fn shut(kmh_tenths: u16) -> Usual {
    Usual { open: false, kmh_tenths }
}

/// The speed table by the value of `highway`. Cars: usual free speeds in a Korean city, where streets are posted at 50 and
/// side streets at 30. Walkers: 5 km/h, half of it on steps, and on trunk roads, most of which are urban motorways here, only
/// where `foot` says so. Bicycles: 15 km/h on streets, slower among people.
pub(super) fn street(highway: &str) -> Option<Street> {
    use RoadClass::{Motorway, Path, Primary, Residential, Secondary, Tertiary};
    let (class, walk, drive, cycle) = match highway {
        "motorway" => (Motorway, shut(50), open(900), shut(150)),
        "motorway_link" => (Motorway, shut(50), open(450), shut(150)),
        "trunk" => (Primary, shut(50), open(700), open(150)),
        "trunk_link" => (Primary, shut(50), open(400), open(150)),
        "primary" => (Primary, open(50), open(550), open(150)),
        "primary_link" => (Primary, open(50), open(350), open(150)),
        "secondary" => (Secondary, open(50), open(500), open(150)),
        "secondary_link" => (Secondary, open(50), open(300), open(150)),
        "tertiary" => (Tertiary, open(50), open(400), open(150)),
        "tertiary_link" => (Tertiary, open(50), open(250), open(150)),
        "unclassified" => (Tertiary, open(50), open(300), open(150)),
        "residential" | "road" => (Residential, open(50), open(250), open(140)),
        "service" => (Residential, open(50), open(150), open(120)),
        "living_street" => (Residential, open(50), open(120), open(100)),
        // Lanes and roads of their own in the middle of the street; for buses alone.
        "busway" | "bus_guideway" => (Residential, shut(50), shut(400), shut(150)),
        "cycleway" => (Path, open(50), shut(100), open(160)),
        "path" | "track" => (Path, open(50), shut(100), open(100)),
        "pedestrian" | "footway" | "bridleway" => (Path, open(50), shut(100), shut(60)),
        "steps" => (Path, open(25), shut(100), shut(20)),
        _ => return None,
    };
    Some(Street { class, walk, drive, cycle })
}
