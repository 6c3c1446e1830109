//! Owns who of a crew that is not whole is kept: whose time still suffices, now that somebody has left it or comes otherwise, and how
//! long the trip takes with them. Who is asked instead is `plan`'s, the rules are `matcher::policy`'s.
//!
//! Judged by what they said when they were asked, so that nobody is freed because an estimate has moved a little.

use super::roster::RosterView;
use crate::record::{DueTrip, Effect, Member, RosterEntry, TripRow};
use geo::Eta;
use matcher::model::{AccountId, Mode, OfferState, Phase, Timestamp};
use matcher::policy::{
    Candidate, Context, Rule, certificate_expired, hours_exhausted, off_shift, rest_due, shift_ends_before,
};
use std::borrow::Cow;

/// What a longer trip may break for those who were asked for a shorter one.
const TIME: [Rule; 4] = [certificate_expired::RULE, shift_ends_before::RULE, hours_exhausted::RULE, rest_due::RULE];

/// A trip without those whose time does not suffice, and those.
pub(super) struct Kept<'a> {
    /// As long as by car where one who has accepted comes so; who was taken out is not asked in the same breath.
    pub(super) due: Cow<'a, DueTrip>,
    /// Each with the rule.
    freed: Vec<(AccountId, &'static str)>,
}

impl<'a> Kept<'a> {
    /// Of a trip whose crew is being looked for.
    pub(super) fn of(due: &'a DueTrip, roster: &RosterView, now: Timestamp) -> Self {
        let is_searching = matches!(due.row.trip.phase, Phase::Requested | Phase::Matching | Phase::Offered);
        if due.row.crew.is_empty() || !is_searching {
            return Self { due: Cow::Borrowed(due), freed: Vec::new() };
        }
        let (mut kept, mut freed) = (due.clone(), Vec::new());
        // Who is freed may have been the one with the car: the others are judged anew without it.
        loop {
            kept.row.trip.length = due.row.trip.length;
            drive(&mut kept.row);
            let Some((at, rule)) = misfit(&kept.row, roster, now) else { break };
            let staff = kept.row.crew.remove(at).offer.staff;
            kept.declined.push(staff);
            freed.push((staff, rule));
        }
        Self { due: Cow::Owned(kept), freed }
    }

    /// For the record.
    pub(super) fn effects(&self) -> impl Iterator<Item = Effect> {
        let trip = self.due.row.trip.id;
        self.freed.iter().map(move |&(staff, rule)| Effect::TakeBack { trip, staff, rule })
    }
}

/// The first whose time does not suffice, and the rule.
fn misfit(row: &TripRow, roster: &RosterView, now: Timestamp) -> Option<(usize, &'static str)> {
    let mut holding = row.crew.iter().enumerate().filter(|(_, member)| !is_expired(member, now));
    holding.find_map(|(at, member)| Some((at, broken(row, roster, member, now)?)))
}

/// The rule about time that a member breaks.
fn broken(row: &TripRow, roster: &RosterView, member: &Member, now: Timestamp) -> Option<&'static str> {
    let context = Context { trip: &row.trip, now };
    let candidate = facts(roster, member, now)?;
    if candidate.shift.is_none() {
        return Some(off_shift::RULE.code);
    }
    TIME.iter().find(|rule| (rule.check)(&candidate, &context).is_err()).map(|rule| rule.code)
}

/// Of those whom a supervisor keeps beside others whom they ask: whose time does not suffice for the way with that very crew, by the car
/// of whoever of it has one. Should who is asked not come, they are judged again without.
pub(super) fn beside(
    row: &TripRow,
    roster: &RosterView,
    (keep, ask): (&[AccountId], &[AccountId]),
    now: Timestamp,
) -> Vec<(AccountId, &'static str)> {
    let mut row = row.clone();
    row.crew.retain(|member| keep.contains(&member.offer.staff));
    let drives = |staff: &AccountId| {
        let shift = roster.by_id.get(staff).and_then(|entry| entry.shift);
        shift.is_some_and(|shift| shift.mode == Mode::Drive)
    };
    if ask.iter().any(drives) {
        row.trip.length = row.trip.length.by_car_s.into();
    }
    drive(&mut row);
    let broken = |member: &Member| Some((member.offer.staff, broken(&row, roster, member, now)?));
    row.crew.iter().filter_map(broken).collect()
}

/// Whether their offer has run out, though the record does not say so yet.
pub(super) fn is_expired(member: &Member, now: Timestamp) -> bool {
    member.offer.state == OfferState::Open && member.offer.expires_at < now
}

/// One car takes everybody: where somebody of the crew has accepted and comes by car, the trip is as long as by car for all.
pub(super) fn drive(row: &mut TripRow) {
    if row.crew.iter().any(|member| member.offer.state == OfferState::Accepted && member.has_car) {
        row.trip.length = row.trip.length.by_car_s.into();
    }
}

/// Facts of one who holds a slot, for the rules about time; `None` for somebody who is no longer on the roster.
pub(super) fn facts<'a>(roster: &'a RosterView, member: &Member, now: Timestamp) -> Option<Candidate<'a>> {
    let entry = roster.by_id.get(&member.offer.staff)?;
    Some(Candidate {
        staff: &entry.staff,
        shift: entry.shift.as_ref(),
        fix: None,
        busy: true,
        after: None,
        run: entry.run.filter(|_| !is_first_of_run(entry, member)),
        declined: false,
        eta: Some(Eta::road(said_in_ms(member, now) as f32 / 1_000.0)),
        off_road: false,
    })
}

/// Milliseconds until they are there as they said, which was in whole seconds, rounded up.
fn said_in_ms(member: &Member, now: Timestamp) -> i64 {
    let there_at = member.offer.offered_at.plus_s(i64::from(member.offer.eta_s.saturating_sub(1)));
    there_at.since_ms(now).max(0)
}

/// Whether their duties began with this very trip, which may be as long as it is.
fn is_first_of_run(entry: &RosterEntry, member: &Member) -> bool {
    entry.run.is_some_and(|run| run.idle_since.is_none() && run.since >= member.offer.offered_at)
}
