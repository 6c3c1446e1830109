//! Owns one network under comparison: its hierarchy and its slow twin, asked the same while weights change and staff move between any
//! two queries. Does not choose networks (`exact_tests`, `city_tests`).

use super::crowd_tests::{Crowd, Shared, off_m, random_snap};
use super::oracle_tests::{Oracle, TestTurns, ToPickup};
use super::tally_tests::Tally;
use super::{ArcTimes, Conditions, Hierarchy, Metric, NodeOrder, SearchGraph};
use crate::road::data::RoadClass;
use crate::road::drawn::Dice;
use crate::road::graph::Graph;
use crate::road::{Headed, Profile, RoadMap, Snap};
use std::sync::Arc;

pub(super) const BOUND_MS: u32 = 4 * 3_600_000;

/// Weights of each run: free roads, then twice others.
const PHASES: usize = 3;

/// Hours of the day whose trains run in these phases.
const HOURS: [usize; PHASES] = [14, 8, 23];

pub(super) struct Network<'a> {
    pub(super) graph: &'a Graph,
    /// Absent: searched over junctions, where all turns are free.
    pub(super) turns: Option<TestTurns>,
    pub(super) hierarchy: Arc<Hierarchy>,
    /// Whose trains run by the hour.
    trains: Option<&'a RoadMap>,
    /// All turns, free.
    free_turns: TestTurns,
}

impl<'a> Network<'a> {
    pub(super) fn new(graph: &'a Graph, order: &NodeOrder, turns: Option<TestTurns>) -> Self {
        let search = match &turns {
            None => SearchGraph::of_junctions(graph, |_| 0),
            Some(t) => SearchGraph::of_turns(
                graph,
                t.rows.len() as u32,
                |s| t.original[s as usize],
                |s| t.rows[s as usize].iter().copied(),
            ),
        };
        let hierarchy = Arc::new(Hierarchy::new(search, order));
        Self { graph, turns, hierarchy, trains: None, free_turns: TestTurns::free(graph) }
    }

    /// As the service searches a map of a profile, copies of arcs and hours of trains included.
    pub(super) fn shipped(map: &'a RoadMap, profile: Profile) -> Self {
        let graph = map.graph(profile);
        let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(map, profile), map.order(profile)));
        Self {
            graph,
            turns: map.turns(profile).map(TestTurns::of_table),
            hierarchy,
            trains: (profile == Profile::Transit).then_some(map),
            free_turns: TestTurns::free(graph),
        }
    }

    pub(super) fn oracle(&self, times: ArcTimes) -> Oracle<'_> {
        Oracle::new(self.turns.as_ref().unwrap_or(&self.free_turns), times, self.turns.is_some())
    }

    /// The times of a phase.
    pub(super) fn times(&self, dice: &mut Dice, phase: usize) -> ArcTimes {
        let times = if phase == 0 {
            ArcTimes::free_flow(self.graph)
        } else {
            ArcTimes::under(self.graph, &random_conditions(dice, self.graph), |_| RoadClass::Residential)
        };
        match self.trains {
            Some(map) => times.with_arcs(&map.waiting_arcs(&map.data.subway.waits_at(HOURS[phase]))),
            None => times,
        }
    }

    /// So many pickups, with other weights in each third of them; for each tally a crowd of its own that is asked about all of them.
    pub(super) fn run(&self, dice: &mut Dice, pickups: usize, tallies: &mut [Tally]) {
        let mut crowds: Vec<Shared> = Vec::new();
        for phase in 0..PHASES {
            let times = self.times(dice, phase);
            let metric = Arc::new(Metric::new(&self.hierarchy, times.clone()));
            if phase == 0 {
                let crowd = |t: &Tally| Shared::new(Crowd::new(dice, self.graph, t.staff), &metric);
                crowds = tallies.iter().map(crowd).collect();
            } else {
                for Shared { live, .. } in &crowds {
                    assert!(live.swap(live.begin().onto(Arc::clone(&metric))));
                }
            }
            let oracle = self.oracle(times);
            for nth in 0..pickups / PHASES {
                for crowd in &mut crowds {
                    crowd.go_on(dice, self.graph);
                }
                let pickup = self.pickup(dice, nth, &crowds[nth % crowds.len()].crowd);
                // One plain search serves all crowds: it is of the pickup.
                let to_pickup = oracle.to(&pickup);
                for (shared, tally) in crowds.iter().zip(&mut *tallies) {
                    let query = Query { network: self, oracle: &oracle, to_pickup: &to_pickup, pickup: &pickup };
                    query.soonest(dice, shared, tally);
                    query.ways(dice, shared, tally);
                }
            }
        }
    }

    /// Every seventh in the street of somebody.
    pub(super) fn pickup(&self, dice: &mut Dice, nth: usize, crowd: &Crowd) -> Snap {
        match crowd.anybody(dice) {
            Some((_, (at, _))) if nth.is_multiple_of(7) => {
                let snap = self.graph.snap_at(at.snap.edge, dice.unit() as f32);
                Snap { distance_m: off_m(dice), ..snap }
            }
            _ => random_snap(dice, self.graph),
        }
    }
}

