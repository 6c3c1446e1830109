//! Noisy traces through the generated city, held against the plain nearest street; fixes that are no use.

use super::{Match, Matcher, WeakFix};
use crate::city::generate_small;
use crate::fix::{Fix, FixKind};
use crate::jump::JUMPS_BELIEVED;
use crate::position::Position;
use crate::road::drawn::{Dice, draw, place};
use crate::road::{Graph, Profile, RoadMap};

pub(super) fn fix(position: Position, accuracy_m: f32, taken_at_s: f64) -> Fix {
    let taken_at_ms = (taken_at_s * 1000.0) as i64;
    Fix { position, accuracy_m, kind: FixKind::Gps, taken_at_ms, session_epoch: 1, seq: taken_at_ms as u32 }
}

/// Two numbers of a bell curve around 0 with spread 1.
pub(super) fn bell(dice: &mut Dice) -> (f64, f64) {
    let radius = (-2.0 * (1.0 - dice.unit()).ln()).sqrt();
    let (sin, cos) = (dice.unit() * std::f64::consts::TAU).sin_cos();
    (radius * cos, radius * sin)
}

pub(super) fn off(p: Position, east_m: f64, north_m: f64) -> Position {
    let metre = 1.0 / 111_195.0;
    Position::new(p.lat() + north_m * metre, p.lon() + east_m * metre / p.lat().to_radians().cos()).unwrap()
}

/// Whether the true place lies on that edge.
fn is_on(graph: &Graph, edge: u32, truth: Position) -> bool {
    graph.snaps_within(truth, 1.0, 8).iter().any(|s| s.edge == edge)
}

/// How many fixes were put into the right street.
#[derive(Default)]
struct Count {
    all: usize,
    matched: usize,
    plain: usize,
    /// Called sure, and right of those.
    sure: usize,
    sure_matched: usize,
    /// By the matcher, printed only.
    taken: std::time::Duration,
}

impl Count {
    fn share(&self, right: usize) -> f64 {
        right as f64 / self.all.max(1) as f64
    }
}

/// Of all fixes, and of those further than three spreads from the ends of their true street: near a junction nothing can
/// tell the piece of street before it from the one behind.
fn counts(graph: &Graph, noise_m: f64, every_s: f32, seed: u64) -> (Count, Count) {
    let mut dice = Dice(seed);
    let (mut all, mut inner) = (Count::default(), Count::default());
    for _ in 0..40 {
        let mut end = || graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
        let (from, to) = (end(), end());
        let Some(route) = graph.route(&from, &to) else { continue };
        let mut matcher = Matcher::new();
        let mut at_s = 0.0;
        while at_s < route.duration_s.min(600.0) {
            let truth = route.position_at(at_s);
            let (east, north) = bell(&mut dice);
            let seen = off(truth, east * noise_m, north * noise_m);
            let fix = fix(seen, (noise_m * 1.5) as f32, f64::from(at_s));
            let begun = std::time::Instant::now();
            let got = matcher.take(graph, &fix, i64::MAX / 2);
            all.taken += begun.elapsed();
            let matched = matches!(got, Match::Street(street) if is_on(graph, street.snap.edge, truth));
            let sure = matches!(got, Match::Street(street) if street.sure);
            let plain = graph.snap(seen).is_some_and(|s| is_on(graph, s.edge, truth));
            let edge = graph.edge(graph.snap(truth).unwrap().edge);
            let is_inner = [edge.start, edge.end].iter().all(|&n| graph.node(n).distance_m(truth) > 3.0 * noise_m);
            for count in std::iter::once(&mut all).chain(is_inner.then_some(&mut inner)) {
                count.all += 1;
                count.matched += usize::from(matched);
                count.plain += usize::from(plain);
                count.sure += usize::from(sure);
                count.sure_matched += usize::from(sure && matched);
            }
            at_s += every_s;
        }
    }
    (all, inner)
}

