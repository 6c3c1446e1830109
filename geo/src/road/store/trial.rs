//! Owns what the tests and the fuzzer ask of a map file that was accepted, whatever it says: every kind of search on the hierarchies
//! that lie in it, between a few places. No caller in the service.

use crate::cell::Grid;
use crate::road::data::RoadClass;
use crate::road::hierarchy::{ArcTimes, Conditions, Metric, StaffBuckets};
use crate::road::map::AT_HAND;
use crate::road::{Dislikes, Heading, Profile, RoadMap, Snap, Zone, around, least_inside, reach};
use std::sync::Arc;

/// Milliseconds and seconds within which is searched.
const WITHIN_MS: u32 = 4 * 3_600_000;
const WITHIN_S: f32 = 600.0;

impl RoadMap {
    /// Any answer will do, as long as there is one.
    #[doc(hidden)]
    pub fn try_searches(&self) {
        for profile in AT_HAND {
            let graph = self.graph(profile);
            let Some(last) = (graph.street_count() as u32).checked_sub(1) else { continue };
            // Two on one street: ahead, behind and round the block.
            let places = [(0, 0.25), (0, 0.75), (last / 2, 0.5), (last, 0.5)];
            let places = places.map(|(edge, fraction)| graph.snap_at(edge, fraction));
            let metric = self.free_flow(profile);
            self.try_metric(profile, metric, &places);
            let mut closed = Conditions::default();
            closed.close_edge(last);
            let times = ArcTimes::under(graph, &closed, |_| RoadClass::Residential);
            self.try_metric(profile, &Arc::new(Metric::new(metric.hierarchy(), times)), &places);
            let _ = self.snap(profile, places[0].at);
        }
    }

    fn try_metric(&self, profile: Profile, metric: &Arc<Metric>, places: &[Snap]) {
        let graph = self.graph(profile);
        let mut staff = StaffBuckets::new(Arc::clone(metric));
        for (id, at) in (0u32..).zip(places) {
            staff.put(id, at);
        }
        let _ = metric.table(places, places);
        for to in places {
            let _ = staff.nearest(to, 2, WITHIN_MS, |_| true);
            let _ = staff.soonest(to, WITHIN_MS).count();
            let _ = staff.all(to, WITHIN_MS);
            for from in places {
                let _ = metric.travel_ms(from, to);
                let _ = metric.route(graph, from, to);
            }
        }
        let (from, to) = (&places[0], &places[places.len() - 1]);
        for heading in [Heading::From, Heading::To] {
            let _ = reach(graph, metric, from, heading, WITHIN_S, Grid::Street);
        }
        let zone: Vec<Zone> = Zone::circle(places[places.len() / 2].at, 20.0).into_iter().collect();
        if let Some(turns) = self.turns(profile) {
            let _ = around(graph, turns, metric, from, to, &zone);
            let _ = least_inside(graph, turns, metric, from, to, &zone);
        } else {
            let dislikes = Dislikes::none();
            let _ = dislikes.route(graph, metric, from, to, &zone);
            let _ = dislikes.route_least_inside(graph, metric, from, to, &zone);
        }
    }
}
