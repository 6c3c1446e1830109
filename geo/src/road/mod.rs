//! Roads: what was read (`data`), the graphs made of it (`graph`, `build`), where a point lies on them (`snap`), and the
//! searches (`query`, `route`). `map` holds all of it together and keeps it in a file.

pub mod arcs;
pub mod around;
pub mod avoid;
mod bans;
mod barriers;
mod build;
mod bytes;
pub mod calibrate;
pub mod carriageways;
mod column;
mod connected;
pub mod data;
pub mod graph;
pub mod headed;
pub mod hierarchy;
pub mod legs;
pub mod lit;
pub mod load;
pub mod map;
pub mod marks;
pub mod matching;
pub mod modes;
mod pbf;
pub mod query;
pub mod reach;
mod relations;
mod report;
mod restriction;
mod rings;
pub mod route;
pub mod safer;
pub mod snap;
pub mod staff;
mod store;
pub mod streets;
pub mod subway;
pub mod subway_csv;
mod tags;
mod timed;
mod toll;
pub mod transit;
mod turn_cost;
pub mod turns;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
pub(crate) mod drawn;
#[cfg(test)]
pub(crate) mod pbf_writer;
#[cfg(test)]
mod query_tests;

pub use around::{around, least_inside};
pub use avoid::{Zone, ZoneError};
pub use bans::TurnReport;
pub use calibrate::{Calibration, FreeTimes, Observation};
pub use graph::Graph;
pub use headed::Headed;
pub use legs::{Along, Leg, Turn as LegTurn, legs};
pub use lit::Lit;
pub use load::load;
pub use map::RoadMap;
pub use matching::{InStreet, Match, Matcher, WeakFix};
pub use pbf::{LoadError, Progress};
pub use query::soonest;
pub use reach::{Heading, reach, reach_on_junctions};
pub use report::ImportReport;
pub use restriction::{Profiles, Restriction, Rule};
pub use route::{ArcPart, RidePart, Route, StreetPart};
pub use safer::{Dislikes, NoSaferWay, SaferRoute};
pub use snap::{SNAP_M_MAX, Snap};
pub use staff::StaffOnRoad;
pub use store::MapFileError;
pub use streets::NotAlong;
pub use turn_cost::TurnCosts;
pub use turns::{Turn, Turns};

/// How somebody moves: picks the graph and its speeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Profile {
    /// On foot.
    Walk = 0,
    /// By car.
    Drive = 1,
    /// By bicycle.
    Cycle = 2,
    /// On foot and by subway; the walking graph where the map has no subway.
    Transit = 3,
}

impl Profile {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Walk, Self::Drive, Self::Cycle, Self::Transit];
}
