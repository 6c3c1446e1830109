//! Owns where the staff stand on the roads: the live index's fixes matched to streets, and the staff in the buckets of their way
//! of travelling. Follows the live index by its change log, so that only those who moved are paid for, each with the latest fix.
//! Decides nothing about who may go; `upkeep` follows on a thread of its own, so a decision finds little left to do.

use crate::engine::chain::{Ending, together_mode};
use crate::engine::cost::Spent;
use crate::engine::roster::RosterView;
use crate::engine::search::by_fix;
use crate::live::Live;
use crate::record::UnderWay;
use crate::telemetry;
use geo::road::hierarchy::{ArcTimes, Live as OnRoads, Metric, StaffBuckets};
use geo::road::matching::{Match, Matcher, WeakFix};
use geo::road::{Headed, Profile, RoadMap, Snap};
use geo::{Beside, Eta, Fix, Position};
use matcher::model::{AccountId, Mode, Timestamp, TripId};
use matcher::policy::limits::FIX_ACCURACY_M_MAX;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, TryLockError};

/// Moves read from the live index at a time.
const MOVES_PER_READ: usize = 1_024;
/// Who is free sooner by so much, milliseconds, is told so to the search. The less, the nearer to the truth, and the more changes.
const AGED_EVERY_MS: u32 = 1_000;
/// Why walking and driving are there.
const AT_HAND: &str = "what walking and driving are searched with is made with the field";

/// What the engine knows of one staff member's place.
#[derive(Clone, Copy)]
pub struct Standing {
    /// The latest fix.
    pub fix: Fix,
    /// How they are searched, if on shift.
    mode: Option<Mode>,
    /// Where they are on its roads, or will be when free, as in the buckets: so that telling where waits for no decision.
    at: Option<Headed>,
    /// Of somebody with a rider: the end of that trip, where and when they are searched from.
    pub ending: Option<Ending>,
    /// Of the same, as in the buckets: milliseconds until then, by the age of the fix as well; at most [`AGED_EVERY_MS`] too many.
    pub free_ms: u32,
    /// Of the same: how they move with their rider, and where they are on its roads.
    going: Option<(Mode, Headed)>,
}

impl Standing {
    /// A travel time from where they are, as sure as their fix is.
    #[must_use]
    pub fn seen(&self, eta: Eta) -> Eta {
        self.mode.map_or(eta, |mode| by_fix(eta, &self.fix, mode))
    }
}

/// Everybody's standing. Share it in an `Arc`.
pub struct Field {
    map: Arc<RoadMap>,
    following: Mutex<Following>,
    standing: RwLock<HashMap<AccountId, Standing>>,
    /// By mode. Walking and driving are there; what else is made when the first who travels so is on shift, or it is asked for.
    ways: [OnceLock<OnRoads<AccountId>>; Mode::ALL.len()],
    /// Nobody is searched by a way of travelling before what is closed to it is known.
    in_use: [AtomicBool; Mode::ALL.len()],
    /// Whether who is with a rider is searched from where that trip ends.
    chains: bool,
    /// Of trips under way, how they are led and how many times as long that way is as the fastest (`led`).
    led: RwLock<HashMap<TripId, (Mode, f32)>>,
    /// By mode, the bits of how many times as long as somebody alone a crew with its rider takes.
    paces: [AtomicU32; Mode::ALL.len()],
    /// By mode: somebody asked who is not at work so, such as a supervisor or a crew that would ride with its rider.
    is_asked_for: [AtomicBool; Mode::ALL.len()],
}

/// How far the following has come.
#[derive(Default)]
struct Following {
    cursor: u64,
    roster_version: i64,
    searched: [bool; Mode::ALL.len()],
    /// With how they are searched and how they move: neither street would be one of the other's map.
    matchers: HashMap<AccountId, ([Mode; 2], Matcher)>,
    /// How those who are with a rider move.
    moves: HashMap<AccountId, (UnderWay, Mode)>,
    /// Who is searched from where their trip ends.
    with_rider: HashSet<AccountId>,
}

/// The field during one look: nobody who is searched moves meanwhile. What is told of somebody is not held, for the edge asks it in
/// everybody's turn, and a look may be as long as a decision about hundreds of trips.
pub struct Look<'a> {
    map: &'a RoadMap,
    standing: &'a RwLock<HashMap<AccountId, Standing>>,
    ways: [Option<&'a StaffBuckets<AccountId>>; Mode::ALL.len()],
}

