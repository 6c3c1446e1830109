//! Owns what a person can tell the service, the same over REST and the socket: answer, status, drop-out, SOS, fixes. Each
//! commits before it returns. Knows neither HTTP nor the socket.

use super::App;
use super::problem::{Answer, Code, Problem};
use crate::engine::roster::RosterView;
use crate::engine::travel::legs::Tap;
use crate::live::{Live, Verdict};
use crate::record::{Account, Role, RosterEntry};
use crate::telemetry;
use crate::view::FixIn;
use crate::view::incident::{FOLLOWED_S, follows_device};
use geo::{Fix, FixKind};
use matcher::model::{IncidentId, OfferId, OfferState, Phase, Timestamp, TripId};
use std::sync::PoisonError;

/// Most fixes in one message: five minutes of a phone that was in the subway, at one every 5 s.
pub const FIXES_MAX: usize = 60;
/// Phones whose session epoch is remembered; beyond it the table starts anew, which only costs new epochs.
const EPOCHS_MAX: usize = 100_000;

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
    let trip = own_trip(app, account, trip).await?;
    let fix = app.sight.places.last_fix(account.id);
    let id = app.record.raise_sos(app.env.now(), account, trip, fix).await??;
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

/// Takes a phone's fixes, oldest first; one word for each.
pub async fn fixes(app: &App, account: &Account, fixes: &[FixIn]) -> Answer<Vec<&'static str>> {
    if fixes.is_empty() || fixes.len() > FIXES_MAX {
        return Err(Problem::bad_field("fixes"));
    }
    let epoch = epoch_of(app, account).await?;
    let now = app.env.now();
    let mut parsed = Vec::with_capacity(fixes.len());
    for (i, fix) in fixes.iter().enumerate() {
        parsed.push(fix.parse(now, epoch).map_err(|field| Problem::bad_field(format!("fixes[{i}].{field}")))?);
    }
    if !app.config.demo
        && let Some(i) = parsed.iter().position(|fix| fix.kind == FixKind::Demo)
    {
        return Err(Problem::bad_field(format!("fixes[{i}].kind")));
    }
    if account.role == Role::Staff && !is_followed_at_work(app, account, now).await? {
        return Ok(parsed.iter().map(|_| Live::refuse(Verdict::NotOnShift)).collect());
    }
    let places = &app.sight.places;
    let put = |fix: &Fix| match account.no {
        Some(no) => places.put_staff(account.id, no, *fix),
        None => places.put_rider(account.id, *fix),
    };
    let verdicts: Vec<&'static str> = parsed.iter().map(put).collect();
    let kept = parsed.iter().zip(&verdicts).filter(|(_, word)| Verdict::keeps(word)).map(|(fix, _)| fix);
    app.watch.fixes(account.id, kept, now);
    Ok(verdicts)
}

/// Whether a staff member's position is the service's business: on shift, holding a trip, or in an alarm that is followed.
async fn is_followed_at_work(app: &App, account: &Account, now: Timestamp) -> Answer<bool> {
    let at_work = |roster: &RosterView| roster.by_id.get(&account.id).is_some_and(|entry| is_at_work(entry, now));
    // The view at hand says yes to nearly everybody; only a no is worth reading the record.
    if at_work(&app.roster.current()) || at_work(&*app.roster.refresh(&app.record, now).await?) {
        return Ok(true);
    }
    let alarms = app.record.incidents_shown(now.plus_s(-FOLLOWED_S)).await?;
    Ok(alarms.iter().any(|alarm| follows_device(alarm, now) && alarm.raised_by == account.id))
}

/// On shift now, or holding a trip.
pub fn is_at_work(entry: &RosterEntry, now: Timestamp) -> bool {
    entry.duty.is_some() || entry.shift.is_some_and(|shift| shift.starts_at <= now && now < shift.ends_at)
}

/// The session epoch of a phone: its newest socket's, or one issued for a phone that has only ever posted.
async fn epoch_of(app: &App, account: &Account) -> Answer<u32> {
    let kept = app.epochs.lock().unwrap_or_else(PoisonError::into_inner).get(&account.id).copied();
    match kept {
        Some(epoch) => Ok(epoch),
        None => new_epoch(app, account).await,
    }
}

/// Issues a new session epoch, and orders later fixes by it.
pub async fn new_epoch(app: &App, account: &Account) -> Answer<u32> {
    let epoch = app.record.next_session_epoch(account.id).await?;
    let mut epochs = app.epochs.lock().unwrap_or_else(PoisonError::into_inner);
    if epochs.len() >= EPOCHS_MAX {
        epochs.clear();
    }
    let newest = epochs.entry(account.id).or_insert(epoch);
    *newest = epoch.max(*newest);
    Ok(*newest)
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
