//! Owns one decision: `step(world, now, due trips) → effects`. No await, no I/O, no clock. Phases are the record's and the
//! lifecycle's; who may go is `matcher::policy`'s; who goes is `matcher::assign`'s; its answer is believed only after
//! `matcher::check` has looked at it again from the facts.

use crate::engine::field::Look;
use crate::engine::kept::{self, Kept};
use crate::engine::roster::RosterView;
use crate::engine::search::{Found, Search, after};
use crate::record::{DueTrip, Effect, Member, Placement, TripRow};
use geo::Eta;
use matcher::assign::{self, AssignTrip, Choice, Crew, Tier, WIDEN_ROUNDS_MAX};
use matcher::check;
use matcher::model::{AccountId, OfferState, Phase, Timestamp, TripId};
use matcher::policy::{self, Candidate, FixFacts, limits};
use matcher::schedule::{Decision, look_after, look_from, must_go_live};
use std::collections::{HashMap, HashSet};

/// Eligible staff drawn for a trip before the first proof is tried; doubled at each widening.
const FIRST_DRAW: usize = 8;

/// What a decision looks at.
pub struct World<'a> {
    /// The staff.
    pub roster: &'a RosterView,
    /// Where they stand on the roads.
    pub field: &'a Look<'a>,
    /// Whether the phones have had the time to report since the start: before, nobody found does not mean that nobody is there.
    pub settled: bool,
}

/// What was decided, and how sure it is.
#[derive(Debug, Default)]
pub struct Decisions {
    /// For the record, in order.
    pub effects: Vec<Effect>,
    /// Trips whose crew was refused by the second look; nothing is offered for them.
    pub refused_by_check: Vec<TripId>,
    /// Whether nobody outside the search could have made the crews better.
    pub proven: bool,
}

/// Decides about every trip that is due.
pub fn step(world: &World<'_>, now: Timestamp, due: &[DueTrip]) -> Decisions {
    let mut decisions = Decisions { proven: true, ..Decisions::default() };
    let due: Vec<Kept<'_>> = due.iter().map(|trip| Kept::of(trip, world.roster, now)).collect();
    let mut wanting = Vec::new();
    for trip in &due {
        if let Some(want) = triage(world, now, trip, &mut decisions.effects) {
            wanting.push(want);
        }
    }
    let crews = choose(&mut wanting, now, &mut HashSet::new(), &mut decisions.proven);
    let refused = second_look(world, now, &wanting, &crews);
    let mut found: HashMap<TripId, Crew> = crews.into_iter().map(|crew| (crew.trip, crew)).collect();
    for want in &wanting {
        let id = want.due.row.trip.id;
        let crew = found.remove(&id).filter(|_| !refused.contains(&id));
        if refused.contains(&id) {
            decisions.refused_by_check.push(id);
        }
        conclude(want, now, crew, world.settled, &mut decisions.effects);
    }
    decisions
}

/// Whom a slot is for that somebody would come to later than they said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anew {
    /// Still them: nobody the rules would ask is sooner. How soon they would be there.
    Stays(Eta),
    /// Somebody else, or by the rules nobody at all.
    Goes,
}

/// Decides anew about the slot of one who would come later than they said, as if nobody had been asked for it. Whoever is found for the trip
/// is `taken`: two trips do not give up their people for the same one.
pub(super) fn again(
    world: &World<'_>,
    now: Timestamp,
    due: &DueTrip,
    late: AccountId,
    taken: &mut HashSet<AccountId>,
) -> Anew {
    let mut anew = due.clone();
    anew.row.crew.retain(|member| member.offer.staff != late);
    // Without the car of the one who may have to go.
    kept::drive(&mut anew.row);
    let (kept, open_slots) = slots(&anew.row, now);
    let want = Want {
        due: &anew,
        search: Search::new(&anew, world.field, world.roster, now, limits::PICKUP_ETA_S_MAX),
        eligible: Vec::new(),
        open_slots,
        kept: kept.iter().map(|member| member.offer.staff).collect(),
        // Whether those stay is not what is asked here.
        kept_facts: Vec::new(),
        exhausted: false,
        reserved_for: None,
    };
    let mut wanting = [want];
    let mut with_theirs = taken.clone();
    let crews = choose(&mut wanting, now, &mut with_theirs, &mut true);
    let refused = second_look(world, now, &wanting, &crews);
    let [want] = &wanting;
    let stays = match crews.first() {
        Some(crew) if refused.contains(&crew.trip) => false,
        Some(crew) => {
            taken.extend(crew.added.iter().map(|choice| choice.staff).filter(|&staff| staff != late));
            crew.added.iter().any(|choice| choice.staff == late)
        }
        // Others are lacking too, and that is no fault of theirs.
        None => true,
    };
    want.eligible_or_chosen(late).filter(|_| stays).map_or(Anew::Goes, |found| Anew::Stays(found.eta))
}

