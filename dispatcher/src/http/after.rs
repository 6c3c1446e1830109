//! Owns when somebody who is on a trip could be at another meeting point: after that trip's end, from its drop-off. For a supervisor
//! who waits or plans; nobody is asked by it. Whom the engine asks for what follows is `engine::chain`'s (docs/adr/0014).

use super::App;
use super::problem::Answer;
use super::trips::together_mode;
use crate::engine::roster::RosterView;
use crate::record::TripRow;
use crate::view::eta::source_word;
use geo::{Eta, Position};
use matcher::model::{AccountId, Mode, Phase, Timestamp, TripId};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// When somebody is free, and there.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub struct After {
    /// Seconds until the present trip has ended, as far as can be told.
    free_in_s: u32,
    /// Seconds until they could be at the meeting point.
    there_in_s: u32,
    /// Of which nine times of ten no more are needed.
    there_p90_s: u32,
    /// How the way there is known: `road`, `calibrated` or `straight`.
    source: &'static str,
}

/// Of those of these staff who are in the crew of another trip and whose position is known. One reading.
pub async fn after_their_trips(
    app: &Arc<App>,
    roster: &RosterView,
    meeting: (TripId, Position),
    staff: &[AccountId],
) -> Answer<HashMap<AccountId, After>> {
    let (own, to) = meeting;
    let mode = |id: &AccountId| Some(roster.by_id.get(id)?.shift?.mode);
    let duty =
        |id: &AccountId| roster.by_id.get(id)?.duty.filter(|(held, phase)| *held != own && *phase > Phase::Offered);
    let busy = staff.iter().filter_map(|id| Some((*id, duty(id)?, mode(id)?)));
    let busy: Vec<(AccountId, (TripId, Phase), Mode)> = busy.collect();
    let mut ids: Vec<TripId> = busy.iter().map(|b| b.1.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let trips: HashMap<TripId, TripRow> =
        app.record.trips(&ids).await?.into_iter().map(|row| (row.trip.id, row)).collect();
    let (own_app, now) = (Arc::clone(app), app.env.now());
    let after = move |(staff, (trip, phase), mode): (AccountId, (TripId, Phase), Mode)| {
        let row = trips.get(&trip)?;
        let free = free_in(&own_app, row, (staff, mode, phase), now)?;
        let then = own_app.sight.takes(mode, row.trip.dropoff, to)?;
        let whole_s = |seconds: f32| seconds.ceil() as u32;
        let after = After {
            free_in_s: whole_s(free.seconds),
            there_in_s: whole_s(free.seconds).saturating_add(whole_s(then.seconds)),
            there_p90_s: whole_s(free.p90_s + then.p90_s),
            source: source_word(then.source),
        };
        Some((staff, after))
    };
    let search = move || busy.into_iter().filter_map(after).collect();
    Ok(app.search(search).await)
}

/// Until a member's trip has ended; `None` where nobody knows where they are or no way is open.
fn free_in(app: &App, row: &TripRow, member: (AccountId, Mode, Phase), now: Timestamp) -> Option<Eta> {
    let (staff, mode, phase) = member;
    let (trip, sight) = (&row.trip, &app.sight);
    let takes = |mode, to| sight.takes_who(mode, (staff, &sight.place(staff, now)?), to);
    // A trip for later does not begin before its time.
    let until_s = trip.pickup_at.map_or(0, |at| at.since_ms(now).max(0) / 1_000) as f32;
    let then = |begun_s: f32, p90_s: f32| {
        let together = Eta::road(row.trip_s() as f32);
        let (begun_s, p90_s) = (begun_s.ceil().max(until_s), p90_s.max(until_s));
        Eta { seconds: begun_s + together.seconds, p90_s: p90_s + together.p90_s, ..together }
    };
    match phase {
        Phase::Assigned | Phase::EnRoute => {
            let way = takes(mode, trip.pickup)?.later_by(sight.ahead_s(mode, phase));
            Some(then(way.seconds, way.p90_s))
        }
        Phase::Arrived => Some(then(0.0, 0.0)),
        Phase::Met | Phase::Escorting => {
            let mode = together_mode(app, row);
            let led = sight.led(trip.id, mode, takes(mode, trip.dropoff)?);
            Some(led.later_by(sight.ahead_s(mode, phase)))
        }
        _ => None,
    }
}
