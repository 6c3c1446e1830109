//! Owns what stands in a street: whom a barrier stops, and how the street is cut there. Tags in, pieces of ways out; files are
//! `load`'s.
//!
//! A barrier closes the metre of street it stands in to those it stops, and to nobody else. Both sides stay what they are, dead ends
//! for some, so no graph, turn table or search has to know of barriers, and a map file keeps them as it keeps other ways.

use super::data::{Access, MapData, Way};
use super::restriction::Profiles;
use super::tags::{Road, Tags};
use super::{Profile, modes::mode};
use crate::position::Position;
use std::collections::HashMap;

/// How much of a street is closed on each side of a barrier, metres.
const HALF_M: f64 = 0.5;

/// For whom barriers are read: who rides walks to the station.
const MODES: [Profile; 3] = [Profile::Walk, Profile::Drive, Profile::Cycle];

const CARS: Profiles = Profiles::NONE.with(Profile::Drive);
const VEHICLES: Profiles = CARS.with(Profile::Cycle);
const ALL: Profiles = VEHICLES.with(Profile::Walk);

/// Whom a barrier stops where no further tag says so; `None` where it stops nobody, whatever its tags say.
fn usually(barrier: &str, bollard: Option<&str>) -> Option<Profiles> {
    match barrier {
        // Who may pass a booth is said by its road: a tag of a lane that is shut would close a tunnel. Cars pass over kerbs on the map
        // where a path crosses their street.
        "no" | "toll_booth" | "kerb" => None,
        // Goes down for whom the tags let in, as a gate opens.
        "bollard" if matches!(bollard, Some("rising" | "removable" | "retractable")) => Some(Profiles::NONE),
        "bollard" | "block" | "jersey_barrier" | "chain" | "rope" | "planter" | "log" | "debris" | "tank_trap"
        | "bus_trap" | "sump_buster" | "cycle_barrier" | "motorcycle_barrier" | "barrier_board" | "yes" => Some(CARS),
        "stile" | "turnstile" | "full-height_turnstile" | "kissing_gate" | "wicket_gate" | "horse_stile" | "step" => {
            Some(VEHICLES)
        }
        "wall" | "fence" | "hedge" | "retaining_wall" | "city_wall" => Some(ALL),
        // Gates of every kind, height limits, cattle grids, and what is not known here.
        _ => Some(Profiles::NONE),
    }
}

/// Whom a point with these tags stops. The narrower tag wins over the wider, as on ways; being open to all takes no bollard away.
pub(super) fn stopped_by(tags: &Tags<'_>) -> Profiles {
    let Some(usual) = tags.barrier.and_then(|barrier| usually(barrier, tags.bollard)) else { return Profiles::NONE };
    let stopped = MODES.into_iter().filter(|&p| !tags.lets_through(mode(p), !usual.contains(p)));
    stopped.fold(Profiles::NONE, Profiles::with)
}

/// Barriers where somebody could go on but for them.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Whom each stops, by the point's number in the file.
    pub(super) stopped: HashMap<i64, Profiles>,
    /// Barriers left out because more than two ends of ways meet there: it is not clear across which of them they stand, and many a
    /// bollard of a footpath is drawn where the path leaves the street.
    pub(super) unclear: u64,
}

impl Standing {
    /// Of the barriers of a file, by point, those that stand in its roads.
    pub(super) fn of<'a>(
        barriers: &HashMap<i64, Profiles>,
        roads: impl Iterator<Item = (&'a Road, &'a [i64])>,
    ) -> Self {
        let mut ends: HashMap<i64, ([u32; MODES.len()], u32)> = HashMap::new();
        for (road, refs) in roads {
            let open = MODES.map(|p| u32::from(*access(road, p) != Access::No));
            for (i, id) in refs.iter().enumerate().filter(|(_, id)| barriers.contains_key(id)) {
                let (of_mode, of_all) = ends.entry(*id).or_default();
                let here = if i == 0 || i + 1 == refs.len() { 1 } else { 2 };
                *of_all += here;
                for (count, open) in of_mode.iter_mut().zip(open) {
                    *count += here * open;
                }
            }
        }
        let mut standing = Self::default();
        for (id, (of_mode, of_all)) in ends {
            let going_on = MODES.into_iter().zip(of_mode).filter(|(p, n)| barriers[&id].contains(*p) && *n > 1);
            let stopped = going_on.fold(Profiles::NONE, |all, (p, _)| all.with(p));
            if stopped == Profiles::NONE {
                continue;
            }
            if of_all > 2 {
                standing.unclear += 1;
            } else {
                standing.stopped.insert(id, stopped);
            }
        }
        standing
    }

    /// How many of them stop a mode.
    pub(super) fn stopping(&self, profile: Profile) -> u64 {
        self.stopped.values().filter(|s| s.contains(profile)).count() as u64
    }
}

