//! Who is inside a cordon, and what leads out of it: drawn, and counted junction by junction on tangles.

use super::{ArcTimes, Conditions};
use crate::road::data::{Access, RoadClass};
use crate::road::drawn::{Dice, Drawn, data, draw, place, street, tangle};
use crate::road::hierarchy::{Hierarchy, Metric, NodeOrder, SearchGraph};
use crate::road::{Dislikes, Profile, RoadMap, Snap, around};
use std::sync::Arc;

fn under(map: &RoadMap, profile: Profile, closed: &[Snap]) -> Metric {
    let graph = map.graph(profile);
    let mut conditions = Conditions::default();
    for street in closed {
        conditions.close_edge(street.edge);
    }
    let hierarchy = Arc::new(Hierarchy::new(SearchGraph::of(map, profile), &NodeOrder::find(graph)));
    Metric::new(&hierarchy, ArcTimes::under(graph, &conditions, |_| RoadClass::Residential))
}

/// Seconds by the plain search.
fn plain_s(map: &RoadMap, profile: Profile, metric: &Metric, from: &Snap, to: &Snap) -> Option<f32> {
    let graph = map.graph(profile);
    let way = match map.turns(profile) {
        Some(turns) => around(graph, turns, metric, *from, to, &[]).ok(),
        None => Dislikes::none().route(graph, metric, from, to, &[]).ok().map(|way| way.route),
    };
    way.map(|way| way.duration_s)
}

fn snaps(drawn: &Drawn, profile: Profile) -> impl Fn(&str) -> Snap + '_ {
    move |street| {
        let [a, b] = [0, 1].map(|i| street.chars().nth(i).unwrap());
        drawn.map.graph(profile).snap(drawn.between(a, b, 0.5)).unwrap()
    }
}

#[test]
fn alleys_that_end_blind_lock_nobody_into_a_closed_street() {
    // P-J-L-Q is closed; off it go the alleys J-C and L-D.
    let drawn = draw("A-----------B\n|           |\nP---J---L---Q\n    |   |\n    C   D");
    for profile in [Profile::Walk, Profile::Drive, Profile::Cycle] {
        let snap = snaps(&drawn, profile);
        let metric = under(&drawn.map, profile, &["PJ", "JL", "LQ"].map(&snap));
        let way = metric.way(snap("JL"), &snap("AP")).unwrap_or_else(|| panic!("{profile:?}: locked in"));
        let plain_s = plain_s(&drawn.map, profile, &metric, &snap("JL"), &snap("AP"));
        assert_eq!(plain_s, Some((f64::from(way.ms) / 1_000.0) as f32), "{profile:?}");
        for inside in ["JC", "LD"] {
            assert!(metric.travel_ms(snap("JL"), &snap(inside)).is_some(), "{profile:?}: into {inside}");
            assert!(metric.travel_ms(snap(inside), &snap("AB")).is_some(), "{profile:?}: {inside} is inside too");
        }
        for shut in ["PJ", "JL", "LQ", "JC", "LD"] {
            assert_eq!(metric.travel_ms(snap("AB"), &snap(shut)), None, "{profile:?}: nobody gets into {shut}");
        }
        let round = metric.route(drawn.map.graph(profile), snap("AP"), &snap("BQ")).unwrap();
        assert!((round.length_m - 1_400.0).abs() < 5.0, "{profile:?}: {} m, by A and B", round.length_m);
    }
}

#[test]
fn an_alley_into_which_one_may_drive_but_not_out_is_no_way_out() {
    // P-J-K is closed. From outside one gets into C, and from C to J only.
    let drawn = draw("A-----B\n|     |\nP-J-K |\n| |   |\nE>C   F");
    let snap = snaps(&drawn, Profile::Drive);
    let metric = under(&drawn.map, Profile::Drive, &["PJ", "JK"].map(&snap));
    let ms = metric.travel_ms(snap("JK"), &snap("AB")).expect("who stands in J-K gets out by P");
    let plain_s = plain_s(&drawn.map, Profile::Drive, &metric, &snap("JK"), &snap("AB"));
    assert_eq!(plain_s, Some((f64::from(ms) / 1_000.0) as f32));
    for shut in ["PJ", "JK"] {
        for outside in ["EC", "AB", "JC"] {
            assert_eq!(metric.travel_ms(snap(outside), &snap(shut)), None, "from {outside} into {shut}");
        }
    }
}

