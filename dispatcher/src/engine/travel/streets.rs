//! Owns which edges of a road graph a condition means, remembered as long as the condition stands. Changes no times.

use crate::record::{Condition, Streets};
use geo::road::{Profile, RoadMap};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// The edges; none for a whole class, which is not asked edge by edge.
pub fn edges_of(map: &RoadMap, profile: Profile, streets: &Streets) -> Vec<u32> {
    let graph = map.graph(profile);
    match *streets {
        Streets::Class(_) => Vec::new(),
        Streets::Around { center, radius_m } => graph.streets_near(center, f64::from(radius_m)),
        Streets::Along { from, to } => graph.streets_between(from, to),
    }
}

/// Those of all conditions.
#[derive(Default)]
pub struct Known(HashMap<(Uuid, Profile), Arc<Vec<u32>>>);

impl Known {
    /// Looked for once.
    pub fn edges(&mut self, map: &RoadMap, profile: Profile, condition: &Condition) -> Arc<Vec<u32>> {
        let known = self.0.entry((condition.id, profile));
        Arc::clone(known.or_insert_with(|| Arc::new(edges_of(map, profile, &condition.says.streets))))
    }

    /// Forgets those of conditions that are gone.
    pub fn keep(&mut self, listed: &[Condition]) {
        self.0.retain(|(id, _), _| listed.iter().any(|condition| condition.id == *id));
    }
}