#[test]
fn more_fixes_find_their_street_than_by_snapping() {
    let map = RoadMap::build(generate_small(7));
    for (profile, every_s) in [(Profile::Drive, 5.0), (Profile::Walk, 10.0)] {
        for (noise_m, at_least) in [(5.0, 0.9), (10.0, 0.8), (20.0, 0.65)] {
            let (all, inner) = counts(map.graph(profile), noise_m, every_s, 11);
            let (matched, plain) = (all.share(all.matched), all.share(all.plain));
            println!(
                "seed 11, {profile:?}, {noise_m} m: matched {matched:.3}, nearest {plain:.3} of {} fixes; \
                 away from junctions {:.3}, {:.3} of {}, sure {} and right {}; {:.0} us a fix",
                all.all,
                inner.share(inner.matched),
                inner.share(inner.plain),
                inner.all,
                inner.sure,
                inner.sure_matched,
                all.taken.as_secs_f64() * 1e6 / all.all as f64,
            );
            assert!(all.all > 1_000);
            assert!(matched > at_least, "{matched}");
            // Of the mistakes of plain snapping a good part goes away.
            assert!(1.0 - matched < 0.9 * (1.0 - plain), "{matched} and {plain}");
            assert!(inner.matched > inner.plain);
            // What is called sure is wrong half as often, at most, as what is said at all.
            let sure = inner.sure_matched as f64 / inner.sure as f64;
            assert!(
                inner.sure > 100 && 1.0 - sure < 0.5 * (1.0 - inner.share(inner.matched)),
                "{sure} of {}",
                inner.sure
            );
        }
    }
}

/// Of fixes of a car on a street with two directions: all, those whose direction is known, and the right ones of these. It drives,
/// and stands still for half a minute after every minute.
fn directions(graph: &Graph, noise_m: f64, seed: u64) -> [[usize; 3]; 2] {
    let mut dice = Dice(seed);
    let mut counts = [[0; 3]; 2];
    for _ in 0..60 {
        let mut end = || graph.snap_at(dice.below(graph.edge_count()) as u32, dice.unit() as f32);
        let (from, to) = (end(), end());
        let Some(route) = graph.route(&from, &to) else { continue };
        let (mut matcher, mut driven_s, mut at_s) = (Matcher::new(), 0.0, 0.0);
        while driven_s < route.duration_s.min(600.0) - 1.0 {
            let stands = at_s % 90.0 >= 60.0;
            let (truth, next) = (route.position_at(driven_s), route.position_at(driven_s + 1.0));
            let (east, north) = bell(&mut dice);
            let seen = off(truth, east * noise_m, north * noise_m);
            let got = matcher.take(graph, &fix(seen, (noise_m * 1.5) as f32, at_s), i64::MAX / 2);
            at_s += 5.0;
            driven_s += if stands { 0.0 } else { 5.0 };
            let Match::Street(street) = got else { continue };
            let edge = street.snap.edge;
            let along = |p: Position| graph.snaps_within(p, 1.0, 8).into_iter().find(|s| s.edge == edge);
            let (Some(here), Some(there)) = (along(truth), along(next)) else { continue };
            if graph.edge(edge).forward() && graph.edge(edge).backward() && (here.fraction - there.fraction).abs() > 0.0
            {
                let count = &mut counts[usize::from(stands)];
                count[0] += 1;
                count[1] += usize::from(street.forward.is_some());
                count[2] += usize::from(street.forward == Some(there.fraction > here.fraction));
            }
        }
    }
    counts
}

#[test]
fn which_way_a_car_goes_is_known_mostly_and_then_right_driving_and_standing() {
    let map = RoadMap::build(generate_small(7));
    let counts = directions(map.graph(Profile::Drive), 5.0, 12);
    for ([all, known, right], what) in counts.into_iter().zip(["driving", "standing"]) {
        let share = |a: usize, b: usize| a as f64 / b.max(1) as f64;
        let (known, right) = (share(known, all), share(right, known));
        println!("seed 12, 5 m, {what}: known {known:.3} of {all}, right {right:.3}");
        assert!(all > 300);
        // Without the heading from the anchor 0.855 of those who stand are right.
        assert!(known > 0.8 && right > 0.92, "{what}");
    }
}

/// Two parallel streets 200 m apart, joined at their ends.
const PARALLEL: &str = "\
A----------B
|          |
C----------D";

#[test]
fn one_wild_fix_does_not_change_the_street() {
    let drawn = draw(PARALLEL);
    let graph = drawn.map.graph(Profile::Walk);
    let mut matcher = Matcher::new();
    let mut streets = Vec::new();
    for (i, south) in [2.0, -3.0, 4.0, 110.0, 3.0, -2.0].into_iter().enumerate() {
        let got = matcher.take(graph, &fix(place(100.0 + 14.0 * i as f64, south), 60.0, 10.0 * i as f64), i64::MAX / 2);
        let Match::Street(street) = got else { panic!("{got:?}") };
        streets.push(street.snap.edge);
    }
    let first = streets[0];
    assert_eq!(streets, [first; 6]);
}

