//! Owns the second opinion: re-verifies proposed crews from the facts, before the engine places an offer and again in tests and
//! simulation. Shares no code with `policy` or `assign`, on purpose: each rule and each limit is written a second time.
//!
//! Invariant: whoever the engine offers a trip has passed two readings of every hard rule. Whom a supervisor asks by hand has
//! passed one, `policy`'s.

use crate::model::{AccountId, Mode, RiskGrade, Staff, StaffKind, Timestamp, Trip, TripId};
use crate::policy::Candidate;
use geo::EtaSource;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The limits as this reader knows them; a test compares them with `policy::limits`.
pub(crate) mod own {
    pub(crate) const FIX_AGE_MS: i64 = 60 * 1_000;
    pub(crate) const FIX_AHEAD_MS: i64 = 5 * 1_000;
    pub(crate) const FIX_ERROR_M: f32 = 500.0;
    pub(crate) const WAY_MS: i64 = 45 * 60 * 1_000;
    pub(crate) const REST_OF_TRIP_MS: i64 = 10 * 60 * 1_000;
    pub(crate) const HANDOVER_MS: i64 = 10 * 60 * 1_000;
    pub(crate) const DAY_OF_WORK_MS: i64 = 10 * 60 * 60 * 1_000;
    pub(crate) const ON_END_MS: i64 = 4 * 60 * 60 * 1_000;
    pub(crate) const PAUSE_MS: i64 = 30 * 60 * 1_000;
}

/// One trip with everything known about those considered for it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The trip.
    pub trip: &'a Trip,
    /// Facts of everybody considered, new members of a proposed crew among them, and of those kept what their time is judged by.
    pub candidates: &'a [Candidate<'a>],
    /// Members who have accepted and are kept. They were checked when they were asked, but the trip may take longer now: of whom there are
    /// facts, the time is read again.
    pub kept: &'a [AccountId],
}

/// A whole crew proposed for a trip, kept members included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The trip.
    pub trip: TripId,
    /// Everybody.
    pub crew: Vec<AccountId>,
}

/// What can be wrong with a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// A crew for a trip that was not asked about.
    UnknownTrip,
    /// Two crews for one trip.
    TripTwice,
    /// Too few or too many.
    CrewSize,
    /// A kept member is missing.
    KeptDropped,
    /// In two places at once.
    StaffTwice,
    /// Nothing is known about them for this trip.
    UnknownStaff,
    /// Holds another offer or trip, and not one that they soon come from.
    Busy,
    /// Has a trip to go on to.
    SecondNext,
    /// The present trip has long to go.
    LongNotFree,
    /// Said no to this trip.
    Declined,
    /// Not on shift now.
    OffShift,
    /// The trip would run into the end of the shift.
    ShiftTooShort,
    /// More than the day's hours.
    TooManyHours,
    /// From duty to duty for too long.
    NoRest,
    /// A certificate ends before the trip does.
    Uncertified,
    /// No fix, or an old one.
    NotFresh,
    /// The fix could be streets away.
    NotPrecise,
    /// No believable way to the meeting point.
    NoWay,
    /// Too long a way.
    TooFar,
    /// An agency the rider did not consent to.
    WrongAgency,
    /// A supporter on a high-risk trip.
    WrongKind,
    /// Not the gender the rider asked for.
    WrongGender,
    /// Tied to the rider.
    Conflict,
}

/// One thing held against a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// For which trip.
    pub trip: TripId,
    /// Because of whom, if of somebody.
    pub staff: Option<AccountId>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in the crew of trip {}", self.fault, self.trip)
    }
}

