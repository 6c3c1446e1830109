//! Owns how long a way takes in an hour of another day: as on streets that are open and empty and with every line running, times what finished
//! ways taught of that hour by class of road. Nothing that operators say now is in it: nobody knows how it will be then. Finds no way;
//! no times of that hour are made for a search either, so the way is the one of empty streets.

use geo::road::calibrate::free_by_class;
use geo::road::{Calibration, Profile, RoadMap, Route};

/// Seconds of a way that was found on empty streets, in that Korean hour; on empty streets where nothing was learnt.
pub fn takes_s(map: &RoadMap, profile: Profile, (learnt, hour): (&Calibration, u8), way: &Route) -> f32 {
    if !learnt.is_calibrated(profile) {
        return way.duration_s;
    }
    let free = free_by_class(map, profile, map.free_flow(profile), way);
    (free.in_hour_ms(&learnt.day_factors(profile), usize::from(hour)) as f64 / 1_000.0) as f32
}
