//! Where, and how long by road. Pure: no clock, no randomness, no I/O but reading and writing a map file that the caller names.
//!
//! | The field's word | Here |
//! |---|---|
//! | point, coordinate, WGS84 lat/lng | [`Position`] (degrees × 10⁷, always valid) |
//! | GPS report, location update | [`Fix`] |
//! | outlier, speed check | [`Jumps`] |
//! | H3 index, hexagon | [`Cell`] |
//! | k-ring / grid disk / grid ring search | [`CellIndex::nearest`], [`CellIndex::within_radius`], [`rings_for_metres`] |
//! | geofence, enter and exit, dwell radius | [`fence::Fences`], [`fence::Circle`] |
//! | viewport, cells of a bounding box | [`cover::cover`] |
//! | viewport or bounding box query, geofence polygon | [`CellIndex::within_bounds`], [`CellIndex::within_polygon`] |
//! | hexbin, cluster counts by zoom | [`CellIndex::counts`] by [`cell::Fineness`] |
//! | attribute filter, bitmap filter | [`Mask`] |
//! | map matching of one point, nearest edge | [`road::Graph::snap`] → [`road::Snap`] |
//! | map matching of a trace | [`road::Matcher`] → [`road::Match`] |
//! | edge-based graph, turn table, turn restriction | [`road::Turns`] over arcs `edge * 2 + direction`, [`road::Restriction`] |
//! | vertex, intersection | junction: a node of [`road::Graph`] |
//! | undirected street segment between intersections | [`road::graph::Edge`] |
//! | directed edge, edge use | [`road::graph::Arc`] |
//! | compressed sparse row graph, adjacency array | [`road::Graph`], one per [`road::Profile`] |
//! | routing profile, mode, costing | [`road::Profile`], what sets it apart in [`road::modes`] |
//! | public transport, GTFS frequencies | [`road::subway`] on top of the walking graph: [`road::Profile::Transit`] |
//! | many-to-one, nearest drivers by travel time | [`road::soonest`] over [`road::StaffOnRoad`] |
//! | isochrone, reachability | [`road::reach()`] |
//! | customizable contraction hierarchy, bucket CH, last-stop buckets | [`road::hierarchy`] |
//! | speed profiles, travel-time reliability, buffer index | [`road::calibrate`]: factors and p90/p50 from finished trips |
//! | terminal time, access and egress time | [`Beside`]: what a trip takes beside the way itself |
//! | one-to-one route, duration | [`road::Graph::route`], [`road::Graph::travel_time`] |
//! | OSM extract, PBF import | [`road::load()`] → [`road::data::MapData`] |
//! | preprocessed graph file | [`road::RoadMap::save`], [`road::RoadMap::load`] |
//! | beeline, as the crow flies | [`Eta::straight`], always marked [`EtaSource::Straight`] |
//!
//! Invariant: nothing here depends on serialisation, storage or network libraries; wire types are made at the edge.

pub mod cell;
pub mod city;
pub mod cover;
pub mod district;
pub mod eta;
pub mod fence;
pub mod fix;
pub mod jump;
pub mod position;
pub mod road;
pub mod search;
pub mod station;
pub mod tile;

pub use cell::{Cell, CellError};
pub use eta::{Basis, Beside, Eta, EtaSource};
pub use fix::{ACCURACY_M_MAX, FUTURE_MS_MAX, Fix, FixError, FixKind};
pub use jump::{JUMPS_BELIEVED, Jumps, Pace, Seen, Step};
pub use position::{Bounds, Position, PositionError};
pub use search::{CellIndex, Found, Mask, Polygon, PolygonError, rings_for_metres};