/// The profile a shift's mode is searched with.
pub const fn profile(mode: Mode) -> Profile {
    match mode {
        Mode::Walk => Profile::Walk,
        Mode::Drive => Profile::Drive,
        Mode::Transit => Profile::Transit,
        Mode::Cycle => Profile::Cycle,
    }
}

/// The mode that is searched with a profile.
pub const fn mode_of(profile: Profile) -> Mode {
    match profile {
        Profile::Walk => Mode::Walk,
        Profile::Drive => Mode::Drive,
        Profile::Transit => Mode::Transit,
        Profile::Cycle => Mode::Cycle,
    }
}

impl Field {
    /// Nobody is anywhere yet.
    pub fn new(map: Arc<RoadMap>) -> Self {
        let field = Self {
            map,
            following: Mutex::default(),
            standing: RwLock::default(),
            ways: Default::default(),
            in_use: Default::default(),
            chains: true,
            led: RwLock::default(),
            paces: Mode::ALL.map(|_| AtomicU32::new(1.0_f32.to_bits())),
            is_asked_for: Default::default(),
        };
        for mode in [Mode::Walk, Mode::Drive] {
            field.search(mode);
        }
        field
    }

    /// Everybody stands where they are: nobody is asked for a next duty.
    #[must_use]
    pub fn without_chains(self) -> Self {
        Self { chains: false, ..self }
    }

    /// Makes what a mode is searched with, and searches it from now on.
    pub fn search(&self, mode: Mode) {
        self.make(mode);
        self.in_use[mode as usize].store(true, Ordering::Release);
    }

    /// Makes what a mode is searched with, on open and empty streets and without trains: it is searched when its times are those
    /// of the moment (`travel::weights`). Seconds for bicycle and subway, whose junctions no map file has in order.
    pub fn make(&self, mode: Mode) {
        self.ways[mode as usize].get_or_init(|| {
            let open = self.map.free_flow(profile(mode));
            if mode != Mode::Transit {
                return OnRoads::new(Arc::clone(open));
            }
            let times = open.times().clone().with_arcs(&self.map.waiting_arcs(&[]));
            OnRoads::new(Arc::new(Metric::new(open.hierarchy(), times)))
        });
    }

    /// Catches up with the live index and the roster; how many had moved.
    pub fn follow(&self, live: &Live, roster: &RosterView, now: Timestamp) -> usize {
        let spent = Spent::begin();
        let moved = self.catch_up(&mut lock(&self.following), live, roster, now);
        spent.on_moves(moved);
        moved
    }

