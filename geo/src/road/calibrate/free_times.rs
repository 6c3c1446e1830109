//! Owns how long a way takes on empty roads, told by class of road. Does not judge what it took (`calibrate`).

use super::CLASSES;
use crate::road::hierarchy::Metric;
use crate::road::snap::Snap;
use crate::road::{Profile, RoadMap};

/// Milliseconds of one way on empty roads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FreeTimes {
    /// Along streets, by the number of their [`crate::road::data::RoadClass`].
    pub by_class_ms: [u32; CLASSES],
    /// What no factor changes: turning, and off the streets waiting and riding. Apart from the classes because re-weighting
    /// leaves turns as they are; counted to a class they would make its factor too small.
    pub fixed_ms: u32,
}

impl FreeTimes {
    /// Along streets.
    pub fn streets_ms(&self) -> u64 {
        self.by_class_ms.iter().map(|&ms| u64::from(ms)).sum()
    }

    /// All of it: the travel time on empty roads.
    pub fn total_ms(&self) -> u64 {
        self.streets_ms() + u64::from(self.fixed_ms)
    }
}

/// What the fastest way under `metric` (of this map and profile) takes on empty roads; `None` if there is no way.
///
/// With [`RoadMap::free_flow`] the total is that metric's travel time. With the present, calibrated metric of the hour it is
/// the way that somebody who knows the hour goes, and the fit is the better for it.
pub fn free_by_class(map: &RoadMap, profile: Profile, metric: &Metric, from: &Snap, to: &Snap) -> Option<FreeTimes> {
    let graph = map.graph(profile);
    let way = metric.way(from, to)?;
    let streets_ms: u32 = way.along_arcs(metric.times(), from, to).map(|(_, ms)| ms).sum();
    let mut free = FreeTimes { fixed_ms: way.ms.checked_sub(streets_ms)?, ..FreeTimes::default() };
    let present = way.along_arcs(metric.times(), from, to);
    for ((arc, ms), (_, present_ms)) in way.along_arcs(map.free_flow(profile).times(), from, to).zip(present) {
        // What is no street has no way in the map data, and is waited for and ridden as at the time.
        match map.data.ways.get(graph.edge(arc / 2).way as usize) {
            Some(way) => free.by_class_ms[way.class as usize] += ms,
            None => free.fixed_ms += present_ms,
        }
    }
    Some(free)
}
