//! Owns which edges of a road graph a condition means, remembered as long as the condition stands, and whether a way goes along
//! one. Changes no times.

use crate::record::{Condition, Streets};
use geo::road::data::RoadClass;
use geo::road::{NotAlong, Profile, RoadMap};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// The edges; none for a whole class, which is not asked edge by edge, and none for a line of the subway, which is no street.
pub fn edges_of(map: &RoadMap, profile: Profile, streets: &Streets) -> Result<Vec<u32>, NotAlong> {
    match *streets {
        Streets::Class(_) | Streets::Line(_) => Ok(Vec::new()),
        Streets::Around { center, radius_m } => Ok(map.graph(profile).streets_near(center, f64::from(radius_m))),
        Streets::Along { from, to, both_carriageways: true } => map.carriageways_between(profile, from, to),
        Streets::Along { from, to, .. } => map.streets_between(profile, from, to),
    }
}

/// Those of all conditions.
#[derive(Default)]
pub struct Known(HashMap<(Uuid, Profile), Arc<Vec<u32>>>);

impl Known {
    /// Looked for once.
    pub fn edges(&mut self, map: &RoadMap, profile: Profile, condition: &Condition) -> Arc<Vec<u32>> {
        let known = self.0.entry((condition.id, profile));
        // On a map that has changed since it was said it may be of no street any more.
        let edges = || edges_of(map, profile, &condition.says.streets).unwrap_or_default();
        Arc::clone(known.or_insert_with(|| Arc::new(edges())))
    }

    /// Forgets those of conditions that are gone.
    pub fn keep(&mut self, listed: &[Condition]) {
        self.0.retain(|(id, _), _| listed.iter().any(|condition| condition.id == *id));
    }
}

/// The streets that conditions in force are of, for one way of travelling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Whole classes.
    pub classes: BTreeSet<RoadClass>,
    /// Edges.
    pub edges: BTreeSet<u32>,
}

impl Told {
    /// Whether one of these edges is such a street.
    pub fn is_of_any(&self, map: &RoadMap, profile: Profile, edges: &[u32]) -> bool {
        let graph = map.graph(profile);
        // What is no street has no way in the map data.
        let class = |edge: u32| map.data.ways.get(graph.edge(edge).way as usize).map(|way| way.class);
        let is_told =
            |&edge: &u32| self.edges.contains(&edge) || class(edge).is_some_and(|class| self.classes.contains(&class));
        edges.iter().any(is_told)
    }
}
