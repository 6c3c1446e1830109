//! Exact travel times in microseconds: a customizable contraction hierarchy of one graph, and the staff in sorted buckets on
//! it. Its slow twins are a plain Dijkstra of the tests, which knows turns (`oracle_tests`), and, over junctions and by the crate
//! `pathfinding`, [`super::soonest`] and [`super::Graph::travel_time`].
//!
//! | The field's word | Here |
//! |---|---|
//! | search graph: node-based, or edge-expanded for turn costs | [`SearchGraph`] |
//! | contraction order, nested dissection | [`NodeOrder`] |
//! | customizable contraction hierarchy, elimination tree | [`Hierarchy`] |
//! | weights, live traffic, closures | [`ArcTimes`], [`Conditions`] |
//! | metric, customization | [`Metric`] |
//! | elimination-tree query, upward search | `climb` |
//! | bucket CH, last-stop buckets, many-to-one | [`StaffBuckets`] |
//! | k nearest by travel time | lazily [`StaffBuckets::soonest`], as the service asks; [`StaffBuckets::nearest`] |
//! | many-to-many, distance table | [`Metric::table`] |
//! | one-to-all, PHAST | `sweep`, for [`super::reach()`] |
//! | double buffering of metrics | [`Live`] |
//!
//! The idea: nodes are ranked, and for each the arcs to higher nodes are kept with the times of the fastest ways through
//! lower ones. Then every fastest way is one climb up and one climb down, and all the nodes a climb can see are the
//! ancestors of its beginning in one tree, a few hundred. Staff leave their climb in the nodes' buckets; a pickup climbs once
//! and reads the buckets it passes.

mod bucket;
mod buckets;
mod climb;
mod customise;
mod cuts;
mod lazy;
mod left;
mod live;
mod metric;
mod nearest;
mod order;
mod search_graph;
mod shortcuts;
mod stored;
mod sweep;
mod table;
mod times;
mod way;

#[cfg(test)]
mod city_tests;
#[cfg(test)]
mod crowd_tests;
#[cfg(test)]
mod exact_tests;
#[cfg(test)]
mod headed_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod meanwhile_tests;
#[cfg(test)]
mod network_tests;
#[cfg(test)]
pub(in crate::road) mod oracle_tests;
#[cfg(test)]
mod pathfinding_tests;
#[cfg(test)]
mod routingkit_tests;
#[cfg(test)]
mod tally_tests;

pub use buckets::StaffBuckets;
pub use lazy::Soonest;
pub use live::{Begun, Fresh, Live};
pub use metric::{Hierarchy, Metric};
pub use order::{NodeOrder, OrderError};
pub use search_graph::SearchGraph;
pub use times::{ArcTimes, Conditions, DayFactors, FACTOR_MAX, FACTOR_MIN};
pub use way::Way;

/// Milliseconds that no way has: where there is none. Two of them add up without overflow.
pub(super) const UNREACHED: u32 = cch::INF_WEIGHT;

/// Nobody is free later than this, milliseconds; keeps all sums below [`UNREACHED`].
pub const FREE_MS_MAX: u32 = 24 * 3_600_000;
