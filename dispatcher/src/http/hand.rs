//! Owns what a supervisor decides by hand: candidates, assign, release, complete, unserved. Who may go is asked of the engine's judge;
//! nothing is decided here but the wall.

use super::App;
use super::after::{After, after_their_trips};
use super::auth::Caller;
use super::body::{Empty, Input, PathId};
use super::console::is_own;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::trips::{hand, in_hand, readable, supervisor_view, wall};
use crate::engine::judge::Judged;
use crate::record::{Outcome, Placement, TripRow};
use crate::view::violations::told;
use crate::view::{EtaView, SupervisorTrip};
use axum::Json;
use axum::extract::State;
use matcher::model::{AccountId, AgencyId, OfferState, TripId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most candidates shown.
const CANDIDATES_MAX: usize = 50;
/// Most judged, so that one company's wall does not empty the list.
const JUDGED_MAX: usize = 1_000;
/// How long an offer put on phones by hand stays open, seconds: as the engine's.
const OFFER_LIFE_S: i64 = 20;
/// Rules by which nobody knows where they are.
const NOWHERE_WITH: [&str; 2] = ["stale_fix", "coarse_fix"];
/// Rules that leave no ETA to tell.
const UNKNOWN_WITH: [&str; 2] = ["stale_fix", UNREACHABLE];
/// Of a place that is known: no way leads from there.
const UNREACHABLE: &str = "unreachable";
/// Longest reason, characters.
const REASON_CHARS_MAX: usize = 200;

/// Somebody who might go.
#[derive(Serialize, ToSchema)]
pub struct CandidateRow {
    staff: Uuid,
    no: u32,
    display: String,
    #[serde(flatten)]
    eta: EtaView,
    violations: Vec<&'static str>,
    /// Of somebody on another trip: when that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<After>,
}

/// Who might go, soonest first.
#[derive(Serialize, ToSchema)]
pub struct Candidates {
    candidates: Vec<CandidateRow>,
}

/// The whole crew, in slot order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignIn {
    staff: Vec<Uuid>,
}

/// Why nobody can go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonIn {
    reason: String,
}

/// Soonest first, with the hard rules that fail.
#[utoipa::path(get, path = "/v1/trips/{id}/candidates", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Candidates), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn candidates(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
) -> Answer<Json<Candidates>> {
    let row = in_hand(&app, caller.account(), id).await?;
    let meeting = (row.trip.id, row.trip.pickup);
    let (judge, now, side) = (Arc::clone(&app.judge), app.env.now(), wall(caller.account()));
    // Who was asked a moment ago is not free any more: the judge reads the roster as it was last refreshed.
    let roster = app.roster.refresh(&app.record, now).await?;
    let judged = app.search(move || judge.candidates(&row, now, JUDGED_MAX)).await;
    let own = judged.iter().filter_map(|j| Some((j, roster.by_id.get(&j.staff)?)));
    let own = own.filter(|(_, entry)| is_own(entry, side));
    let own: Vec<_> = own.take(CANDIDATES_MAX).collect();
    let shown: Vec<AccountId> = own.iter().map(|(judged, _)| judged.staff).collect();
    let after = after_their_trips(&app, &roster, meeting, &shown).await?;
    let rows = own.into_iter().map(|(judged, entry)| CandidateRow {
        staff: judged.staff.0,
        no: entry.staff.no,
        display: entry.display.clone(),
        eta: eta_of(judged),
        violations: told(&judged.violations, side),
        after: after.get(&judged.staff).copied(),
    });
    Ok(Json(Candidates { candidates: rows.collect() }))
}

/// How soon they could be there: unknown from a place that is too old; where no road leads, that is said.
fn eta_of(judged: &Judged) -> EtaView {
    let is_any_of = |codes: &[&str]| judged.violations.iter().any(|code| codes.contains(code));
    match judged.eta.filter(|_| !is_any_of(&UNKNOWN_WITH)) {
        Some(eta) => EtaView::searched(eta, 0),
        None if is_any_of(&[UNREACHABLE]) && !is_any_of(&NOWHERE_WITH) => EtaView::NO_WAY,
        None => EtaView::UNKNOWN,
    }
}