    /// The same, unless somebody else is at it: who asks how things are is answered by what they were a moment ago, and waits for no
    /// decision that looks meanwhile.
    pub fn follow_unless_followed(&self, live: &Live, roster: &RosterView, now: Timestamp) {
        let mut following = match self.following.try_lock() {
            Ok(following) => following,
            Err(TryLockError::Poisoned(left)) => left.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let spent = Spent::begin();
        spent.on_moves(self.catch_up(&mut following, live, roster, now));
    }

    /// Whoever is with a rider goes on while no fix comes: by the time since the last they are free the sooner.
    fn age(&self, following: &Following, now: Timestamp) {
        for staff in &following.with_rider {
            let Some(known) = read(&self.standing).get(staff).copied() else { continue };
            let (Some(ending), Some(at), Some(way)) =
                (known.ending, known.at, known.mode.and_then(|mode| self.way(mode)))
            else {
                continue;
            };
            let free_ms = ending.free_ms_at(known.fix.taken_at_ms, now);
            if known.free_ms >= free_ms + AGED_EVERY_MS {
                way.put(*staff, at, free_ms);
                self.stand(*staff, Standing { free_ms, ..known });
            }
        }
    }

    fn stand(&self, staff: AccountId, standing: Standing) {
        self.standing.write().unwrap_or_else(PoisonError::into_inner).insert(staff, standing);
    }

    fn catch_up(&self, following: &mut Following, live: &Live, roster: &RosterView, now: Timestamp) -> usize {
        // Somebody who was slower came with an older roster: it has been followed further already.
        if roster.version < following.roster_version {
            return 0;
        }
        let mut count = 0;
        loop {
            let (cursor, moved) = live.moved_since(following.cursor, MOVES_PER_READ);
            following.cursor = cursor;
            count += moved.len();
            for position in &moved {
                let mode = shift_mode(roster, position.staff).map(|mode| self.mode_searched(mode));
                let under_way = self.under_way(roster, position.staff);
                self.place(following, position.staff, position.fix, mode, under_way, now);
            }
            if moved.len() < MOVES_PER_READ {
                break;
            }
        }
        let searched = Mode::ALL.map(|mode| self.is_searched(mode));
        if following.roster_version != roster.version || following.searched != searched {
            following.roster_version = roster.version;
            if following.searched != searched {
                // Who was taken to drive for want of a search may be riding.
                following.moves.clear();
            }
            following.searched = searched;
            self.follow_modes(following, roster, now);
        }
        self.age(following, now);
        count
    }

    /// The ways of travelling that somebody on shift, or who asked, waits for and that are not made yet.
    pub fn lacks(&self, roster: &RosterView) -> impl Iterator<Item = Mode> + use<> {
        let mut lacks = Mode::ALL.map(|mode| self.roads(mode).is_none());
        if lacks.contains(&true) {
            let mut wanted = self.is_asked_for.each_ref().map(|asked| asked.load(Ordering::Relaxed));
            for shift in roster.by_id.values().filter_map(|entry| entry.shift) {
                wanted[shift.mode as usize] = true;
            }
            lacks.iter_mut().zip(wanted).for_each(|(lacks, wanted)| *lacks &= wanted);
        }
        Mode::ALL.into_iter().filter(move |&mode| lacks[mode as usize])
    }

    /// Shifts that began, ended or changed their way of travelling since the last look, and trips that got under way or ended.
    fn follow_modes(&self, following: &mut Following, roster: &RosterView, now: Timestamp) {
        let changed: Vec<(AccountId, Fix, Option<Mode>)> = read(&self.standing)
            .iter()
            .map(|(&staff, standing)| (staff, standing, shift_mode(roster, staff).map(|mode| self.mode_searched(mode))))
            .filter(|(staff, was, is)| {
                was.mode != *is || was.ending.map(|e| e.at) != self.under_way(roster, *staff).map(|trip| trip.dropoff)
            })
            .map(|(staff, was, is)| (staff, was.fix, is))
            .collect();
        for (staff, fix, mode) in changed {
            let under_way = self.under_way(roster, staff);
            self.place(following, staff, fix, mode, under_way, now);
        }
    }

    fn under_way(&self, roster: &RosterView, staff: AccountId) -> Option<UnderWay> {
        roster.by_id.get(&staff)?.under_way.filter(|_| self.chains)
    }

    /// The end of somebody's present trip as the latest fix tells it, and when that was taken; one too coarse to be sent from tells
    /// nothing.
    pub fn ending(&self, staff: AccountId) -> Option<(Ending, i64)> {
        let standing = read(&self.standing);
        let standing = standing.get(&staff).filter(|known| known.fix.accuracy_m <= FIX_ACCURACY_M_MAX)?;
        Some((standing.ending?, standing.fix.taken_at_ms))
    }

    /// How a crew is led with its rider, and how many times as long as the fastest that way is; `None` when the trip has ended. Counts
    /// from the next fix on.
    pub fn lead(&self, trip: TripId, way: Option<(Mode, f32)>) {
        let mut led = self.led.write().unwrap_or_else(PoisonError::into_inner);
        match way {
            Some(way) => led.insert(trip, way),
            None => led.remove(&trip),
        };
    }

    /// How many times as long as somebody alone by the fastest way a crew takes with its rider by the way they are led; 1 until it is known.
    pub fn stretch(&self, trip: TripId, mode: Mode) -> f32 {
        self.pace(mode) * read(&self.led).get(&trip).filter(|led| led.0 == mode).map_or(1.0, |led| led.1)
    }

    /// How many times as long as somebody alone a crew with its rider takes on the same way; 1 until that was learnt.
    pub fn pace(&self, mode: Mode) -> f32 {
        f32::from_bits(self.paces[mode as usize].load(Ordering::Relaxed))
    }

    /// What trips by a mode take beside the way, by the times of the moment.
    pub fn beside(&self, mode: Mode) -> Beside {
        self.times(mode).1.times().beside()
    }

    /// Such a pace was learnt.
    pub fn set_pace(&self, mode: Mode, pace: f32) {
        self.paces[mode as usize].store(pace.to_bits(), Ordering::Relaxed);
    }

    /// How a mode is searched now, and the travel times at present. Never waits for a search to be made. Asked once for all that is searched
    /// together: a mode may come into use at any moment, and its streets have other numbers.
    pub fn times(&self, mode: Mode) -> (Profile, Arc<Metric>) {
        let mode = self.mode_searched(mode);
        (profile(mode), self.way(mode).expect(AT_HAND).metric())
    }

    /// The travel times of a mode itself at present; `None` until they are known, closures included, which `ask_for` sees to.
    pub fn own_times(&self, mode: Mode) -> Option<Arc<Metric>> {
        self.way(mode).map(OnRoads::metric)
    }

    /// Somebody waits for a mode to be searched though nobody at work travels so.
    pub fn ask_for(&self, mode: Mode) {
        self.is_asked_for[mode as usize].store(true, Ordering::Relaxed);
    }

    /// Where somebody is on the roads of a profile, headed as they came, if this very fix told it: who is led or waited for sets
    /// out from where the search has them.
    pub fn place_of(&self, staff: AccountId, fix: &Fix, searched: Profile) -> Option<Headed> {
        let known = read(&self.standing).get(&staff).copied().filter(|known| known.fix == *fix)?;
        // Who is searched from where their trip ends does not stand there yet.
        if known.ending.is_some() {
            return known.going.filter(|going| profile(going.0) == searched).map(|going| going.1);
        }
        known.at.filter(|_| known.mode.is_some_and(|mode| profile(mode) == searched))
    }

    /// Whether a mode can be searched by itself.
    pub fn is_searched(&self, mode: Mode) -> bool {
        self.way(mode).is_some()
    }

    fn way(&self, mode: Mode) -> Option<&OnRoads<AccountId>> {
        self.roads(mode).filter(|_| self.in_use[mode as usize].load(Ordering::Acquire))
    }

    /// Whether the subway brings somebody there sooner than their feet, as it runs now; false until it can be searched, which is
    /// then seen to.
    pub fn is_ridden(&self, from: Position, to: Position) -> bool {
        self.rides_soon() && self.is_sooner_ridden(from, to, |mode| self.times(mode).1)
    }

    /// The same in another hour, if any train runs then: as in the hour that counts where nobody says which. False until that is known,
    /// which needs the map alone (`upkeep`): nobody waits for it, and what is stored meanwhile is corrected (`lengths`).
    pub fn is_ridden_at(&self, hour: u8, from: Position, to: Position) -> bool {
        // Those times are of use to a crew too, once it is under way.
        self.rides_soon();
        let runs = self.map.data.subway.waits_at(usize::from(hour)).iter().any(Option::is_some);
        runs && self.knows_subway()
            && self.is_sooner_ridden(from, to, |mode| Arc::clone(self.map.free_flow(profile(mode))))
    }

    /// Whether far trips can be measured by the subway without a wait.
    pub fn knows_subway(&self) -> bool {
        self.map.has_free_flow(Profile::Transit)
    }

    /// Whether the subway can be searched; if there is one, that is seen to.
    fn rides_soon(&self) -> bool {
        let is_searched = self.is_searched(Mode::Transit);
        if !is_searched && !self.map.data.subway.is_empty() {
            self.ask_for(Mode::Transit);
        }
        is_searched
    }

    fn is_sooner_ridden(&self, from: Position, to: Position, times: impl Fn(Mode) -> Arc<Metric>) -> bool {
        let takes_ms = |mode| {
            let profile = profile(mode);
            times(mode).travel_ms(self.map.place(profile, from)?, &self.map.place(profile, to)?)
        };
        match (takes_ms(Mode::Transit), takes_ms(Mode::Walk)) {
            (Some(riding), Some(walking)) => riding < walking,
            (riding, _) => riding.is_some(),
        }
    }

    /// The staff of a mode that is made, to give them other travel times.
    pub fn roads(&self, mode: Mode) -> Option<&OnRoads<AccountId>> {
        self.ways[mode as usize].get()
    }

    /// The map.
    pub fn map(&self) -> &RoadMap {
        &self.map
    }

    /// Until bicycle or subway is searched, who goes so is taken to walk, which they can: later than the truth, never sooner.
    pub fn mode_searched(&self, mode: Mode) -> Mode {
        if self.is_searched(mode) { mode } else { Mode::Walk }
    }

    fn place(
        &self,
        following: &mut Following,
        staff: AccountId,
        fix: Fix,
        mode: Option<Mode>,
        under_way: Option<UnderWay>,
        now: Timestamp,
    ) {
        let known = read(&self.standing).get(&staff).copied();
        let before = known.and_then(|known| known.mode);
        if let Some(way) = before.filter(|&b| Some(b) != mode).and_then(|b| self.way(b)) {
            way.remove(staff);
        }
        // The fix that says where they stand.
        let mut told_by = fix;
        let (mut stands, mut ending, mut free_ms, mut going) = (None, None, 0, None);
        if let Some((mode, way)) = mode.and_then(|mode| Some((mode, self.way(mode)?))) {
            match following.street(self, staff, mode, under_way, &fix, now) {
                Placed::At { at, along, moves } => {
                    let ends = under_way.and_then(|trip| self.end_of(mode, &trip, moves, (&along, &fix)));
                    ending = ends.map(|(ends, _)| ends);
                    going = ends.map(|_| (moves, along));
                    let from = ends.map_or(at, |(_, there)| there.into());
                    free_ms = ending.map_or(0, |ending| ending.free_ms_at(fix.taken_at_ms, now));
                    way.put(staff, from, free_ms);
                    stands = Some(from);
                }
                // The place is as old as the fix that told it; of a trip that has ended since then nothing is left: they are at its end.
                Placed::Stays => {
                    told_by = known.map_or(fix, |known| known.fix);
                    stands = known.and_then(|known| known.at);
                    let before = known.and_then(|known| known.ending);
                    ending = before.filter(|ends| under_way.is_some_and(|trip| trip.dropoff == ends.at));
                    going = known.and_then(|known| known.going).filter(|_| ending.is_some());
                    free_ms = known.filter(|_| ending.is_some()).map_or(0, |known| known.free_ms);
                    let ended = before.filter(|_| ending.is_none());
                    if let Some(there) = ended.and_then(|ends| self.map.place(profile(mode), ends.at)) {
                        way.put(staff, there, 0);
                        stands = Some(there.into());
                    }
                }
                Placed::OffRoad => {
                    way.remove(staff);
                }
            }
        } else {
            following.matchers.remove(&staff);
            following.moves.remove(&staff);
        }
        if ending.is_some() {
            following.with_rider.insert(staff);
        } else {
            following.with_rider.remove(&staff);
        }
        self.stand(staff, Standing { fix: told_by, mode, at: stands, ending, free_ms, going });
    }

    /// The end of a trip under way, and the street there on which its member travels on.
    fn end_of(&self, mode: Mode, trip: &UnderWay, moves: Mode, seen: (&Headed, &Fix)) -> Option<(Ending, Snap)> {
        let ending = Ending::of(self, trip, moves, seen)?;
        Some((ending, self.map.place(profile(mode), ending.at)?))
    }

    /// Forgets whose position the live index has forgotten.
    pub fn forget(&self, live: &Live) {
        let mut following = lock(&self.following);
        let is_gone = |staff: &AccountId| live.last_fix(*staff).is_none();
        let gone: Vec<AccountId> = read(&self.standing).keys().copied().filter(is_gone).collect();
        for staff in gone {
            for way in self.ways.iter().filter_map(OnceLock::get) {
                way.remove(staff);
            }
            following.matchers.remove(&staff);
            following.moves.remove(&staff);
            following.with_rider.remove(&staff);
            self.standing.write().unwrap_or_else(PoisonError::into_inner).remove(&staff);
        }
    }

    /// Asks something of the field as it is.
    pub fn look<T>(&self, ask: impl FnOnce(&Look<'_>) -> T) -> T {
        let (map, standing) = (&*self.map, &self.standing);
        let [walk, drive, transit, cycle] = Mode::ALL.map(|mode| self.way(mode));
        still(walk, |walk| {
            still(drive, |drive| {
                still(transit, |transit| {
                    still(cycle, |cycle| ask(&Look { map, standing, ways: [walk, drive, transit, cycle] }))
                })
            })
        })
    }
}

/// Holds the staff of a way of travelling still, if it can be searched.
fn still<T>(way: Option<&OnRoads<AccountId>>, ask: impl FnOnce(Option<&StaffBuckets<AccountId>>) -> T) -> T {
    match way {
        Some(way) => way.with(|staff| ask(Some(staff))),
        None => ask(None),
    }
}

/// What a fix told of somebody's place on the roads.
enum Placed {
    /// On the roads they are searched on, and on those they move along now.
    At {
        at: Headed,
        along: Headed,
        moves: Mode,
    },
    /// It could not have been reached: where they were a moment ago, searched and moving as they do now, counts until it comes again.
    Stays,
    OffRoad,
}

impl Following {
    /// The street of a fix, seen with those before it. Who is with a rider moves as that trip does.
    fn street(
        &mut self,
        field: &Field,
        staff: AccountId,
        mode: Mode,
        under_way: Option<UnderWay>,
        fix: &Fix,
        now: Timestamp,
    ) -> Placed {
        let map = &*field.map;
        let moves = under_way.map_or(mode, |trip| self.moves_with(field, staff, trip));
        if under_way.is_none() {
            self.moves.remove(&staff);
        }
        let known = self.matchers.entry(staff).or_insert_with(|| ([mode, moves], Matcher::new()));
        if known.0 != [mode, moves] {
            *known = ([mode, moves], Matcher::new());
        }
        let graph = map.graph(profile(moves));
        let mut told = known.1.take(graph, fix, now.0);
        // The phone's clock was set back, or ours: what was known is of another time.
        if told == Match::Weak(WeakFix::OutOfOrder) {
            metrics::counter!(telemetry::WEAK_FIXES, "why" => word(WeakFix::OutOfOrder)).increment(1);
            known.1 = Matcher::new();
            told = known.1.take(graph, fix, now.0);
        }
        let street = match told {
            // In one that no car gets out of, by the map, they would be nobody's.
            Match::Street(street) => Some(street).filter(|s| map.is_through(profile(moves), s.snap.edge)),
            Match::Weak(why) => {
                metrics::counter!(telemetry::WEAK_FIXES, "why" => word(why)).increment(1);
                if why == WeakFix::Jump {
                    return Placed::Stays;
                }
                None
            }
        };
        // Too coarse for a street, or far from one: the nearest, and the way to it costs them
        // (`Snap::to_street_ms`); the rules may yet refuse them.
        let nearest = |mode| map.snap(profile(mode), fix.position).map(Headed::from);
        let along = match street {
            Some(street) => Some(map.headed(profile(moves), street.snap, street.forward)),
            None => nearest(moves),
        };
        let at = if moves == mode { along } else { nearest(mode) };
        at.zip(along).map_or(Placed::OffRoad, |(at, along)| Placed::At { at, along, moves })
    }
}

impl Following {
    /// How they and their rider move; worked out once for each trip.
    fn moves_with(&mut self, field: &Field, staff: AccountId, trip: UnderWay) -> Mode {
        let known = self.moves.get(&staff).filter(|known| known.0 == trip).map(|known| known.1);
        let moves = known.unwrap_or_else(|| together_mode(field, trip.pickup, trip.dropoff, trip.has_car));
        self.moves.insert(staff, (trip, moves));
        moves
    }
}

const fn word(why: WeakFix) -> &'static str {
    match why {
        WeakFix::Inaccurate => "inaccurate",
        WeakFix::OffStreet => "off_street",
        WeakFix::Jump => "jump",
        WeakFix::Future => "future",
        WeakFix::OutOfOrder => "out_of_order",
        _ => "other",
    }
}

impl<'a> Look<'a> {
    /// The staff of every way of travelling that can be searched.
    pub fn ways(&self) -> impl Iterator<Item = (Mode, &'a StaffBuckets<AccountId>)> + use<'a> {
        Mode::ALL.into_iter().zip(self.ways).filter_map(|(mode, way)| Some((mode, way?)))
    }

    /// Where one comes to on the roads of a way of travelling to meet somebody, the best first.
    pub fn meeting(&self, mode: Mode, at: Position, times: &ArcTimes) -> impl Iterator<Item = Snap> {
        self.map.meeting(profile(mode), at, times)
    }

    /// Where somebody is.
    pub fn standing(&self, staff: AccountId) -> Option<Standing> {
        read(self.standing).get(&staff).copied()
    }

    /// Those who are on shift and have a fix, but cannot be searched by road: they stand too far from one, or the meeting
    /// point does (`no_road`, per mode).
    pub fn off_road(&self, no_road: [bool; Mode::ALL.len()]) -> Vec<(AccountId, Standing, Mode)> {
        let guessed = |(&staff, standing): (&AccountId, &Standing)| {
            let mode = standing.mode?;
            let guess = no_road[mode as usize] || self.ways[mode as usize].is_none_or(|way| way.get(staff).is_none());
            guess.then_some((staff, *standing, mode))
        };
        read(self.standing).iter().filter_map(guessed).collect()
    }
}

fn shift_mode(roster: &RosterView, staff: AccountId) -> Option<Mode> {
    roster.by_id.get(&staff)?.shift.map(|shift| shift.mode)
}

/// A panic elsewhere leaves whole values behind: every change here is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
