//! Owns the search of the way a crew goes: fastest, or safer as far as it is walked, around the rider's avoid zones; and how far one gets
//! from a point. Knows no trip, and of a person only where the search has them: the way shown sets out as the ETA does.
//!
//! A crew that stands inside a zone, or must end in one, is led all the same: the way out of a dangerous place is not refused, and
//! the answer says that it does not keep out. So little of such a way is inside as can be: it leaves the zone by the shortest, and of
//! several zones none is entered that could be spared. So on foot, by car, bicycle and subway. Closed streets and the
//! speeds of the moment hold for all of it.

use super::field::{Field, mode_of, profile};
use super::search::by_fix;
use super::usual;
use crate::record::AvoidZone;
use geo::cell::Grid;
use geo::city::Lights;
use geo::road::hierarchy::{ArcTimes, Metric};
use geo::road::{
    Calibration, Dislikes, Graph, Headed, Heading, Lit, NoSaferWay, Profile, Route, SaferRoute, Snap, Zone, around,
    least_inside, reach, reach_on_junctions,
};
use geo::{Basis, Cell, Eta, EtaSource, Fix, Position};
use matcher::model::{AccountId, Mode};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Which way is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// The soonest there.
    Fastest,
    /// On foot and by subway: where one walks main roads, lamps and cameras, as far as they are known.
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
    /// The way by car, bicycle or subway goes through one: there is none round it.
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
    /// Its time with the spread, and how it is known: of the way alone, without what comes beside it.
    pub eta: Eta,
}

/// Why nobody can say from where a point is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReach {
    /// It is away from all roads.
    NoWay,
    /// It is not known yet what is closed to who goes so.
    NotYet,
}

/// From where a point is reached, and how soon.
pub struct Reached {
    /// How the times are known.
    pub source: EtaSource,
    /// By cell, from its nearest street.
    pub cells: BTreeMap<Cell, Eta>,
}

/// Searches ways on the roads as the engine sees them.
pub struct Guide {
    field: Arc<Field>,
    lights: Lights,
    /// Made when first asked for, or expected.
    safer: OnceLock<Dislikes>,
    is_safer_expected: AtomicBool,
}

impl Guide {
    /// With the places of street lamps and cameras, as far as they are known.
    pub const fn new(field: Arc<Field>, lights: Lights) -> Self {
        Self { field, lights, safer: OnceLock::new(), is_safer_expected: AtomicBool::new(false) }
    }

    /// A crew on its way to the rider will ask for the safer way soon: what that is searched with is made beside everything else.
    /// Where lamps are many it takes a second, which the crew would wait for.
    pub fn expect_safer(self: &Arc<Self>) {
        if !self.is_safer_expected.swap(true, Ordering::Relaxed) {
            let guide = Arc::clone(self);
            // Without a thread the crew waits.
            let _made_later = std::thread::Builder::new().name("lamps".to_owned()).spawn(move || {
                guide.safer();
            });
        }
    }

    fn safer(&self) -> &Dislikes {
        let (map, graph) = (self.field.map(), self.field.map().graph(Profile::Walk));
        self.safer.get_or_init(|| {
            let lit = Lit::of(graph, &self.lights.lamps, &self.lights.cameras);
            Dislikes::of(graph, &lit, |way| map.data.ways[way as usize].class)
        })
    }

    /// The way there from where somebody is by this fix; `None` if there is none along the roads. Takes milliseconds: not for the
    /// async threads.
    pub fn way(&self, mode: Mode, prefer: Prefer, who: (AccountId, &Fix), to: Position, zones: &[Zone]) -> Option<Way> {
        let (map, (profile, times), (staff, fix)) = (self.field.map(), self.field.times(mode), who);
        let from = self.field.place_of(staff, fix, profile);
        let from = from.or_else(|| map.snap(profile, fix.position).map(Headed::from))?;
        let mut meeting = map.meeting(profile, to, times.times());
        let led = |snap: Snap| Some((snap, self.along_streets((profile, &times), prefer, (&from, &snap), zones)?));
        let (snap, mut way) = meeting.find_map(led)?;
        // The search knows the streets; whoever asked is where they are, and is to come to where they are to come.
        if matches!(way.kept, Kept::Out) {
            way.kept = off_streets(&[(fix.position, from.snap.at), (to, snap.at)], zones).unwrap_or(Kept::Out);
        }
        way.eta = by_fix(way.eta, fix, mode);
        Some(way)
    }

    /// The way on which crew and rider are led from meeting to drop-off unless they choose another; `None` if there is none.
    pub fn together(&self, mode: Mode, from: Position, to: Position, zones: &[Zone]) -> Option<Way> {
        let (map, (profile, times)) = (self.field.map(), self.field.times(mode));
        let from = map.place(profile, from)?.into();
        let mut meeting = map.meeting(profile, to, times.times());
        meeting.find_map(|to| self.along_streets((profile, &times), Prefer::Safer, (&from, &to), zones))
    }

    /// How many times as long as the fastest that way is: 1 where it is the fastest, and where there is none, or nobody can say yet.
    pub fn stretch(&self, mode: Mode, from: Position, to: Position, zones: &[Zone]) -> f32 {
        stretched(if self.field.is_searched(mode) { self.together(mode, from, to, zones) } else { None })
    }