/// A trip that needs staff now, with its look outward.
struct Want<'a> {
    due: &'a DueTrip,
    search: Search<'a>,
    eligible: Vec<Found>,
    open_slots: Vec<u8>,
    kept: Vec<AccountId>,
    /// Of those, for the second look at their time.
    kept_facts: Vec<Candidate<'a>>,
    exhausted: bool,
    /// Set for a reserved trip: the search is only to know when the crew would have to leave.
    reserved_for: Option<Timestamp>,
}

/// Settles what needs no search; returns the trips that need one.
fn triage<'a>(world: &World<'a>, now: Timestamp, of: &'a Kept<'_>, effects: &mut Vec<Effect>) -> Option<Want<'a>> {
    let due = &*of.due;
    let trip = &due.row.trip;
    let mut reserved_for = None;
    match trip.phase {
        Phase::Reserved => {
            let pickup_at = trip.pickup_at.unwrap_or(now);
            reserved_for = Some(pickup_at);
            if now < look_from(pickup_at) {
                effects.push(Effect::Defer { trip: trip.id, due_at: look_from(pickup_at) });
                return None;
            }
        }
        Phase::Requested | Phase::Matching | Phase::Offered => {}
        _ => return None,
    }
    effects.extend(of.effects());
    let (kept, open_slots) = slots(&due.row, now);
    if open_slots.is_empty() {
        // Offers are out and running; only the clock of escalation can have brought it here.
        escalate_if_late(due, now, effects);
        return None;
    }
    if kept.len() < due.row.crew.len() {
        effects.push(Effect::ExpireOffers { trip: trip.id });
    }
    let vacant_too_long = due.vacant_since.is_some_and(|since| since.plus_s(limits::REFILL_KEEP_S) <= now);
    if trip.phase == Phase::Offered && kept.is_empty() || !kept.is_empty() && vacant_too_long {
        // Nobody is left to wait for, or who is left has waited long enough: all free, and a new crew is tried.
        effects.push(Effect::Dissolve { trip: trip.id, due_at: now });
        return None;
    }
    Some(Want {
        due,
        search: Search::new(due, world.field, world.roster, now, limits::PICKUP_ETA_S_MAX),
        eligible: Vec::new(),
        open_slots,
        kept: kept.iter().map(|m| m.offer.staff).collect(),
        kept_facts: kept.iter().filter_map(|member| kept::facts(world.roster, member, now)).collect(),
        exhausted: false,
        reserved_for,
    })
}

/// Those of a crew who hold their slots still, and the slots that nobody does.
fn slots(row: &TripRow, now: Timestamp) -> (Vec<&Member>, Vec<u8>) {
    let kept: Vec<_> = row.crew.iter().filter(|member| !kept::is_expired(member, now)).collect();
    let is_open = |slot: &u8| kept.iter().all(|member| member.offer.slot != *slot);
    let open = (0..row.trip.crew_size.get()).filter(is_open).collect();
    (kept, open)
}

/// Whether nobody accepted in time and no human knows yet.
fn is_late(due: &DueTrip, now: Timestamp) -> bool {
    due.row.trip.escalated_at.is_none()
        && due.row.waits_since().is_some_and(|since| since.plus_s(limits::ESCALATE_AFTER_S) <= now)
}

fn escalate_if_late(due: &DueTrip, now: Timestamp, effects: &mut Vec<Effect>) {
    let trip = due.row.trip.id;
    let next_expiry =
        due.row.crew.iter().filter(|m| m.offer.state == OfferState::Open).map(|m| look_after(m.offer.expires_at)).min();
    let due_at = next_expiry.unwrap_or_else(|| now.plus_s(limits::RETRY_S));
    if is_late(due, now) {
        effects.push(Effect::Escalate { trip, due_at });
    } else {
        effects.push(Effect::Defer { trip, due_at: earlier_of_escalation(due, due_at) });
    }
}

/// No later than the instant at which a human must be told.
fn earlier_of_escalation(due: &DueTrip, due_at: Timestamp) -> Timestamp {
    match due.row.waits_since() {
        Some(since) if due.row.trip.escalated_at.is_none() => due_at.min(since.plus_s(limits::ESCALATE_AFTER_S)),
        _ => due_at,
    }
}

