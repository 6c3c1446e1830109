//! Owns what a person can tell the service, the same over REST and the socket: answer, status, drop-out, SOS, fixes. Each
//! commits before it returns. Knows neither HTTP nor the socket.

use super::App;
use super::ingest::sources::{Source, Via};
use super::ingest::{FIXES_MAX, take};
use super::problem::{Answer, Code, Problem};
use crate::engine::travel::legs::Tap;
use crate::live::Verdict;
use crate::record::{Account, Role, SignedIn};
use crate::telemetry;
use crate::view::FixIn;
use matcher::model::{IncidentId, OfferId, OfferState, Phase, TripId};
use std::time::Duration;
use tokio::time::timeout;

/// An alarm waits no longer for the look which trip it is about.
const LOOK_MAX: Duration = Duration::from_millis(500);

/// The phone's yes or no.
pub async fn answer(app: &App, account: &Account, offer: OfferId, accept: bool) -> Answer<&'static str> {
    let state = app.record.answer(app.env.now(), offer, account.id, accept).await??;
    Ok(if state == OfferState::Accepted { "accepted" } else { "declined" })
}

/// What a crew member may report.
pub fn parse_status(word: &str) -> Option<Phase> {
    let phase = Phase::from_word(word)?;
    let reportable = [Phase::EnRoute, Phase::Arrived, Phase::Met, Phase::Escorting, Phase::Completed, Phase::NoShow];
    reportable.contains(&phase).then_some(phase)
}

/// A crew member's tap.
pub async fn status(app: &App, account: &Account, trip: TripId, to: &str) -> Answer<()> {
    let to = parse_status(to).ok_or_else(|| Problem::bad_field("to"))?;
    let tap = news(app, account, trip, to);
    app.record.set_status(app.env.now(), trip, account.id, to).await??;
    if let Some(tap) = tap {
        app.travel.tapped(tap);
    }
    Ok(())
}

/// What travel times may be learnt from, if it is no repeat.
fn news(app: &App, account: &Account, trip: TripId, to: Phase) -> Option<Tap> {
    let roster = app.roster.current();
    let entry = roster.by_id.get(&account.id)?;
    let is_news = entry.duty.is_some_and(|(held, phase)| held == trip && phase < to);
    is_news.then(|| Tap {
        staff: account.id,
        trip,
        to,
        at: app.env.now(),
        mode: entry.shift.map(|shift| shift.mode),
        fix: app.sight.places.last_fix(account.id),
    })
}

/// Gives the slot back.
pub async fn drop_out(app: &App, account: &Account, trip: TripId) -> Answer<()> {
    Ok(app.record.drop_out(app.env.now(), trip, account.id).await??)
}

/// Raises the alarm, with the last place known. A trip that is not the caller's does not stop it: it is left out.
pub async fn sos(app: &App, account: &Account, trip: Option<TripId>) -> Answer<IncidentId> {
    // The record looks again whose trip it is. A look that fails, or takes long, must not stand before an alarm.
    let own = timeout(LOOK_MAX, own_trip(app, account, trip)).await;
    let trip = own.map_or(trip, |own| own.unwrap_or(trip));
    let fix = app.sight.places.last_fix(account.id);
    let id = app.record.raise_sos(app.env.now(), account, trip, fix).await??;
    app.ingest.at_work.changed();
    metrics::counter!(telemetry::SOS).increment(1);
    Ok(id)
}

/// The trip named, if it is the caller's; else the one the caller is on.
async fn own_trip(app: &App, account: &Account, named: Option<TripId>) -> Answer<Option<TripId>> {
    if account.role == Role::Staff {
        return Ok(app.record.trip_of_staff(account.id).await?.map(|row| row.trip.id));
    }
    let rows = app.record.trips_of_rider(account.id, app.env.now()).await?;
    let open = |row: &&crate::record::TripRow| !row.trip.phase.is_end();
    let own = rows.iter().find(|row| Some(row.trip.id) == named);
    let current = || rows.iter().filter(open).max_by_key(|row| row.trip.phase);
    Ok(own.or_else(current).map(|row| row.trip.id))
}

/// Takes a phone's fixes, oldest first; a verdict for each.
pub async fn fixes(app: &App, signed_in: &SignedIn, via: Via, fixes: &[FixIn]) -> Answer<Vec<Verdict>> {
    if fixes.len() > FIXES_MAX {
        return Err(Problem::bad_field("fixes"));
    }
    let now = app.env.now();
    let mut parsed = Vec::with_capacity(fixes.len());
    for (i, fix) in fixes.iter().enumerate() {
        parsed.push(fix.parse(now).map_err(|field| Problem::bad_field(format!("fixes[{i}].{field}")))?);
    }
    take(app, &signed_in.account, (Source::Phone(signed_in.token), via), parsed).await
}

/// The refusal of a role that reached a command it has no part in.
pub const fn only(account: &Account, roles: &[Role]) -> Result<(), Code> {
    let mut i = 0;
    while i < roles.len() {
        if roles[i] as u8 == account.role as u8 {
            return Ok(());
        }
        i += 1;
    }
    Err(Code::ForbiddenRole)
}