    /// The same in that Korean hour of another day, by what was learnt of it (`usual`) and with all trains that ever run: of another day nobody
    /// knows what will be closed, and of another hour this one's trains say nothing. Less than 1 where the fastest way of empty streets is the
    /// slower one then.
    pub fn usual_stretch(
        &self,
        mode: Mode,
        then: (&Calibration, u8),
        (from, to): (Position, Position),
        zones: &[Zone],
    ) -> f32 {
        let (map, profile) = (self.field.map(), profile(mode));
        if !map.has_free_flow(profile) {
            return 1.0;
        }
        let (empty, takes_s) = (map.free_flow(profile), |way: &Route| usual::takes_s(map, profile, then, way));
        let led_over_fastest = || {
            let (from, to) = (map.place(profile, from)?, map.place(profile, to)?);
            let led = self.along_streets((profile, empty), Prefer::Safer, (&from.into(), &to), zones)?;
            let fastest = empty.route(map.graph(profile), from, &to).filter(|_| led.detour_s > 0.0)?;
            let fastest_s = takes_s(&fastest);
            (fastest_s > 0.0).then(|| takes_s(&led.route) / fastest_s)
        };
        led_over_fastest().unwrap_or(1.0)
    }

    /// The ends are on the roads of the profile that is told with the times, which nobody asks for twice: a way of travelling that came into
    /// use between would search the one's streets by the numbers of the other's.
    fn along_streets(
        &self,
        (profile, times): (Profile, &Metric),
        prefer: Prefer,
        (from, to): (&Headed, &Snap),
        zones: &[Zone],
    ) -> Option<Way> {
        let map = self.field.map();
        if matches!(profile, Profile::Walk | Profile::Transit) && (prefer == Prefer::Safer || !zones.is_empty()) {
            return self.walked_around(profile, times, prefer, (&from.snap, to), zones);
        }
        let route = times.route(map.graph(profile), from, to)?;
        let crosses = zones.iter().any(|zone| route.enters(zone));
        let fastest_s = route.duration_s;
        // Many times slower than the hierarchy, so only where its way will not do.
        let round = if crosses { self.turned_around(profile, times, (from, to), zones) } else { None };
        let (route, kept) = round.unwrap_or((
            route,
            match (zones.is_empty(), crosses) {
                (true, _) => Kept::None,
                (false, true) => Kept::Crossed,
                (false, false) => Kept::Out,
            },
        ));
        let eta = eta(times, &route);
        let detour_s = (route.duration_s - fastest_s).max(0.0);
        Some(Way { route, mode: mode_of(profile), prefer: Prefer::Fastest, detour_s, kept, eta })
    }

    /// The way by car or bicycle that keeps out of the zones, or as far as it can; `None` if there is none.
    fn turned_around(
        &self,
        profile: Profile,
        metric: &Metric,
        (from, to): (&Headed, &Snap),
        zones: &[Zone],
    ) -> Option<(Route, Kept)> {
        let map = self.field.map();
        let (graph, turns) = (map.graph(profile), map.turns(profile)?);
        match around(graph, turns, metric, from, to, zones) {
            Ok(route) => Some((route, Kept::Out)),
            Err(why) => {
                let route = least_inside(graph, turns, metric, from, to, zones)?;
                let why = blamed(why, &route, [from.snap.at, to.at], zones);
                Some((route, crossed(why)))
            }
        }
    }

    /// The way on foot that is liked best or takes the least, and keeps out of the zones as far as it can. The same with the subway: what is
    /// ridden counts its seconds, and of its zones those it halts in (`geo`, `road::toll`).
    fn walked_around(
        &self,
        profile: Profile,
        metric: &Metric,
        prefer: Prefer,
        ends: (&Snap, &Snap),
        zones: &[Zone],
    ) -> Option<Way> {
        let dislikes = match prefer {
            Prefer::Safer => self.safer(),
            Prefer::Fastest => const { &Dislikes::none() },
        };
        let (found, kept) = avoiding(dislikes, self.field.map().graph(profile), metric, ends, zones)?;
        let (mode, kept) = match (profile, kept) {
            (Profile::Transit, Kept::Not(why)) => (Mode::Transit, crossed(why)),
            (Profile::Transit, kept) => (Mode::Transit, kept),
            (_, kept) => (Mode::Walk, kept),
        };
        let eta = eta(metric, &found.route);
        Some(Way { route: found.route, mode, prefer, detour_s: found.detour_s, kept, eta })
    }

