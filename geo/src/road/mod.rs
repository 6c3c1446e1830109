//! Roads: what was read (`data`), the graphs made of it (`graph`, `build`), where a point lies on them (`snap`), and the
//! searches (`query`, `route`). `map` holds all of it together and keeps it in a file.

pub mod arcs;
mod bans;
mod build;
mod bytes;
mod connected;
pub mod data;
pub mod graph;
pub mod hierarchy;
pub mod load;
pub mod map;
mod modes;
mod pbf;
pub mod query;
pub mod reach;
mod report;
mod restriction;
mod rings;
pub mod route;
pub mod snap;
pub mod staff;
mod store;
mod tags;
mod turn_cost;
pub mod turns;

#[cfg(test)]
pub(crate) mod drawn;
#[cfg(test)]
mod query_tests;

pub use bans::TurnReport;
pub use graph::Graph;
pub use load::load;
pub use map::RoadMap;
pub use pbf::{LoadError, Progress};
pub use query::soonest;
pub use reach::{Heading, reach};
pub use report::ImportReport;
pub use restriction::{Profiles, Restriction, Rule};
pub use route::Route;
pub use snap::{SNAP_M_MAX, Snap};
pub use staff::StaffOnRoad;
pub use store::MapFileError;
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
}

impl Profile {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Walk, Self::Drive];
}