fn random_conditions(dice: &mut Dice, graph: &Graph) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.by_class.insert(RoadClass::Residential, 0.5 + dice.unit() as f32 * 3.0);
    for _ in 0..graph.edge_count() / 5 {
        conditions.by_edge.insert(dice.below(graph.edge_count()) as u32, 0.2 + dice.unit() as f32 * 20.0);
    }
    for _ in 0..graph.edge_count() / 20 {
        conditions.closed.insert(dice.below(graph.edge_count() * 2) as u32);
    }
    conditions
}

/// Pairs as the searches give them, to be sorted by time.
pub(super) fn by_time(got: impl IntoIterator<Item = (u32, u32)>) -> Vec<(u32, u32)> {
    got.into_iter().map(|(id, ms)| (ms, id)).collect()
}

struct Query<'a> {
    network: &'a Network<'a>,
    oracle: &'a Oracle<'a>,
    to_pickup: &'a ToPickup<'a>,
    pickup: &'a Snap,
}

impl Query<'_> {
    fn soonest(&self, dice: &mut Dice, Shared { crowd, live }: &Shared, tally: &mut Tally) {
        tally.asked(crowd.len());
        let expected = self.to_pickup.soonest(crowd.standing(), BOUND_MS);
        let mut all = by_time(live.with(|b| b.all(self.pickup, BOUND_MS)));
        all.sort_unstable();
        tally.expect("all", &all, &expected);
        let lazy = by_time(live.with(|b| b.soonest(self.pickup, BOUND_MS).collect::<Vec<_>>()));
        tally.expect("soonest", &lazy, &expected);

        let k = [1, 2, 10, 50][dice.below(4)];
        let nearest = by_time(live.nearest(self.pickup, k, BOUND_MS, |_| true));
        tally.expect("nearest", &nearest, &expected[..k.min(expected.len())].to_vec());
        let bound_ms = expected.get(expected.len() / 2).map_or(0, |e| e.0);
        let may_go = |id: u32| !id.is_multiple_of(3);
        let filtered = by_time(live.nearest(self.pickup, k, bound_ms, may_go));
        let within = expected.iter().filter(|e| e.0 <= bound_ms);
        tally.expect("filtered", &filtered, &within.clone().filter(|e| may_go(e.1)).take(k).copied().collect());
        let lazy = by_time(live.with(|b| b.soonest(self.pickup, bound_ms).collect::<Vec<_>>()));
        tally.expect("soonest within", &lazy, &within.copied().collect());
    }

    fn ways(&self, dice: &mut Dice, Shared { crowd, live }: &Shared, tally: &mut Tally) {
        let Self { pickup, to_pickup, .. } = self;
        let metric = live.metric();
        let some: Vec<Headed> = crowd.standing().map(|(_, place)| place.0).take(12).collect();
        let expected: Vec<Option<u32>> = some.iter().map(|at| to_pickup.from(at)).collect();
        tally.expect("table", &metric.table(&some, &[**pickup]), &expected);
        for _ in 0..2 {
            let Some((_, (at, _))) = crowd.anybody(dice) else { return };
            let expected = to_pickup.from(&at);
            tally.expect("travel time", &metric.travel_ms(at, pickup), &expected);
            let way = metric.way(at, pickup);
            tally.expect("way", &way.as_ref().map(|w| w.ms), &expected);
            let Some(way) = way else { continue };
            tally.expect("cost of the way", &self.oracle.cost(&at, pickup, &way.arcs), &Some(way.ms));
            let route = metric.route(self.network.graph, at, pickup).unwrap();
            let off_ms = (f64::from(route.duration_s) * 1000.0 - f64::from(way.ms)).abs();
            assert!(off_ms <= 1.0 + f64::from(way.ms) * 1e-6);
            let ends = [route.points[0], route.points[route.points.len() - 1]];
            assert!(ends[0].distance_m(at.snap.at) < 0.5 && ends[1].distance_m(pickup.at) < 0.5);
            tally.rides += usize::from(!route.rides.is_empty());
        }
    }
}
