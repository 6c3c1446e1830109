//! Searches while other threads move the staff and swap the weights. An answer is taken together with who stood where under the same
//! look ([`Live::with`], as the engine takes it), and held against plain Dijkstra over these people under that look's weights. That a
//! look is one that there was is held against what was written down of the moves and swaps. Prints what was compared.

use super::crowd_tests::{Crowd, Move, Place, Shared, make, random_snap};
use super::network_tests::{BOUND_MS, Network, by_time};
use super::oracle_tests::Oracle;
use super::tally_tests::Tally;
use super::{Live, Metric};
use crate::road::drawn::Dice;
use crate::road::{Profile, RoadMap, Snap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const STAFF: usize = 2_000;
/// Threads that search, and the looks of each.
const READERS: usize = 2;
const LOOKS: usize = 60;
/// Looks one after the other, before they are checked: searches follow as closely as moves.
const LOOKS_AT_ONCE: usize = 10;
/// Between two moves: some thousands in a second, more than so many phones send.
const PAUSE: Duration = Duration::from_micros(200);

/// A round of swaps takes a second where it is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of something in order has been begun, and how much is done.
#[derive(Default)]
struct Progress {
    begun: AtomicUsize,
    done: AtomicUsize,
}

impl Progress {
    /// Does the next.
    fn next(&self, work: impl FnOnce()) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        work();
        self.done.fetch_add(1, Ordering::SeqCst);
    }
}

/// What the writers have done.
#[derive(Default)]
struct Written {
    /// In order; a move is here before it is begun.
    log: Mutex<Vec<Move>>,
    moves: Progress,
    swaps: Progress,
    is_over: AtomicBool,
}

/// Under one look.
struct Look {
    pickup: Snap,
    /// By id.
    places: Vec<Option<Place>>,
    metric: Arc<Metric>,
    soonest: Vec<(u32, u32)>,
    all: Vec<(u32, u32)>,
    nearest: Vec<(u32, u32)>,
    /// What was done for sure and what may have been.
    moves: [usize; 2],
    swaps: [usize; 2],
}

struct Scene<'a> {
    network: &'a Network<'a>,
    live: &'a Live<u32>,
    /// Swapped in one after the other, the first again after the last, each with its oracle.
    sides: Vec<(Arc<Metric>, Oracle<'a>)>,
    first: Vec<Option<Place>>,
    written: Written,
}

impl<'a> Scene<'a> {
    fn new(network: &'a Network<'a>, shared: &'a Shared, sides: Vec<(Arc<Metric>, Oracle<'a>)>) -> Self {
        let first = shared.crowd.places().to_vec();
        Self { network, live: &shared.live, sides, first, written: Written::default() }
    }

    fn move_staff(&self, dice: &mut Dice, crowd: &mut Crowd) {
        while !self.written.is_over.load(Ordering::SeqCst) {
            let to = crowd.go_on(dice, self.network.graph);
            self.written.log.lock().unwrap().push(to);
            self.written.moves.next(|| make(self.live, to));
            std::thread::sleep(PAUSE);
        }
    }

    fn swap_weights(&self) {
        for (metric, _) in self.sides.iter().cycle().skip(1) {
            if self.written.is_over.load(Ordering::SeqCst) {
                return;
            }
            self.written.swaps.next(|| {
                let fresh = self.live.begin().onto(Arc::clone(metric));
                assert!(self.live.swap(fresh), "nobody else swaps");
            });
        }
    }

    fn look(&self, dice: &mut Dice) -> Look {
        let pickup = random_snap(dice, self.network.graph);
        let Written { moves, swaps, .. } = &self.written;
        let done = [&moves.done, &swaps.done].map(|count| count.load(Ordering::SeqCst));
        let mut look = self.live.with(|buckets| {
            let mut places = vec![None; STAFF];
            buckets.iter().for_each(|(id, at, free_ms)| places[id as usize] = Some((at, free_ms)));
            Look {
                pickup,
                places,
                metric: Arc::clone(buckets.metric()),
                soonest: by_time(buckets.soonest(&pickup, BOUND_MS)),
                all: by_time(buckets.all(&pickup, BOUND_MS)),
                nearest: by_time(buckets.nearest(&pickup, 10, BOUND_MS, |_| true)),
                moves: [done[0], 0],
                swaps: [done[1], 0],
            }
        });
        look.moves[1] = moves.begun.load(Ordering::SeqCst);
        look.swaps[1] = swaps.begun.load(Ordering::SeqCst);
        look
    }

    /// A look that sees these weights: which ones a look meets by chance is the scheduler's to say.
    fn look_at(&self, metric: &Arc<Metric>, dice: &mut Dice) -> Look {
        let since = Instant::now();
        loop {
            let look = self.look(dice);
            if Arc::ptr_eq(&look.metric, metric) {
                return look;
            }
            assert!(since.elapsed() < PATIENCE, "each of the weights has its turn again and again");
            std::thread::sleep(PAUSE);
        }
    }

    /// Looks and checks them; how often each of the weights was seen comes back with what was compared.
    fn read(&self, seed: u64) -> (Tally, Vec<usize>) {
        let (mut dice, mut tally) = (Dice(seed), Tally::of(STAFF));
        let mut seen = vec![0; self.sides.len()];
        let (mut places, mut made) = (self.first.clone(), 0);
        for batch in 0..LOOKS / LOOKS_AT_ONCE {
            let first = self.look_at(&self.sides[batch % self.sides.len()].0, &mut dice);
            let more: Vec<Look> = (1..LOOKS_AT_ONCE).map(|_| self.look(&mut dice)).collect();
            for look in std::iter::once(first).chain(more) {
                self.catch_up(&mut places, &mut made, look.moves[0]);
                let there_was = (look.moves[0]..=look.moves[1]).any(|moves| {
                    self.catch_up(&mut places, &mut made, moves);
                    places == look.places
                });
                tally.expect("who stood where at some moment of the look", &there_was, &true);
                let number = (look.swaps[0]..=look.swaps[1])
                    .map(|swaps| swaps % self.sides.len())
                    .find(|&side| Arc::ptr_eq(&self.sides[side].0, &look.metric));
                tally.expect("weights of some moment of the look", &number.is_some(), &true);
                let Some(side) = number else { continue };
                seen[side] += 1;
                check(&look, &self.sides[side].1, &mut tally);
            }
        }
        (tally, seen)
    }

    /// Makes the moves from the so-and-so-many made to another number here, too.
    fn catch_up(&self, places: &mut [Option<Place>], made: &mut usize, moves: usize) {
        let log = self.written.log.lock().unwrap();
        for &(id, to) in log.get(*made..moves).unwrap_or_default() {
            places[id as usize] = to;
        }
        *made = moves.max(*made);
    }
}

