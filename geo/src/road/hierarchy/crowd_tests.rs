//! Owns staff who move about a network: so many, nearly all of whom stand on the road at any time. Where they stand is written down
//! here, independent of what searches them.

use super::{Live, Metric};
use crate::road::drawn::Dice;
use crate::road::graph::Graph;
use crate::road::{Headed, Snap};
use std::sync::Arc;

/// Where somebody stands, and the milliseconds until they are free there.
pub(super) type Place = (Headed, u32);

/// Who, and where to; `None` is off the road.
pub(super) type Move = (u32, Option<Place>);

pub(super) struct Crowd {
    /// By id; none: off the road.
    places: Vec<Option<Place>>,
    away: Vec<u32>,
}

impl Crowd {
    /// All of them on the road.
    pub(super) fn new(dice: &mut Dice, graph: &Graph, staff: usize) -> Self {
        let places = (0..staff).map(|_| Some((random_place(dice, graph), free_ms(dice)))).collect();
        Self { places, away: Vec::new() }
    }

    /// The same once more.
    pub(super) fn at(places: &[Option<Place>]) -> Self {
        let away = (0u32..).zip(places).filter(|(_, place)| place.is_none()).map(|(id, _)| id);
        Self { places: places.to_vec(), away: away.collect() }
    }

    /// Those on the road, by id.
    pub(super) fn standing(&self) -> impl Iterator<Item = (u32, Place)> + '_ {
        (0u32..).zip(&self.places).filter_map(|(id, place)| Some((id, (*place)?)))
    }

    /// How many that are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.away.len()
    }

    /// By id, those who are away as well.
    pub(super) fn places(&self) -> &[Option<Place>] {
        &self.places
    }

    /// Any one of them; nobody if all are away.
    pub(super) fn anybody(&self, dice: &mut Dice) -> Option<(u32, Place)> {
        let first = dice.below(self.places.len());
        let mut from_first = (first..self.places.len()).chain(0..first);
        from_first.find_map(|id| Some((id as u32, self.places[id]?)))
    }

    /// As many moves as there are between two queries: of a small crowd one in twenty moves, of a large one as many as of 400.
    pub(super) fn moves(&self) -> usize {
        1 + self.places.len().min(400) / 20
    }

    /// The next move, which is made here at once. One in twenty leaves the road; who has left comes back in one or two moves.
    pub(super) fn go_on(&mut self, dice: &mut Dice, graph: &Graph) -> Move {
        let back = if self.away.is_empty() || dice.below(2) == 0 { None } else { Some(dice.below(self.away.len())) };
        let (id, to) = match (back, self.anybody(dice)) {
            (None, Some((id, (at, _)))) => (id, on(dice, graph, at).map(|at| (at, free_ms(dice)))),
            (away, _) => {
                let id = self.away[away.unwrap_or(0)];
                (id, Some((random_place(dice, graph), free_ms(dice))))
            }
        };
        self.go((id, to));
        (id, to)
    }

    pub(super) fn go(&mut self, (id, to): Move) {
        self.places[id as usize] = to;
        self.away.retain(|&other| other != id);
        if to.is_none() {
            self.away.push(id);
        }
    }
}

/// From where somebody stands: off the road, further on along their street, turned round as well, or to any other street.
fn on(dice: &mut Dice, graph: &Graph, at: Headed) -> Option<Headed> {
    match dice.below(20) {
        0 => None,
        kind @ 1..=9 => {
            let snap = graph.snap_at(at.snap.edge, dice.unit() as f32);
            let snap = Snap { distance_m: off_m(dice), ..snap };
            Some(if kind < 7 { Headed::new(snap, at.turn_ms()) } else { headed(dice, snap) })
        }
        _ => Some(random_place(dice, graph)),
    }
}

/// A crowd that is searched.
pub(super) struct Shared {
    pub(super) crowd: Crowd,
    pub(super) live: Live<u32>,
}

impl Shared {
    pub(super) fn new(crowd: Crowd, metric: &Arc<Metric>) -> Self {
        let live = Live::new(Arc::clone(metric));
        for (id, (at, free_ms)) in crowd.standing() {
            live.put(id, at, free_ms);
        }
        Self { crowd, live }
    }

    pub(super) fn go_on(&mut self, dice: &mut Dice, graph: &Graph) {
        for _ in 0..self.crowd.moves() {
            make(&self.live, self.crowd.go_on(dice, graph));
        }
    }
}

pub(super) fn make(live: &Live<u32>, (id, to): Move) {
    match to {
        Some((at, free_ms)) => live.put(id, at, free_ms),
        None => assert!(live.remove(id), "who leaves was there"),
    }
}

/// Anywhere on the streets, ends and middles of edges more often than elsewhere.
pub(super) fn random_snap(dice: &mut Dice, graph: &Graph) -> Snap {
    let fraction = [0.0, 1.0, 0.5, dice.unit() as f32, dice.unit() as f32, dice.unit() as f32][dice.below(6)];
    let snap = graph.snap_at(dice.below(graph.street_count()) as u32, fraction);
    Snap { distance_m: off_m(dice), ..snap }
}

/// In the street, beside it, or some way off.
pub(super) fn off_m(dice: &mut Dice) -> f32 {
    [0.0, 0.0, 20.0, dice.unit() as f32 * 500.0][dice.below(4)]
}

/// Headed some way or neither, with little or much to lose by turning round.
fn random_place(dice: &mut Dice, graph: &Graph) -> Headed {
    let snap = random_snap(dice, graph);
    headed(dice, snap)
}

fn headed(dice: &mut Dice, snap: Snap) -> Headed {
    let back_ms = [8_000, 20_000, dice.below(90_000) as u32][dice.below(3)];
    match dice.below(3) {
        0 => snap.into(),
        1 => Headed::new(snap, [0, back_ms]),
        _ => Headed::new(snap, [back_ms, 0]),
    }
}

fn free_ms(dice: &mut Dice) -> u32 {
    if dice.below(4) == 0 { dice.below(600_000) as u32 } else { 0 }
}
