//! Owns how long a way takes on empty roads, told by class of road. Does not judge what it took (`calibrate`).

use super::CLASSES;
use crate::road::data::RoadClass;
use crate::road::hierarchy::{ArcTimes, DayFactors, Metric};
use crate::road::route::{ArcPart, Route};
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

    /// The travel time of the same way in an hour (0..=23, further ones begin again) that these factors make it as long as.
    pub fn in_hour_ms(&self, factors: &DayFactors, hour: usize) -> u64 {
        let factor = |class: RoadClass| factors.0.get(&class).map_or(1.0, |hours| f64::from(hours[hour % hours.len()]));
        let ms = |class: RoadClass| f64::from(self.by_class_ms[class as usize]) * factor(class);
        RoadClass::ALL.into_iter().map(ms).sum::<f64>().round() as u64 + u64::from(self.fixed_ms)
    }
}

/// What a way found under `metric` (of this map and profile) takes on empty roads.
///
/// With [`RoadMap::free_flow`] the total is the way's own time. With the present, calibrated metric of the hour it is the way that
/// somebody who knows the hour goes, and the fit is the better for it.
pub fn free_by_class(map: &RoadMap, profile: Profile, metric: &Metric, way: &Route) -> FreeTimes {
    let (graph, empty) = (map.graph(profile), map.free_flow(profile).times());
    let ms = |times: &ArcTimes, part: &ArcPart| {
        times.before_ms(part.arc, part.to).saturating_sub(times.before_ms(part.arc, part.from))
    };
    let streets_ms: u32 = way.arcs.iter().map(|part| ms(metric.times(), part)).sum();
    let whole_ms = (f64::from(way.duration_s) * 1_000.0).round() as u32;
    let mut free = FreeTimes { fixed_ms: whole_ms.saturating_sub(streets_ms), ..FreeTimes::default() };
    for part in &way.arcs {
        // What is no street has no way in the map data, and is waited for and ridden as at the time.
        match map.data.ways.get(graph.edge(part.arc / 2).way as usize) {
            Some(way) => free.by_class_ms[way.class as usize] += ms(empty, part),
            None => free.fixed_ms += ms(metric.times(), part),
        }
    }
    free
}