#[test]
fn a_part_of_the_town_behind_a_closed_bridge_is_cut_off_and_not_inside() {
    // A street of 15 junctions and one of 125, with a bridge between.
    let nodes = (0..140).map(|n| place(f64::from(n) * 50.0, 0.0)).collect();
    let ways = (0..139).map(|n| street(vec![n, n + 1], Access::Both, Access::Both, 30)).collect();
    let map = RoadMap::build(data(nodes, ways));
    for profile in [Profile::Walk, Profile::Drive] {
        let snap = |nth: u32| map.graph(profile).snap(place(f64::from(nth) * 50.0 + 25.0, 0.0)).unwrap();
        let metric = under(&map, profile, &[snap(14)]);
        assert_eq!(metric.travel_ms(snap(5), &snap(100)), None, "{profile:?}");
        assert_eq!(metric.travel_ms(snap(100), &snap(5)), None, "{profile:?}");
        assert!(metric.travel_ms(snap(14), &snap(5)).is_some() && metric.travel_ms(snap(14), &snap(100)).is_some());
    }
}

/// Which junctions are reached from which over open streets, the slow way round.
fn reach(graph: &crate::road::Graph, is_free: &dyn Fn(u32) -> bool) -> Vec<Vec<bool>> {
    let nodes = graph.node_count();
    let mut reach = vec![vec![false; nodes]; nodes];
    for (node, own) in reach.iter_mut().enumerate() {
        own[node] = true;
    }
    for arc in (0..graph.arc_number_end()).filter(|&arc| is_free(arc)) {
        reach[graph.arc_tail(arc) as usize][graph.arc_head(arc) as usize] = true;
    }
    for by in 0..nodes {
        let on = reach[by].clone();
        for own in reach.iter_mut().filter(|own| own[by]) {
            for (there, on) in own.iter_mut().zip(&on) {
                *there |= on;
            }
        }
    }
    reach
}

#[test]
fn a_closed_street_is_entered_where_nobody_comes_from_the_streets_around() {
    let (mut entered, mut shut, mut blind) = (0, 0, 0);
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let map = RoadMap::build(tangle(&mut dice, 40, 40));
        let graph = map.graph(Profile::Drive);
        let mut conditions = Conditions::default();
        for _ in 0..graph.edge_count() / 3 {
            conditions.close_edge(dice.below(graph.edge_count()) as u32);
        }
        let times = ArcTimes::under(graph, &conditions, |_| RoadClass::Residential);
        let is_free = |arc: u32| times.is_open(arc) && !times.is_closed(arc);
        let reach = reach(graph, &is_free);
        let nodes = 0..graph.node_count();
        let size = |a: usize| nodes.clone().filter(|&b| reach[a][b] && reach[b][a]).count();
        let largest = nodes.clone().map(size).max().unwrap_or(0);
        let around: Vec<usize> = nodes.clone().filter(|&a| size(a) == largest).collect();
        let is_out = |node: u32| around.iter().any(|&a| reach[a][node as usize]);
        let leads_out = |node: u32| around.iter().any(|&a| reach[node as usize][a]);
        let arcs = 0..graph.arc_number_end();
        for arc in arcs.clone().filter(|&arc| times.is_open(arc)) {
            if is_free(arc) {
                assert_eq!(times.leads_out(arc), leads_out(graph.arc_head(arc)), "seed {seed}, arc {arc}");
                blind += usize::from(!times.leads_out(arc));
            } else {
                let comes_in =
                    |a: u32| is_free(a) && graph.arc_head(a) == graph.arc_tail(arc) && is_out(graph.arc_tail(a));
                assert_eq!(times.may_enter(arc), !arcs.clone().any(comes_in), "seed {seed}, arc {arc}");
                entered += usize::from(times.may_enter(arc));
                shut += usize::from(!times.may_enter(arc));
            }
        }
        // Reckoned again from what is known it is the same.
        assert!(times.extended_to(graph) == times, "seed {seed}");
    }
    println!("{entered} closed arcs entered from inside, {shut} shut, {blind} open ones lead out nowhere");
    assert!(entered > 100 && shut > 100 && blind > 20, "{entered}, {shut}, {blind}");
}
