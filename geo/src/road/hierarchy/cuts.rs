//! Owns the halving of a street network: cut in two along the fewest streets, each half again, down to single junctions
//! (nested dissection by inertial flow). Knows places and streets, neither times nor turns.
//!
//! To halve: sort the junctions along a direction. The first quarter shall be on one side and the last quarter on the other;
//! the fewest streets between them are a maximum flow. The best of some directions is taken.

use crate::position::Position;

/// Tried with either end as the source: the cut found lies near it.
const DIRECTIONS: usize = 8;

/// One part in so many is on a side for certain.
const CERTAIN_PART: usize = 4;

/// Not reached, not numbered.
const NONE: u32 = u32::MAX;

/// All arcs (`edge * 2 + direction`), those over the first cut last. Of one cut those from its first side to the second come
/// before those back: then no shortcut is ever needed between two of the former, since between them lies one of the latter.
pub(super) fn arc_order(places: &[Position], ends: &[[u32; 2]]) -> Vec<u32> {
    let mut last_first: Vec<u32> = Vec::with_capacity(ends.len() * 2);
    let (loops, streets): (Vec<u32>, Vec<u32>) =
        (0..ends.len() as u32).partition(|&e| ends[e as usize][0] == ends[e as usize][1]);
    let mut number = vec![NONE; places.len()];
    let mut cells = vec![streets];
    while let Some(cell) = cells.pop() {
        if cell.is_empty() {
            continue;
        }
        let network = Network::new(places, ends, &cell, &mut number);
        let second = network.halve();
        let side = |junction: u32| second[number[junction as usize] as usize];
        let (mut halves, mut cut) = ([Vec::new(), Vec::new()], Vec::new());
        for edge in cell {
            match ends[edge as usize].map(side) {
                [a, b] if a == b => halves[usize::from(a)].push(edge),
                [from_second, _] => cut.push((edge * 2 + u32::from(!from_second), edge * 2 + u32::from(from_second))),
            }
        }
        last_first.extend(cut.iter().map(|c| c.0));
        last_first.extend(cut.iter().map(|c| c.1));
        cells.extend(halves);
    }
    last_first.extend(loops.iter().flat_map(|&e| [e * 2, e * 2 + 1]));
    last_first.reverse();
    last_first
}

/// Some streets and their junctions, numbered from 0.
struct Network {
    places: Vec<[f64; 2]>,
    /// Steps from junction `n`: `first[n]..first[n + 1]`.
    first: Vec<u32>,
    steps: Vec<Step>,
    streets: usize,
}

#[derive(Clone, Copy, Default)]
struct Step {
    to: u32,
    street: u32,
    /// 1 along the street, -1 against it.
    sense: i8,
}

impl Network {
    /// `number` is overwritten for the junctions of these streets.
    fn new(places: &[Position], ends: &[[u32; 2]], streets: &[u32], number: &mut [u32]) -> Self {
        let ends = || streets.iter().map(|&street| ends[street as usize]);
        for junction in ends().flatten() {
            number[junction as usize] = NONE;
        }
        let mut own = Vec::new();
        for junction in ends().flatten() {
            let number = &mut number[junction as usize];
            if *number == NONE {
                *number = own.len() as u32;
                own.push([places[junction as usize].lat(), places[junction as usize].lon()]);
            }
        }
        let ends = || ends().map(|pair| pair.map(|junction| number[junction as usize] as usize));
        let mut first = vec![0u32; own.len() + 1];
        for junction in ends().flatten() {
            first[junction + 1] += 1;
        }
        for n in 0..own.len() {
            first[n + 1] += first[n];
        }
        let (mut next, mut steps) = (first.clone(), vec![Step::default(); streets.len() * 2]);
        for (street, [a, b]) in (0u32..).zip(ends()) {
            for (from, to, sense) in [(a, b, 1), (b, a, -1)] {
                steps[next[from] as usize] = Step { to: to as u32, street, sense };
                next[from] += 1;
            }
        }
        Self { places: own, first, steps, streets: streets.len() }
    }

    /// Whether each junction is on the second side.
    fn halve(&self) -> Vec<bool> {
        let junctions = self.places.len();
        let certain = (junctions / CERTAIN_PART).max(1);
        let mut best = Halves { cut: usize::MAX, smaller: 0, second: vec![false; junctions] };
        let mut sorted: Vec<u32> = (0..junctions as u32).collect();
        for direction in 0..DIRECTIONS {
            let (sin, cos) = (std::f64::consts::TAU * direction as f64 / DIRECTIONS as f64).sin_cos();
            let along = |n: u32| self.places[n as usize][0] * sin + self.places[n as usize][1] * cos;
            let by_place = |a: &u32, b: &u32| along(*a).total_cmp(&along(*b)).then(a.cmp(b));
            sorted.select_nth_unstable_by(certain - 1, by_place);
            sorted[certain..].select_nth_unstable_by(junctions - 2 * certain, by_place);
            if let Some(halves) = self.part(&sorted[..certain], &sorted[junctions - certain..], &best) {
                best = halves;
            }
        }
        best.second
    }