impl Want<'_> {
    /// Draws until `count` eligible staff are known or nobody is left.
    fn widen_to(&mut self, count: usize) {
        while self.eligible.len() < count && !self.exhausted {
            match self.search.draw() {
                Some(found) if found.verdict.is_eligible() && !self.holds_a_slot(found.staff) => {
                    self.eligible.push(found);
                }
                Some(_) => {}
                None => self.exhausted = true,
            }
        }
    }

    /// Kept, or silent until just now: in either case not somebody to ask now.
    fn holds_a_slot(&self, staff: AccountId) -> bool {
        self.due.row.crew.iter().any(|member| member.offer.staff == staff)
    }

    /// Least first: those a human waits for, then the longest wait.
    fn urgency(&self, now: Timestamp) -> (bool, std::cmp::Reverse<i64>) {
        let trip = &self.due.row.trip;
        let since = self.due.row.waits_since().unwrap_or(trip.requested_at);
        (trip.escalated_at.is_none(), std::cmp::Reverse(now.since_ms(since)))
    }

    fn to_assign(&self, now: Timestamp, taken: &HashSet<AccountId>) -> AssignTrip {
        let trip = &self.due.row.trip;
        let since = self.due.row.waits_since().unwrap_or(trip.requested_at);
        AssignTrip {
            trip: trip.id,
            slots: self.open_slots.len() as u8,
            tier: if trip.escalated_at.is_some() { Tier::Escalated } else { Tier::Ordinary },
            waited_s: u32::try_from(now.since_ms(since) / 1_000).unwrap_or(0),
            kept: self.kept.clone(),
            candidates: self
                .eligible
                .iter()
                .filter(|f| !taken.contains(&f.staff))
                .map(|f| Choice { staff: f.staff, cost: f.verdict.cost })
                .collect(),
            unseen_cost_min: if self.exhausted { None } else { policy::cost_floor(self.search.frontier_s()) },
        }
    }
}