/// The crew is to be exactly these: who of them has accepted stays, the others get the offer on their phones.
#[utoipa::path(post, path = "/v1/trips/{id}/assign", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    request_body = AssignIn, responses((status = 200, body = SupervisorTrip), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn assign(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    Input(input): Input<AssignIn>,
) -> Answer<Json<SupervisorTrip>> {
    let row = in_hand(&app, caller.account(), id).await?;
    let now = app.env.now();
    let staff: Vec<AccountId> = input.staff.into_iter().map(AccountId).collect();
    let distinct: BTreeSet<_> = staff.iter().collect();
    if staff.len() != usize::from(row.trip.crew_size.get()) || distinct.len() != staff.len() {
        return Err(Problem::field(Code::CrewSizeMismatch, "staff"));
    }
    let roster = app.roster.refresh(&app.record, now).await?;
    let known = |id: &AccountId| roster.by_id.get(id).is_some_and(|e| is_own(e, wall(caller.account())));
    if !staff.iter().all(known) {
        return Err(Problem::field(Code::UnknownStaff, "staff"));
    }
    // Who has accepted is not asked again, and only their time is judged anew, with this crew; who is barred by now is judged like anybody.
    let stays = |id: &AccountId| {
        row.crew.iter().any(|m| m.offer.staff == *id && m.offer.state == OfferState::Accepted && !m.barred)
    };
    let (keep, ask): (Vec<AccountId>, Vec<AccountId>) = staff.into_iter().partition(stays);
    let ask = judge_all(&app, row, (keep.clone(), ask), wall(caller.account())).await?;
    app.record.assign_by_hand(now, id, hand(caller.account()), &keep, &ask, now.plus_s(OFFER_LIFE_S)).await??;
    shown(&app, &caller, id).await
}

/// Every one of them may go, or the codes of the rules that fail, as the side may read them.
async fn judge_all(
    app: &App,
    row: TripRow,
    (keep, ask): (Vec<AccountId>, Vec<AccountId>),
    side: Option<AgencyId>,
) -> Answer<Vec<Placement>> {
    let (judge, now) = (Arc::clone(&app.judge), app.env.now());
    let judged: Result<_, Code> = app
        .search(move || {
            // Where nobody is asked nobody is replaced: it is a repeat.
            let kept = if ask.is_empty() { Vec::new() } else { judge.kept(&row, (&keep, &ask), now) };
            let one = |id| judge.judge(&row, id, now).ok_or(Code::UnknownStaff);
            let asked: Result<Vec<Judged>, Code> = ask.into_iter().map(one).collect();
            Ok((asked?, kept))
        })
        .await;
    let (judged, kept) = judged.map_err(|code| Problem::field(code, "staff"))?;
    let broken = judged.iter().flat_map(|j| j.violations.iter().copied());
    let violations: BTreeSet<&'static str> = broken.chain(kept.into_iter().map(|(_, code)| code)).collect();
    if !violations.is_empty() {
        let problem = Problem::field(Code::StaffNotEligible, "staff");
        let codes: Vec<&'static str> = violations.into_iter().collect();
        return Err(Problem { violations: told(&codes, side), ..problem });
    }
    Ok((0_u8..)
        .zip(judged)
        .map(|(slot, j)| Placement {
            slot,
            staff: j.staff,
            eta_s: j.eta.map_or(0, |eta| eta.seconds.ceil() as u32),
            sure: j.eta.map(Into::into),
            after: j.after,
        })
        .collect())
}

/// Frees the crew or takes the offers back.
#[utoipa::path(post, path = "/v1/trips/{id}/release", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    request_body = Empty, responses((status = 200, body = SupervisorTrip), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    _: Empty,
) -> Answer<Json<SupervisorTrip>> {
    decide(&app, &caller, id, app.record.release(app.env.now(), id, hand(caller.account()))).await
}

/// Ends a trip whose crew cannot; after the meeting only.
#[utoipa::path(post, path = "/v1/trips/{id}/complete", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    request_body = Empty, responses((status = 200, body = SupervisorTrip), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn complete(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    _: Empty,
) -> Answer<Json<SupervisorTrip>> {
    decide(&app, &caller, id, app.record.complete_by_hand(app.env.now(), id, hand(caller.account()))).await
}

/// A named human says nobody can go.
#[utoipa::path(post, path = "/v1/trips/{id}/unserved", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    request_body = ReasonIn, responses((status = 200, body = SupervisorTrip), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn unserved(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    Input(input): Input<ReasonIn>,
) -> Answer<Json<SupervisorTrip>> {
    let reason = parse_reason(&input.reason)?;
    decide(&app, &caller, id, app.record.give_up(app.env.now(), id, hand(caller.account()), reason)).await
}

/// 1 to 200 characters.
pub fn parse_reason(text: &str) -> Answer<&str> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= REASON_CHARS_MAX && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(Problem::bad_field("reason")) }
}

/// Does it, if the caller has to do with the trip, and shows what became of it. Whether the caller may is the record's, in the same
/// transaction.
async fn decide(
    app: &App,
    caller: &Caller,
    id: TripId,
    deed: impl Future<Output = Outcome<()>> + Send,
) -> Answer<Json<SupervisorTrip>> {
    readable(app, caller.account(), id).await?;
    deed.await??;
    shown(app, caller, id).await
}

async fn shown(app: &App, caller: &Caller, id: TripId) -> Answer<Json<SupervisorTrip>> {
    let row = app.record.trip(id).await?.ok_or(Code::NotFound)?;
    Ok(Json(supervisor_view(app, &row, wall(caller.account()))))
}