    /// The fewest streets between sources and sinks; `None` where that is no better than what is known.
    fn part(&self, sources: &[u32], sinks: &[u32], known: &Halves) -> Option<Halves> {
        let junctions = self.places.len();
        let is_one_of = |some: &[u32]| {
            let mut is_one = vec![false; junctions];
            for &junction in some {
                is_one[junction as usize] = true;
            }
            is_one
        };
        let (is_source, is_sink) = (is_one_of(sources), is_one_of(sinks));
        let leads_out = |source: &&u32| self.steps_from(**source).iter().any(|step| !is_source[step.to as usize]);
        let border: Vec<u32> = sources.iter().filter(leads_out).copied().collect();
        let mut flow = vec![0i8; self.streets];
        let mut total = 0;
        loop {
            let mut level: Vec<u32> = is_source.iter().map(|&is_source| if is_source { 0 } else { NONE }).collect();
            self.rise(&border, &is_sink, &flow, &mut level);
            if sinks.iter().all(|&sink| level[sink as usize] == NONE) {
                let second: Vec<bool> = level.iter().map(|&l| l == NONE).collect();
                let count = second.iter().filter(|&&s| s).count();
                let halves = Halves { cut: total, smaller: count.min(junctions - count), second };
                return halves.is_better_than(known).then_some(halves);
            }
            total += self.augment(&border, &is_sink, &mut level, &mut flow);
            if total >= known.cut {
                let even = Halves { cut: total, smaller: junctions / 2, second: Vec::new() };
                if !even.is_better_than(known) {
                    return None;
                }
            }
        }
    }

    /// Steps from a source to each junction along streets with room, as far as the nearest sink.
    fn rise(&self, sources: &[u32], is_sink: &[bool], flow: &[i8], level: &mut [u32]) {
        let mut queue = sources.to_vec();
        let (mut at, mut top) = (0, NONE);
        while let Some(&here) = queue.get(at) {
            at += 1;
            let next = level[here as usize] + 1;
            if next > top {
                break;
            }
            for step in self.steps_from(here) {
                if level[step.to as usize] == NONE && step.has_room(flow) {
                    level[step.to as usize] = next;
                    queue.push(step.to);
                    if is_sink[step.to as usize] {
                        top = next;
                    }
                }
            }
        }
    }

    /// Ways from sources to sinks, each a level further with every step, until there is none left; how many.
    fn augment(&self, sources: &[u32], is_sink: &[bool], level: &mut [u32], flow: &mut [i8]) -> usize {
        let mut next = self.first.clone();
        let (mut way, mut ways) = (Vec::new(), 0);
        for &source in sources {
            let mut here = source as usize;
            loop {
                if is_sink[here] {
                    for slot in way.drain(..) {
                        let step: Step = self.steps[slot];
                        flow[step.street as usize] += step.sense;
                    }
                    ways += 1;
                    here = source as usize;
                }
                let slot = next[here] as usize;
                if slot < self.first[here + 1] as usize {
                    let step = self.steps[slot];
                    if level[step.to as usize] == level[here] + 1 && step.has_room(flow) {
                        way.push(slot);
                        here = step.to as usize;
                    } else {
                        next[here] += 1;
                    }
                    continue;
                }
                // A dead end.
                level[here] = NONE;
                let Some(slot) = way.pop() else { break };
                here = way.last().map_or(source, |&slot: &usize| self.steps[slot].to) as usize;
                debug_assert_eq!(next[here] as usize, slot);
                next[here] += 1;
            }
        }
        ways
    }

    fn steps_from(&self, junction: u32) -> &[Step] {
        &self.steps[self.first[junction as usize] as usize..self.first[junction as usize + 1] as usize]
    }
}

impl Step {
    /// A street carries one either way.
    fn has_room(&self, flow: &[i8]) -> bool {
        flow[self.street as usize] * self.sense < 1
    }
}

/// How a network is halved.
struct Halves {
    /// Streets between the sides.
    cut: usize,
    /// Junctions on the smaller side.
    smaller: usize,
    second: Vec<bool>,
}

impl Halves {
    /// Fewer streets for each junction that is parted from the rest.
    fn is_better_than(&self, other: &Self) -> bool {
        self.cut.saturating_mul(other.smaller) < other.cut.saturating_mul(self.smaller)
    }
}

#[cfg(test)]
#[path = "cuts_tests.rs"]
mod tests;
