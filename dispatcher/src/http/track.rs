//! Owns the look at a trip's track: for the centre's supervisors, with a reason, on the audit chain before anything is shown. A gap is
//! shown as a gap: the track comes in stretches without one.

use super::App;
use super::auth::Caller;
use super::body::{Input, PathId};
use super::problem::{Answer, ProblemBody};
use super::reveal::{REVEAL_S, RevealIn};
use super::trips::for_centre;
use crate::record::{RefusedRow, TrackRow};
use crate::view::time::instant;
use axum::Json;
use axum::extract::State;
use matcher::model::{AccountId, TripId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a phone was silent for longer, nobody knows the way, seconds: as long as a position counts in matching.
const GAP_S: i64 = 60;

/// The ways of a crew.
#[derive(Serialize, ToSchema)]
pub struct Track {
    trip: Uuid,
    members: Vec<MemberTrack>,
    /// To be hidden again by then.
    until: String,
}

/// The way of one member.
#[derive(Serialize, ToSchema)]
struct MemberTrack {
    staff: Uuid,
    /// Unit number, while they are of the staff.
    no: Option<u32>,
    /// In order; between two of them nothing was heard for more than a minute.
    stretches: Vec<Vec<TrackPoint>>,
    /// What came meanwhile and could not be put anywhere.
    refused: Vec<RefusedFixes>,
}

/// Fixes that said nowhere to be put.
#[derive(Serialize, ToSchema)]
struct RefusedFixes {
    /// What for: `future`, `too_old`, `inaccurate`, `replaced`.
    verdict: String,
    fixes: u32,
    /// When the first of them came.
    first: String,
    /// When the last of them came.
    last: String,
}

/// A fix of a track.
#[derive(Serialize, ToSchema)]
struct TrackPoint {
    at: String,
    lat: f64,
    lon: f64,
    /// Radius of the error circle, metres.
    acc_m: u32,
    /// What it was taken for when it came: `ok`, `coarse`, `late`, `old`, `jump`, `outside_area`.
    verdict: String,
}

/// Shows where the crew of a trip was; the audit names who looked.
#[utoipa::path(post, path = "/v1/trips/{id}/track", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    request_body = RevealIn, responses((status = 200, body = Track), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn track(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    Input(input): Input<RevealIn>,
) -> Answer<Json<Track>> {
    // A company has its own staff's shifts to run, not their ways to look at.
    let row = for_centre(&app, caller.account(), id).await?;
    let now = app.env.now();
    let (rows, refused) = app.record.reveal_track(now, caller.account().id, row.trip.id, input.why()).await?;
    let roster = app.roster.current();
    let no = |staff: AccountId| roster.by_id.get(&staff).map(|entry| entry.staff.no);
    let mut crew: Vec<AccountId> =
        rows.iter().map(|row| row.staff).chain(refused.iter().map(|row| row.staff)).collect();
    crew.sort_unstable();
    crew.dedup();
    let members = crew.into_iter().map(|staff| {
        let own: Vec<&TrackRow> = rows.iter().filter(|row| row.staff == staff).collect();
        let refused = refused.iter().filter(|row| row.staff == staff).map(RefusedFixes::of).collect();
        MemberTrack { staff: staff.0, no: no(staff), stretches: stretches(&own), refused }
    });
    Ok(Json(Track { trip: id.0, members: members.collect(), until: instant(now.plus_s(REVEAL_S)) }))
}

impl RefusedFixes {
    fn of(row: &RefusedRow) -> Self {
        let [first, last] = row.came.map(instant);
        Self { verdict: row.verdict.clone(), fixes: row.fixes, first, last }
    }
}

fn stretches(own: &[&TrackRow]) -> Vec<Vec<TrackPoint>> {
    let together = |a: &&TrackRow, b: &&TrackRow| b.taken_at.since_ms(a.taken_at).abs() <= GAP_S * 1_000;
    own.chunk_by(together)
        .map(|stretch| {
            stretch
                .iter()
                .map(|row| TrackPoint {
                    at: instant(row.taken_at),
                    lat: row.position.lat(),
                    lon: row.position.lon(),
                    acc_m: row.accuracy_m,
                    verdict: row.verdict.clone(),
                })
                .collect()
        })
        .collect()
}
