//! Which way a car goes, as noisy fixes tell it: how often that is wrong, and what it costs the time to a meeting point, beside not
//! asking and beside the truth.

use super::tests::{bell, fix, off};
use super::{Match, Matcher};
use crate::city::generate_small;
use crate::road::drawn::Dice;
use crate::road::load::tests::extract;
use crate::road::{Profile, RoadMap, load};

/// Of fixes of cars that drive and stand: what was told of two-way streets, and how far the time to a meeting point was off.
#[derive(Default)]
struct Found {
    /// Fixes in the true street, if that has two directions.
    all: usize,
    known: usize,
    wrong: usize,
    /// Seconds off the time from the true place, headed as it truly was: as told, and with no direction at all.
    told_s: Vec<f64>,
    none_s: Vec<f64>,
    /// The same where only the direction can be wrong: from the true place.
    headed_s: Vec<f64>,
    plain_s: Vec<f64>,
}

fn mean(of: &[f64]) -> f64 {
    of.iter().map(|s| s.abs()).sum::<f64>() / of.len().max(1) as f64
}

impl Found {
    fn share(a: usize, b: usize) -> f64 {
        a as f64 / b.max(1) as f64
    }

    fn print(&self, what: &str) {
        println!(
            "{what}: of {} in their street known {:.3}, wrong of these {:.3}; off by {:.1} s as told and {:.1} s with none; \
             by the direction alone {:.1} s and {:.1} s",
            self.all,
            Self::share(self.known, self.all),
            Self::share(self.wrong, self.known),
            mean(&self.told_s),
            mean(&self.none_s),
            mean(&self.headed_s),
            mean(&self.plain_s),
        );
    }
}

/// By phones that are off by so much each way and call so many times that their error radius: so many traces of ten minutes at most, a fix every five seconds, half a minute of standing after each minute.
fn told(map: &RoadMap, (noise_m, says): (f64, f64), traces: usize, seed: u64) -> Found {
    let (graph, times) = (map.graph(Profile::Drive), map.free_flow(Profile::Drive));
    let headed = |snap, forward| map.headed(Profile::Drive, snap, forward);
    let (mut dice, mut found) = (Dice(seed), Found::default());
    let mut driven = 0;
    while driven < traces {
        let mut end = || graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
        let (from, to, pickup) = (end(), end(), end());
        let Some(route) = times.route(graph, from, &to).filter(|route| route.duration_s > 60.0) else { continue };
        driven += 1;
        let (mut matcher, mut driven_s, mut at_s) = (Matcher::new(), 0.0, 0.0);
        while driven_s < route.duration_s.min(600.0) - 1.0 {
            let stands = at_s % 90.0 >= 60.0;
            let (truth, next) = (route.position_at(driven_s), route.position_at(driven_s + 1.0));
            let (east, north) = bell(&mut dice);
            let seen = off(truth, east * noise_m, north * noise_m);
            let got = matcher.take(graph, &fix(seen, (noise_m * says) as f32, at_s), i64::MAX / 2);
            at_s += 5.0;
            driven_s += if stands { 0.0 } else { 5.0 };
            let Match::Street(street) = got else { continue };
            // Where they truly are: of the streets there the one along which they go on.
            let near = |p| graph.snaps_within(p, 1.0, 8);
            let ahead = near(next);
            let on = near(truth).into_iter().find_map(|here| {
                let there = ahead.iter().find(|there| there.edge == here.edge)?;
                (here.fraction - there.fraction).abs().gt(&0.0).then_some((here, there.fraction > here.fraction))
            });
            let Some((here, forward)) = on else { continue };
            let seconds = |from| times.travel_ms(from, &pickup).map(|ms| f64::from(ms) / 1_000.0);
            let Some(true_s) = seconds(headed(here, Some(forward))) else { continue };
            let off_s = |from| seconds(from).map(|s| s - true_s);
            found.told_s.extend(off_s(headed(street.snap, street.forward)));
            found.none_s.extend(off_s(street.snap.into()));
            let edge = graph.edge(here.edge);
            if street.snap.edge == here.edge && edge.forward() && edge.backward() {
                found.all += 1;
                found.known += usize::from(street.forward.is_some());
                found.wrong += usize::from(street.forward == Some(!forward));
                found.headed_s.extend(off_s(headed(here, street.forward)));
                found.plain_s.extend(off_s(here.into()));
            }
        }
    }
    found
}

#[test]
fn a_direction_is_given_up_sooner_than_it_is_wrong() {
    let map = RoadMap::build(generate_small(7));
    let mut known_before = 1.0;
    for (noise_m, wrong_most) in [(5.0, 0.03), (10.0, 0.03), (20.0, 0.04), (40.0, 0.05)] {
        let told = told(&map, (noise_m, 1.5), 60, 12);
        told.print(&format!("generated city, seed 12, {noise_m} m"));
        let known = Found::share(told.known, told.all);
        assert!(told.all > 3_000 && known < known_before, "the noisier, the less is said");
        assert!(Found::share(told.wrong, told.known) < wrong_most);
        assert!(mean(&told.headed_s) < 0.3 * mean(&told.plain_s) && mean(&told.told_s) < 0.7 * mean(&told.none_s));
        known_before = known;
    }
    // A phone that thinks too well of itself: it says a third of its error.
    let told = told(&map, (20.0, 0.5), 60, 12);
    told.print("generated city, seed 12, 20 m said to be 10 m");
    assert!(mean(&told.headed_s) < 0.5 * mean(&told.plain_s));
}

#[test]
fn in_seoul_too() {
    let Some(path) = extract("seoul-drive-2025-05.osm.pbf") else { return };
    let (data, _) = load::load(&[&path], None, &mut |_| {}).expect("the extract is whole");
    let map = RoadMap::build(data);
    for noise_m in [10.0, 20.0] {
        let told = told(&map, (noise_m, 1.5), 40, 13);
        told.print(&format!("Seoul, seed 13, {noise_m} m"));
        assert!(mean(&told.headed_s) < 0.5 * mean(&told.plain_s));
    }
}