#[test]
fn the_direction_is_learnt_by_moving() {
    let drawn = draw(PARALLEL);
    let graph = drawn.map.graph(Profile::Walk);
    let direction = |step_m: f64| {
        let mut matcher = Matcher::new();
        let mut last = None;
        for i in 0..5 {
            let at = place(500.0 + step_m * f64::from(i), 1.0);
            last = Some(matcher.take(graph, &fix(at, 8.0, 10.0 * f64::from(i)), i64::MAX / 2));
        }
        let Some(Match::Street(street)) = last else { panic!("{last:?}") };
        let edge = graph.edge(street.snap.edge);
        street.forward.map(|f| f == (graph.node(edge.end).lon() > graph.node(edge.start).lon()))
    };
    assert_eq!((direction(15.0), direction(-15.0), direction(0.0)), (Some(true), Some(false), None));
}

#[test]
fn weak_fixes_say_why_and_change_nothing() {
    let drawn = draw(PARALLEL);
    let graph = drawn.map.graph(Profile::Drive);
    let mut matcher = Matcher::new();
    let now = 1_000_000;
    let at = |east, south, accuracy, s| fix(place(east, south), accuracy, s);
    let Match::Street(first) = matcher.take(graph, &at(300.0, 2.0, 10.0, 100.0), now) else { panic!("a street") };
    let before = format!("{matcher:?}");
    for (fix, why) in [
        (at(310.0, 50.0, 10.0, 101.0), WeakFix::OffStreet),
        (at(300.0, 5_000.0, 10.0, 101.0), WeakFix::OffStreet),
        (at(310.0, 2.0, 2_000.0, 101.0), WeakFix::Inaccurate),
        (at(310.0, 2.0, f32::NAN, 101.0), WeakFix::Inaccurate),
        (at(310.0, 2.0, 10.0, 1_006.0), WeakFix::Future),
        (at(310.0, 2.0, 10.0, 94.0), WeakFix::OutOfOrder),
        (at(410.0, 2.0, 10.0, 99.0), WeakFix::OutOfOrder),
        (at(1_090.0, 2.0, 10.0, 101.0), WeakFix::Jump),
    ] {
        assert_eq!(matcher.take(graph, &fix, now), Match::Weak(why));
        assert_eq!(format!("{matcher:?}"), before);
    }
    // Told again, and a moment late: ages err by seconds.
    for again in [at(300.0, 2.0, 10.0, 100.0), at(310.0, 2.0, 10.0, 98.0)] {
        assert_eq!(matcher.take(graph, &again, now), Match::Street(first));
        assert_eq!(format!("{matcher:?}"), before);
    }
    let Match::Street(next) = matcher.take(graph, &at(320.0, 2.0, 10.0, 105.0), now) else { panic!("a street") };
    assert_eq!(next.snap.edge, first.snap.edge);
}

#[test]
fn a_jump_is_believed_when_it_stays() {
    let drawn = draw(PARALLEL);
    let graph = drawn.map.graph(Profile::Walk);
    let mut matcher = Matcher::new();
    let mut take = |east, s| matcher.take(graph, &fix(place(east, 1.0), 5.0, s), i64::MAX / 2);
    assert!(matches!(take(50.0, 0.0), Match::Street(_)));
    for i in 1..JUMPS_BELIEVED {
        assert_eq!(take(1_000.0, f64::from(i)), Match::Weak(WeakFix::Jump));
    }
    assert!(matches!(take(1_000.0, f64::from(JUMPS_BELIEVED)), Match::Street(_)));
    // And once believed, it is where one is.
    assert!(matches!(take(1_001.0, 9.0), Match::Street(_)));
}

#[test]
fn an_empty_map_matches_nothing() {
    let map = RoadMap::build(crate::road::drawn::data(Vec::new(), Vec::new()));
    let got = Matcher::new().take(map.graph(Profile::Drive), &fix(place(0.0, 0.0), 5.0, 1.0), i64::MAX / 2);
    assert_eq!(got, Match::Weak(WeakFix::OffStreet));
}