fn check(look: &Look, oracle: &Oracle<'_>, tally: &mut Tally) {
    let standing = || (0u32..).zip(&look.places).filter_map(|(id, place)| Some((id, (*place)?)));
    tally.asked(standing().count());
    let expected = oracle.to(&look.pickup).soonest(standing(), BOUND_MS);
    tally.expect("soonest", &look.soonest, &expected);
    let mut all = look.all.clone();
    all.sort_unstable();
    tally.expect("all", &all, &expected);
    tally.expect("nearest", &look.nearest, &expected[..expected.len().min(10)].to_vec());
}

fn compare(name: &str, map: &RoadMap, profile: Profile, seed: u64) {
    let network = Network::shipped(map, profile);
    let mut dice = Dice(seed);
    let side = |phase| {
        let times = network.times(&mut dice, phase);
        (Arc::new(Metric::new(&network.hierarchy, times.clone())), network.oracle(times))
    };
    let sides: Vec<_> = (0..3).map(side).collect();
    let shared = Shared::new(Crowd::new(&mut dice, network.graph, STAFF), &sides[0].0);
    let scene = Scene::new(&network, &shared, sides);
    let mut crowd = Crowd::at(&scene.first);
    let read = std::thread::scope(|scope| {
        scope.spawn(|| scene.move_staff(&mut dice, &mut crowd));
        scope.spawn(|| scene.swap_weights());
        let scene = &scene;
        let readers: Vec<_> = (0..READERS as u64).map(|nth| scope.spawn(move || scene.read(seed + 1 + nth))).collect();
        let read: Vec<_> = readers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        // Whatever became of them: who writes is waited for.
        scene.written.is_over.store(true, Ordering::SeqCst);
        read
    });
    let (mut tally, mut seen) = (Tally::of(STAFF), [0; 3]);
    for reader in read {
        let (compared, saw) = reader.expect("a reader does not panic");
        tally.add(compared);
        seen.iter_mut().zip(saw).for_each(|(seen, more)| *seen += more);
    }
    let mut last = vec![None; STAFF];
    shared.live.with(|b| b.iter().for_each(|(id, at, free_ms)| last[id as usize] = Some((at, free_ms))));
    tally.expect("who stands where in the end", &(last == crowd.places()), &true);
    tally.print(name);
    let Written { moves, swaps, .. } = &scene.written;
    let [moves, swaps] = [moves, swaps].map(|progress| progress.done.load(Ordering::SeqCst));
    println!("{name}: {moves} moves and {swaps} swaps of weights, of each seen {seen:?}");
    assert!(moves > tally.queries && swaps > 3 && !seen.contains(&0), "{moves} moves, {swaps} swaps, seen {seen:?}");
}

fn generated() -> RoadMap {
    RoadMap::build(crate::city::generate(crate::city::DEFAULT_SEED))
}

#[test]
fn agrees_with_dijkstra_by_car_while_staff_move_and_weights_change() {
    compare("generated, drive, turns, meanwhile", &generated(), Profile::Drive, 11);
}

#[test]
fn agrees_with_dijkstra_on_foot_while_staff_move_and_weights_change() {
    compare("generated, walk, meanwhile", &generated(), Profile::Walk, 21);
}

fn town() -> RoadMap {
    RoadMap::build(crate::city::generate_small(3))
}

#[test]
fn agrees_with_dijkstra_by_bicycle_while_staff_move_and_weights_change() {
    compare("generated town, cycle, turns, meanwhile", &town(), Profile::Cycle, 31);
}

#[test]
fn agrees_with_dijkstra_by_subway_while_staff_move_and_weights_change() {
    compare("generated town, transit, meanwhile", &town(), Profile::Transit, 41);
}
