//! Owns the search of the way a crew goes: fastest, or safer on foot, around the rider's avoid zones; and how far one gets from a
//! point. Knows no trip, and of a person only where the search has them: the way shown sets out as the ETA does.
//!
//! A crew that stands inside a zone, or must end in one, is led all the same: the way out of a dangerous place is not refused, and
//! the answer says that it does not keep out. It keeps out of the rider's other zones even then, if there is such a way. Closed
//! streets and the speeds of the moment hold for all of it.

use crate::engine::field::{Field, profile};
use geo::cell::Grid;
use geo::road::hierarchy::Metric;
use geo::road::{Dislikes, Headed, Heading, Lit, NoSaferWay, Profile, Route, Snap, Zone, reach, reach_on_junctions};
use geo::{Cell, Eta, Fix, Position};
use matcher::model::{AccountId, Mode};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Which way is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// The soonest there.
    Fastest,
    /// On foot: main roads, lamps and cameras, as far as they are known.
    Safer,
}

/// What became of the avoid zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There are none.
    None,
    /// No point of the way is in one.
    Out,
    /// The way does not keep out, and why.
    Not(NoSaferWay),
    /// The way by car goes through one.
    Crossed,
}

/// A way found.
pub struct Way {
    /// The way.
    pub route: Route,
    /// How it is gone.
    pub mode: Mode,
    /// Whether lamps and main roads were looked at.
    pub prefer: Prefer,
    /// Seconds more than the fastest.
    pub detour_s: f32,
    /// What became of the zones.
    pub kept: Kept,
    /// Its time with the spread, and how it is known.
    pub eta: Eta,
}

/// Searches ways on the roads as the engine sees them.
pub struct Guide {
    field: Arc<Field>,
    lamps: Vec<Position>,
    cameras: Vec<Position>,
    /// Made when first asked for.
    safer: OnceLock<Dislikes>,
    fastest: OnceLock<Dislikes>,
}

impl Guide {
    /// With the places of street lamps and cameras, as far as they are known.
    pub const fn new(field: Arc<Field>, lamps: Vec<Position>, cameras: Vec<Position>) -> Self {
        Self { field, lamps, cameras, safer: OnceLock::new(), fastest: OnceLock::new() }
    }

    /// The way there from where somebody is by this fix; `None` if there is none along the roads. Takes milliseconds: not for the
    /// async threads.
    pub fn way(&self, mode: Mode, prefer: Prefer, who: (AccountId, &Fix), to: Position, zones: &[Zone]) -> Option<Way> {
        let (map, (profile, times), (staff, fix)) = (self.field.map(), self.field.times(mode), who);
        let from = self.field.place_of(staff, fix, profile);
        let from = from.or_else(|| map.snap(profile, fix.position).map(Headed::from))?;
        let to = map.snap(profile, to)?;
        if profile == Profile::Walk && (prefer == Prefer::Safer || !zones.is_empty()) {
            return self.around(&times, prefer, &from.snap, &to, zones);
        }
        let route = times.route(map.graph(profile), from, &to)?;
        let crosses = route.points.windows(2).any(|pair| zones.iter().any(|zone| zone.touches(pair[0], pair[1])));
        let kept = match (zones.is_empty(), crosses) {
            (true, _) => Kept::None,
            (false, true) => Kept::Crossed,
            (false, false) => Kept::Out,
        };
        let (mode, eta) = (self.field.mode_searched(mode), eta(&times, &route));
        Some(Way { route, mode, prefer: Prefer::Fastest, detour_s: 0.0, kept, eta })
    }

    fn around(&self, metric: &Metric, prefer: Prefer, from: &Snap, to: &Snap, zones: &[Zone]) -> Option<Way> {
        let (map, graph) = (self.field.map(), self.field.map().graph(Profile::Walk));
        let dislikes = match prefer {
            Prefer::Safer => self.safer.get_or_init(|| {
                let lit = Lit::of(graph, &self.lamps, &self.cameras);
                Dislikes::of(graph, &lit, |way| map.data.ways[way as usize].class)
            }),
            Prefer::Fastest => self.fastest.get_or_init(|| Dislikes::none(graph)),
        };
        let times = metric.times();
        let avoiding = |zones: &[Zone]| dislikes.route(graph, times, from, to, zones);
        let (found, kept) = match avoiding(zones) {
            Ok(found) => (found, if zones.is_empty() { Kept::None } else { Kept::Out }),
            Err(why) => {
                let has_an_end = |zone: &&Zone| zone.contains(from.at) || zone.contains(to.at);
                let others: Vec<Zone> = zones.iter().filter(|zone| !has_an_end(zone)).cloned().collect();
                match avoiding(&others) {
                    Ok(found) => (found, Kept::Not(why)),
                    // There may be a way all the same.
                    Err(cut_off) => (avoiding(&[]).ok()?, Kept::Not(cut_off)),
                }
            }
        };
        let eta = eta(metric, &found.route);
        Some(Way { route: found.route, mode: Mode::Walk, prefer, detour_s: found.detour_s, kept, eta })
    }

    /// The cells from which somebody is at the point within so many seconds, and how soon; `None` away from all roads.
    pub fn reach(&self, mode: Mode, at: Position, within_s: f32, grid: Grid) -> Option<BTreeMap<Cell, f32>> {
        let (map, profile, (searched, metric)) = (self.field.map(), profile(mode), self.field.times(mode));
        let (graph, snap) = (map.graph(profile), map.snap(profile, at)?);
        if searched == profile {
            return Some(reach(graph, &metric, &snap, Heading::To, within_s, grid));
        }
        // Riding is not searched yet, and its streets are those of walking.
        let times = metric.times().extended_to(graph);
        Some(reach_on_junctions(graph, &times, &snap, Heading::To, within_s, grid))
    }
}

/// The time of a way under these times.
fn eta(metric: &Metric, route: &Route) -> Eta {
    metric.times().eta((route.duration_s * 1_000.0) as u32)
}