    /// The cells from which somebody is at the point within so many seconds, and how soon. `hour` (0..24) tells which trains run.
    /// `NoWay` away from all roads; `NotYet` before it is known what is closed to who goes so, which is then seen to: a picture of
    /// open streets would be believed.
    pub fn reach(&self, mode: Mode, at: Position, within_s: f32, grid: Grid, hour: usize) -> Result<Reached, NoReach> {
        let (map, profile) = (self.field.map(), profile(mode));
        let times = self.field.own_times(mode);
        if times.is_none() && mode != Mode::Transit {
            self.field.ask_for(mode);
            return Err(NoReach::NotYet);
        }
        let graph = map.graph(profile);
        let met = |times: &ArcTimes| map.meeting(profile, at, times).last().ok_or(NoReach::NoWay);
        if let Some(metric) = times {
            let snap = met(metric.times())?;
            let within_s = within_s - metric.times().beside().alone_s;
            let cells = reach(graph, &metric, &snap, Heading::To, within_s.max(0.0), grid);
            return Ok(reached(metric.times(), &snap, cells, within_s));
        }
        // Riding is not searched yet; its streets are those of walking, and are searched plainly.
        let trains = map.waiting_arcs(&map.data.subway.waits_at(hour));
        let (_, metric) = self.field.times(Mode::Walk);
        // What walks taught says nothing of trains; who rides leaves as who walks.
        let known = Basis::MAP.with(metric.times().beside());
        let times = metric.times().extended_to(graph).with_arcs(&trains).known_by(known);
        let snap = met(&times)?;
        let within_s = within_s - times.beside().alone_s;
        let cells = reach_on_junctions(graph, &times, &snap, Heading::To, within_s.max(0.0), grid);
        Ok(reached(&times, &snap, cells, within_s))
    }
}

const _: () = assert!(crate::record::ZONES_MAX <= geo::road::avoid::ZONES_MAX, "a rider's zones fit into one search");

fn stretched(way: Option<Way>) -> f32 {
    way.filter(|way| way.detour_s > 0.0 && way.route.duration_s > way.detour_s)
        .map_or(1.0, |way| way.route.duration_s / (way.route.duration_s - way.detour_s))
}

/// Avoid zones as they are searched.
pub fn circles(zones: &[AvoidZone]) -> Vec<Zone> {
    let circle = |z: &AvoidZone| Zone::circle(z.center, f64::from(z.radius_m));
    zones.iter().map(|z| circle(z).expect("the record holds zones of a size that can be searched")).collect()
}

/// Each cell's time as what it rests on makes it, of somebody who has yet to leave; the piece between the point and its street is a guess.
/// Nothing is reached where leaving alone takes longer than there is.
fn reached(times: &ArcTimes, at: &Snap, cells: BTreeMap<Cell, f32>, within_s: f32) -> Reached {
    let way = |seconds: f32| times.eta((seconds * 1_000.0).round() as u32, at.to_street_ms());
    let eta = |seconds: f32| way(seconds).later_by(times.beside().alone_s);
    let in_time = cells.into_iter().filter(|_| within_s >= 0.0);
    Reached { source: times.eta(0, 0).source, cells: in_time.map(|(cell, s)| (cell, eta(s))).collect() }
}

/// The way liked best that keeps out of the zones, or as far as it can.
fn avoiding(
    dislikes: &Dislikes,
    graph: &Graph,
    metric: &Metric,
    (from, to): (&Snap, &Snap),
    zones: &[Zone],
) -> Option<(SaferRoute, Kept)> {
    match dislikes.route(graph, metric, from, to, zones) {
        Ok(found) => Some((found, if zones.is_empty() { Kept::None } else { Kept::Out })),
        Err(why) => {
            let found = dislikes.route_least_inside(graph, metric, from, to, zones)?;
            let why = blamed(why, &found.route, [from.at, to.at], zones);
            Some((found, Kept::Not(why)))
        }
    }
}

/// Why a way does not keep out: that an end lies inside is not all there is to say where a zone is passed through that holds neither.
fn blamed(why: NoSaferWay, route: &Route, ends: [Position; 2], zones: &[Zone]) -> NoSaferWay {
    let mut others = zones.iter().filter(|zone| !ends.iter().any(|&end| zone.contains(end)));
    if others.any(|zone| route.enters(zone)) { NoSaferWay::CutOff } else { why }
}

/// What becomes of zones between the streets and where the way begins and ends; nothing where they touch none.
fn off_streets(&[begin, end]: &[(Position, Position); 2], zones: &[Zone]) -> Option<Kept> {
    let holds = |at: Position| zones.iter().any(|zone| zone.contains(at));
    let touches = |(place, street): (Position, Position)| zones.iter().any(|zone| zone.touches(place, street));
    match () {
        () if holds(begin.0) => Some(Kept::Not(NoSaferWay::BeginsInside)),
        () if holds(end.0) => Some(Kept::Not(NoSaferWay::EndsInside)),
        () if touches(begin) || touches(end) => Some(Kept::Not(NoSaferWay::CutOff)),
        () => None,
    }
}

/// Why a way by car or subway does not keep out.
const fn crossed(why: NoSaferWay) -> Kept {
    match why {
        NoSaferWay::CutOff => Kept::Crossed,
        inside => Kept::Not(inside),
    }
}

/// The time of a way under these times.
fn eta(metric: &Metric, route: &Route) -> Eta {
    let by_road_s = route.at_s[route.at_s.len() - 1] - route.at_s[0];
    let ms = |seconds: f32| (seconds * 1_000.0) as u32;
    metric.times().eta(ms(route.duration_s), ms(route.duration_s - by_road_s))
}