/// Everything wrong with the proposals; empty means they may be offered.
pub fn check(now: Timestamp, cases: &[Case<'_>], proposals: &[Proposal]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let cases: BTreeMap<TripId, &Case<'_>> = cases.iter().map(|case| (case.trip.id, case)).collect();
    let mut trips_seen: BTreeSet<TripId> = BTreeSet::new();
    let mut staff_seen: BTreeSet<AccountId> = BTreeSet::new();
    for proposal in proposals {
        let mut note = |fault, staff| findings.push(Finding { fault, trip: proposal.trip, staff });
        if !trips_seen.insert(proposal.trip) {
            note(Fault::TripTwice, None);
        }
        for staff in &proposal.crew {
            if !staff_seen.insert(*staff) {
                note(Fault::StaffTwice, Some(*staff));
            }
        }
        let Some(case) = cases.get(&proposal.trip) else {
            note(Fault::UnknownTrip, None);
            continue;
        };
        whole_crew(case, proposal, &mut note);
        for staff in proposal.crew.iter().filter(|staff| !case.kept.contains(staff)) {
            match case.candidates.iter().find(|c| c.staff.id == *staff) {
                Some(candidate) => member(now, case.trip, candidate, &mut |fault| note(fault, Some(*staff))),
                None => note(Fault::UnknownStaff, Some(*staff)),
            }
        }
        for kept in case.candidates.iter().filter(|c| case.kept.contains(&c.staff.id)) {
            let mut hold = |fault: Fault, fine: bool| {
                if !fine {
                    note(fault, Some(kept.staff.id));
                }
            };
            hold(Fault::OffShift, kept.shift.is_some());
            time(now, case.trip, kept, &mut hold);
        }
    }
    // A member kept for one trip is taken even if that trip has no proposal.
    for case in cases.values() {
        for other in proposals.iter().filter(|p| p.trip != case.trip.id) {
            let taken = case.kept.iter().filter(|kept| other.crew.contains(kept));
            findings.extend(taken.map(|kept| Finding {
                fault: Fault::StaffTwice,
                trip: other.trip,
                staff: Some(*kept),
            }));
        }
    }
    findings.sort_unstable();
    findings.dedup();
    findings
}

fn whole_crew(case: &Case<'_>, proposal: &Proposal, note: &mut impl FnMut(Fault, Option<AccountId>)) {
    if proposal.crew.len() != usize::from(case.trip.crew_size.get()) {
        note(Fault::CrewSize, None);
    }
    for kept in case.kept.iter().filter(|kept| !proposal.crew.contains(kept)) {
        note(Fault::KeptDropped, Some(*kept));
    }
}

/// Everything about one new member, from the facts.
fn member(now: Timestamp, trip: &Trip, candidate: &Candidate<'_>, note: &mut impl FnMut(Fault)) {
    let mut hold = |fault: Fault, fine: bool| {
        if !fine {
            note(fault);
        }
    };
    match candidate.after {
        None => hold(Fault::Busy, !candidate.busy),
        Some(present) => {
            // Nobody is at another place before they are free.
            let in_turn = way_ms(candidate).is_none_or(|way| way >= present.free_in_ms);
            hold(Fault::Busy, trip.pickup_at.is_none() && in_turn);
            hold(Fault::SecondNext, !present.next_taken);
            hold(Fault::LongNotFree, present.free_in_ms <= own::REST_OF_TRIP_MS);
        }
    }
    hold(Fault::Declined, !candidate.declined);

    let age_ms = candidate.fix.map(|fix| fix.age_ms);
    hold(Fault::NotFresh, age_ms.is_some_and(|age| (-own::FIX_AHEAD_MS..=own::FIX_AGE_MS).contains(&age)));
    let error_m = candidate.fix.map(|fix| fix.accuracy_m);
    hold(Fault::NotPrecise, error_m.is_none_or(|error| (0.0..=own::FIX_ERROR_M).contains(&error)));

    terms(trip, candidate.staff, &mut hold);

    let way_ms = way_ms(candidate);
    hold(Fault::NoWay, way_ms.is_some());
    hold(Fault::TooFar, way_ms.is_none_or(|way| way <= own::WAY_MS));
    hold(Fault::OffShift, candidate.shift.is_some_and(|shift| now >= shift.starts_at && now < shift.ends_at));
    time(now, trip, candidate, &mut hold);
}

/// Whether the end of the trip lies within all that ends for them.
fn time(now: Timestamp, trip: &Trip, candidate: &Candidate<'_>, hold: &mut impl FnMut(Fault, bool)) {
    let Some(way_ms) = way_ms(candidate) else { return };
    let meeting_ms = trip.pickup_at.map_or(i64::MIN, |at| at.0).max(now.0 + way_ms);
    let done_ms = meeting_ms + together_ms(trip, candidate);
    hold(Fault::Uncertified, done_ms <= candidate.staff.certified_until.0);
    if let Some(run) = candidate.run {
        let pause_ms = run.idle_since.map_or(0, |idle| now.0 - idle.0);
        hold(Fault::NoRest, pause_ms >= own::PAUSE_MS || done_ms - run.since.0 <= own::ON_END_MS);
    }
    if let Some(shift) = candidate.shift {
        hold(Fault::ShiftTooShort, shift.ends_at.0 - done_ms >= own::HANDOVER_MS);
        let worked_ms = done_ms - shift.starts_at.0 + i64::from(shift.worked_before_s) * 1_000;
        hold(Fault::TooManyHours, worked_ms <= own::DAY_OF_WORK_MS);
    }
}

/// Milliseconds with the rider: whoever drives is sure to drive them; nobody else knows whether another of the crew will.
fn together_ms(trip: &Trip, candidate: &Candidate<'_>) -> i64 {
    let [driven, else_s] = [trip.length.by_car_s, trip.length.without_s].map(i64::from);
    let drives = matches!(candidate.shift, Some(shift) if shift.mode == Mode::Drive);
    1_000 * if drives { driven } else { driven.max(else_s) }
}

/// What the rider's grant and the conflict wall say of a person.
fn terms(trip: &Trip, staff: &Staff, hold: &mut impl FnMut(Fault, bool)) {
    let rules = &trip.rules;
    hold(Fault::WrongAgency, rules.agencies.is_empty() || rules.agencies.contains(&staff.agency));
    hold(Fault::WrongKind, !(rules.risk == RiskGrade::High && staff.kind == StaffKind::Supporter));
    hold(Fault::WrongGender, rules.gender.is_none() || rules.gender == staff.gender);
    hold(Fault::Conflict, staff.conflicts.iter().all(|rider| *rider != trip.rider));
}

/// Milliseconds to the meeting point, if they can be believed.
fn way_ms(candidate: &Candidate<'_>) -> Option<i64> {
    let eta = candidate.eta?;
    let by_road = matches!(eta.source, EtaSource::Road | EtaSource::Calibrated);
    let ms = f64::from(eta.seconds) * 1_000.0;
    let is_time = (0.0..=86_400_000.0).contains(&ms);
    (is_time && (by_road || candidate.off_road)).then(|| ms.ceil() as i64)
}