/// Draws, solves and widens until the crews are proven or the search is at its bound. Reserved trips come last, with who is left:
/// nobody is asked for them now, but two of them must not count on the same people.
fn choose(wanting: &mut [Want<'_>], now: Timestamp, taken: &mut HashSet<AccountId>, proven: &mut bool) -> Vec<Crew> {
    for want in wanting.iter_mut() {
        let first = FIRST_DRAW.max(want.open_slots.len());
        want.widen_to(first);
    }
    let (mut live, mut later): (Vec<usize>, Vec<usize>) =
        (0..wanting.len()).partition(|&i| wanting[i].reserved_for.is_none());
    // Batches are solved one after another: the most urgent belong into the first.
    live.sort_by_key(|&i| wanting[i].urgency(now));
    later.sort_by_key(|&i| wanting[i].reserved_for);
    let mut crews = in_batches(wanting, &live, now, taken, proven);
    let mut guess_proven = true;
    crews.extend(in_batches(wanting, &later, now, taken, &mut guess_proven));
    crews
}

/// What an earlier batch took is gone for the later ones.
fn in_batches(
    wanting: &mut [Want<'_>],
    which: &[usize],
    now: Timestamp,
    taken: &mut HashSet<AccountId>,
    proven: &mut bool,
) -> Vec<Crew> {
    let mut crews: Vec<Crew> = Vec::new();
    for chunk in which.chunks(assign::BATCH_TRIPS_MAX) {
        let mut plan = assign::Plan::default();
        for round in 0..WIDEN_ROUNDS_MAX {
            let trips: Vec<AssignTrip> = chunk.iter().map(|&i| wanting[i].to_assign(now, taken)).collect();
            plan = assign::solve(&trips);
            let widening = assign::widen(&trips, &plan);
            if widening.more.is_empty() {
                *proven &= widening.optimal;
                break;
            }
            *proven &= round + 1 < WIDEN_ROUNDS_MAX;
            for &i in chunk {
                if widening.more.contains(&wanting[i].due.row.trip.id) {
                    let more = wanting[i].eligible.len().max(FIRST_DRAW) * 2;
                    wanting[i].widen_to(more);
                }
            }
        }
        taken.extend(plan.crews.iter().flat_map(|crew| crew.added.iter().map(|choice| choice.staff)));
        crews.extend(plan.crews);
    }
    crews
}

/// The independent check of what is about to be offered; the trips it refuses.
fn second_look(world: &World<'_>, now: Timestamp, wanting: &[Want<'_>], crews: &[Crew]) -> HashSet<TripId> {
    let by_trip: HashMap<TripId, &Want<'_>> = wanting.iter().map(|w| (w.due.row.trip.id, w)).collect();
    let looked_at: Vec<(&Want<'_>, &Crew, Vec<Candidate<'_>>)> = crews
        .iter()
        .filter_map(|crew| {
            let want = *by_trip.get(&crew.trip)?;
            let added = crew.added.iter().filter_map(|c| facts(world, now, want, c.staff));
            Some((want, crew, added.chain(want.kept_facts.iter().copied()).collect()))
        })
        .collect();
    let cases: Vec<check::Case<'_>> = looked_at
        .iter()
        .map(|(want, _, candidates)| check::Case { trip: &want.due.row.trip, candidates, kept: &want.kept })
        .collect();
    let proposals: Vec<check::Proposal> = looked_at
        .iter()
        .map(|(want, crew, _)| check::Proposal {
            trip: crew.trip,
            crew: want.kept.iter().copied().chain(crew.added.iter().map(|c| c.staff)).collect(),
        })
        .collect();
    check::check(now, &cases, &proposals).into_iter().map(|finding| finding.trip).collect()
}

/// The facts of one chosen staff member, gathered anew for the second look.
fn facts<'a>(world: &World<'a>, now: Timestamp, want: &Want<'_>, staff: AccountId) -> Option<Candidate<'a>> {
    let entry = world.roster.by_id.get(&staff)?;
    let standing = world.field.standing(staff)?;
    let found = want.eligible_or_chosen(staff)?;
    Some(Candidate {
        staff: &entry.staff,
        shift: entry.shift.as_ref(),
        fix: Some(FixFacts { age_ms: now.0 - standing.fix.taken_at_ms, accuracy_m: standing.fix.accuracy_m }),
        busy: entry.duty.is_some(),
        after: after(entry, Some(&standing), found.off_road, want.due.row.trip.id),
        run: entry.run,
        declined: want.due.declined.contains(&staff),
        eta: Some(found.eta),
        off_road: found.is_guess,
    })
}

/// What becomes of a trip after the choice.
fn conclude(want: &Want<'_>, now: Timestamp, crew: Option<Crew>, settled: bool, effects: &mut Vec<Effect>) {
    let trip = want.due.row.trip.id;
    if let Some(pickup_at) = want.reserved_for {
        let crew_eta_s = crew.map(|crew| crew.added.iter().map(|choice| want.eta_s(choice.staff)).max().unwrap_or(0));
        if crew_eta_s.is_none() && !settled {
            effects.push(Effect::Defer { trip, due_at: now.plus_s(limits::RETRY_S) });
            return;
        }
        effects.push(match must_go_live(pickup_at, now, crew_eta_s) {
            Decision::GoLiveNow => Effect::GoLive { trip, due_at: now },
            Decision::LookAgainAt(due_at) => Effect::Defer { trip, due_at },
        });
        return;
    }
    if let Some(crew) = crew {
        let placements = crew
            .added
            .iter()
            .zip(&want.open_slots)
            .map(|(choice, &slot)| Placement {
                slot,
                staff: choice.staff,
                eta_s: want.eta_s(choice.staff),
                sure: want.eligible_or_chosen(choice.staff).map(|found| found.eta.into()),
                after: want.eligible_or_chosen(choice.staff).and_then(|found| found.after),
            })
            .collect();
        let expires_at = now.plus_s(limits::OFFER_S);
        effects.push(Effect::PlaceOffers { trip, placements, expires_at });
        let look_at = earlier_of_escalation(want.due, expires_at);
        if is_late(want.due, now) {
            effects.push(Effect::Escalate { trip, due_at: look_after(expires_at) });
        } else if look_at < expires_at {
            // The offers outlast the minute after which a human must know.
            effects.push(Effect::Defer { trip, due_at: look_at });
        }
        return;
    }
    let due_at = earlier_of_escalation(want.due, now.plus_s(limits::RETRY_S)).max(now.plus_s(1));
    effects.push(if is_late(want.due, now) {
        Effect::Escalate { trip, due_at: now.plus_s(limits::RETRY_S) }
    } else if matches!(want.due.row.trip.phase, Phase::Requested) {
        Effect::GoLive { trip, due_at }
    } else {
        Effect::Defer { trip, due_at }
    });
}

impl Want<'_> {
    fn eligible_or_chosen(&self, staff: AccountId) -> Option<&Found> {
        self.eligible.iter().find(|f| f.staff == staff)
    }

    fn eta_s(&self, staff: AccountId) -> u32 {
        self.eligible_or_chosen(staff).map_or(0, |f| f.eta.seconds.ceil() as u32)
    }
}