fn access(road: &Road, profile: Profile) -> &Access {
    match profile {
        Profile::Walk | Profile::Transit => &road.walk,
        Profile::Drive => &road.drive,
        Profile::Cycle => &road.cycle,
    }
}

/// The pieces of a way, and to whom each is closed: half a metre on each side of its barriers. Points that come in between are added
/// to `nodes`.
pub(super) fn cut(
    way: &[u32],
    stopped: &HashMap<u32, Profiles>,
    nodes: &mut Vec<Position>,
) -> Vec<(Vec<u32>, Profiles)> {
    let at = |n: u32| stopped.get(&n).copied().unwrap_or_default();
    let mut pieces: Vec<(Vec<u32>, Profiles)> = Vec::new();
    for pair in way.windows(2) {
        let [(a, to_a), (b, to_b)] = [pair[0], pair[1]].map(|n| (n, at(n)));
        let [from, to] = [a, b].map(|n| nodes[n as usize]);
        let metres = from.distance_m(to);
        let mut reach = |point: u32, closed: Profiles| match pieces.last_mut() {
            Some((piece, same)) if *same == closed => piece.push(point),
            Some((piece, _)) => {
                let begin = piece[piece.len() - 1];
                pieces.push((vec![begin, point], closed));
            }
            None => pieces.push((vec![a, point], closed)),
        };
        let mut between = |metres_on: f64| {
            nodes.push(from.towards(to, metres_on / metres));
            nodes.len() as u32 - 1
        };
        if metres <= 2.0 * HALF_M {
            reach(b, to_a.and(to_b));
            continue;
        }
        if to_a != Profiles::NONE {
            reach(between(HALF_M), to_a);
        }
        if to_b != Profiles::NONE {
            reach(between(metres - HALF_M), Profiles::NONE);
        }
        reach(b, to_b);
    }
    pieces
}

/// Closes a way to these.
pub(super) fn close(way: &mut Way, to: Profiles) {
    for (profile, access) in
        [(Profile::Walk, &mut way.walk), (Profile::Drive, &mut way.drive), (Profile::Cycle, &mut way.cycle)]
    {
        if to.contains(profile) {
            *access = Access::No;
        }
    }
}

/// The first of the ways that barriers made of the way of the file that this one belongs to. Told by what was cut out, since a map
/// file does not say it.
pub(super) fn whole(data: &MapData, way: u32) -> u32 {
    let is_cut_out = |way: &Way| {
        let shape = || way.nodes.iter().map(|&n| data.nodes[n as usize]);
        let metres = || shape().zip(shape().skip(1)).map(|(a, b)| a.distance_m(b)).sum::<f64>();
        way.nodes.len() <= 3 && [way.walk, way.drive, way.cycle].contains(&Access::No) && metres() < 2.0 * HALF_M + 0.1
    };
    let mut whole = way;
    while let Some([before, this]) = (whole as usize).checked_sub(1).and_then(|i| data.ways.get(i..i + 2)) {
        let is_joined =
            before.nodes.last() == this.nodes.first() && (before.name, before.class) == (this.name, this.class);
        if !is_joined || !(is_cut_out(before) || is_cut_out(this)) {
            break;
        }
        whole -= 1;
    }
    whole
}

#[cfg(test)]
#[path = "barriers_tests.rs"]
mod tests;
