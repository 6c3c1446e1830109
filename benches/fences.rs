//! What a fix costs at the fences, with 10 to 10,000 of them, against asking every fence. "Everybody's" fences watch all staff, so
//! the more there are, the more stand around a fix; a "crew's" watches two people, as the service's do, wherever the others are.

use geo::fence::{Circle, Crossing, Fences, Inside};
use geo::{Fix, FixKind, Position};
use harness::figures::{self, SEED, measure, note, row};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Staff who walk about.
const STAFF: usize = 10_000;
/// Fences.
const COUNTS: [u32; 3] = [10, 1_000, 10_000];
/// Fixes in a round, so that a round is long enough to be timed.
const FIXES: usize = 1_000;
/// Metres between two fixes of one phone.
const STEP_M: f64 = 30.0;
/// Fixes for which the fences are held against asking every one.
const COMPARED: usize = 4_000;

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading(&format!("fences: a round is {FIXES} fixes, so us a round are ns a fix"));
    for count in COUNTS {
        let base = everybodys(count, &Spread::City, None);
        everybodys(count, &Spread::City, Some(base));
        crews(count, &Spread::City);
    }
    crews(COUNTS[2], &Spread::Square);
    everybodys(COUNTS[1], &Spread::Square, Some(f64::NAN));
}

/// Where the fences are.
enum Spread {
    /// All over the city.
    City,
    /// All around one square, and everybody there: the worst.
    Square,
}

impl Spread {
    const fn word(&self) -> &'static str {
        match self {
            Self::City => "",
            Self::Square => "worst, all on one square: ",
        }
    }

    fn somewhere(&self, dice: &mut StdRng) -> (f64, f64) {
        match self {
            Self::City => (dice.random_range(37.43..37.70), dice.random_range(126.77..127.18)),
            Self::Square => (dice.random_range(37.565..37.568), dice.random_range(126.976..126.980)),
        }
    }
}

/// Staff who walk on by one step a fix.
struct Walkers {
    dice: StdRng,
    at: Vec<(f64, f64)>,
}

impl Walkers {
    fn new(spread: &Spread) -> Self {
        let mut dice = StdRng::seed_from_u64(SEED);
        let at = (0..STAFF).map(|_| spread.somewhere(&mut dice)).collect();
        Self { dice, at }
    }

    fn step(&mut self) -> (usize, Fix) {
        let who = self.dice.random_range(0..STAFF);
        let angle = self.dice.random_range(0.0..std::f64::consts::TAU);
        let (lat, lon) = &mut self.at[who];
        *lat += STEP_M * angle.cos() / 111_195.0;
        *lon += STEP_M * angle.sin() / 88_200.0;
        let position = Position::new(*lat, *lon).expect("within Seoul");
        let fix = Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms: 0, session_epoch: 1, seq: 1 };
        (who, fix)
    }
}

fn circles(count: u32, spread: &Spread) -> Vec<Circle> {
    let mut dice = StdRng::seed_from_u64(SEED + 1);
    let mut circle = |_| {
        let (lat, lon) = spread.somewhere(&mut dice);
        Circle::new(Position::new(lat, lon).expect("within Seoul"), dice.random_range(80.0..300.0)).expect("a size")
    };
    (0..count).map(&mut circle).collect()
}

/// Fences that watch all staff; without `base` by asking every one of them. Returns the median.
fn everybodys(count: u32, spread: &Spread, base: Option<f64>) -> f64 {
    let circles = circles(count, spread);
    let Some(base) = base else {
        let mut walkers = Walkers::new(spread);
        let mut inside: Vec<Vec<u32>> = vec![Vec::new(); STAFF];
        let times = measure(20, |_| {
            for _ in 0..FIXES {
                let (who, fix) = walkers.step();
                std::hint::black_box(ask_all(&circles, &fix, &mut inside[who]));
            }
        });
        row(&format!("baseline, each of {count} asked"), &times, None);
        return times.p50_us();
    };
    let mut fences = Fences::default();
    for (key, circle) in (0..).zip(&circles) {
        fences.put(key, (), *circle, i64::MAX);
    }
    let mut walkers = Walkers::new(spread);
    let mut inside: Vec<Inside<u32>> = vec![Inside::default(); STAFF];
    let times = measure(200, |_| {
        for _ in 0..FIXES {
            let (who, fix) = walkers.step();
            std::hint::black_box(fences.step((), &mut inside[who], &fix, 0));
        }
    });
    row(&format!("{}{count} that watch everybody", spread.word()), &times, base.is_finite().then_some(base));
    let mut walkers = Walkers::new(spread);
    let (mut known, mut inside) = (vec![Vec::new(); STAFF], vec![Inside::default(); STAFF]);
    let differ = (0..COMPARED).filter(|_| {
        let (who, fix) = walkers.step();
        ask_all(&circles, &fix, &mut known[who]) != fences.step((), &mut inside[who], &fix, 0)
    });
    note(format_args!("told otherwise than by asking every one: {} of {COMPARED} fixes", differ.count()));
    times.p50_us()
}

/// Fences each of which watches one crew, as those of trips do.
fn crews(count: u32, spread: &Spread) {
    let mut fences = Fences::default();
    for (key, circle) in (0..).zip(circles(count, spread)) {
        fences.put(key, key, circle, i64::MAX);
    }
    let mut walkers = Walkers::new(spread);
    let mut inside: Vec<Inside<u32>> = vec![Inside::default(); STAFF];
    let times = measure(200, |_| {
        for _ in 0..FIXES {
            let (who, fix) = walkers.step();
            std::hint::black_box(fences.step(who as u32 % count, &mut inside[who], &fix, 0));
        }
    });
    row(&format!("{}{count} that watch a crew each", spread.word()), &times, None);
}

/// What a fix tells of all fences, in the order in which [`Fences::step`] does.
fn ask_all(circles: &[Circle], fix: &Fix, inside: &mut Vec<u32>) -> Vec<(u32, Crossing)> {
    let (mut left, mut entered) = (Vec::new(), Vec::new());
    for (key, circle) in (0..).zip(circles) {
        let known = inside.iter().position(|inside| *inside == key);
        match (circle.holds(fix), known) {
            (Some(true), None) => {
                inside.push(key);
                entered.push((key, Crossing::Entered));
            }
            (Some(false), Some(at)) => {
                inside.swap_remove(at);
                left.push((key, Crossing::Left));
            }
            _ => {}
        }
    }
    left.extend(entered);
    left
}
