//! Owns a rider's avoid zones as an admin sets them, and the centre's supervisors from a trip of that rider, whose account they do not
//! know: added, counted, taken back. Where they are is never read back.

use super::App;
use super::admin::actor;
use super::auth::Caller;
use super::body::{Input, PathId};
use super::key::idempotency_key;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::trips::for_centre;
use crate::record::{AvoidZone, Role};
use crate::view::PointIn;
use crate::view::place::parse_position;
use crate::view::time::instant;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use geo::Position;
use geo::road::avoid::{RADIUS_M_MAX, RADIUS_M_MIN};
use matcher::model::{AccountId, TripId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// A circle to keep out of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneIn {
    rider: Uuid,
    at: PointIn,
    /// 10 to 5,000.
    radius_m: u16,
}

/// A circle around a point.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneAroundIn {
    around: CircleIn,
}

/// Its middle and radius.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CircleIn {
    at: PointIn,
    /// 10 to 5,000.
    radius_m: u16,
}

/// A zone, without its place.
#[derive(Serialize, ToSchema)]
pub struct ZoneOut {
    id: Uuid,
    radius_m: u16,
    created_at: String,
}

/// A rider's zones.
#[derive(Serialize, ToSchema)]
pub struct Zones {
    zones: Vec<ZoneOut>,
}

impl ZoneOut {
    fn of(zone: &AvoidZone) -> Self {
        Self { id: zone.id, radius_m: zone.radius_m, created_at: instant(zone.created_at) }
    }
}

/// Crews are led around it from now on, whenever they walk with this rider.
#[utoipa::path(post, path = "/v1/admin/zones", tag = "admin", request_body = ZoneIn,
    responses((status = 201, body = ZoneOut), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<ZoneIn>,
) -> Answer<(StatusCode, Json<ZoneOut>)> {
    let center = middle(&app, &input.at, input.radius_m, "")?;
    let rider = AccountId(input.rider);
    let zone = app.record.add_zone(app.env.now(), actor(&caller), rider, center, input.radius_m).await??;
    Ok((StatusCode::CREATED, Json(ZoneOut::of(&zone))))
}

/// The middle of a circle that may be one; what is wrong is named under `path`.
fn middle(app: &App, at: &PointIn, radius_m: u16, path: &str) -> Answer<Position> {
    let bad = |field: &str| Problem::bad_field(format!("{path}{field}"));
    let center = parse_position(at.lat, at.lon).map_err(|field| bad(&format!("at.{field}")))?;
    if !(RADIUS_M_MIN..=RADIUS_M_MAX).contains(&f64::from(radius_m)) {
        return Err(bad("radius_m"));
    }
    // It would keep nobody out of anything.
    if app.sight.map().data.bounds.contains(center) { Ok(center) } else { Err(bad("at")) }
}

/// How many there are and how large, never where.
#[utoipa::path(get, path = "/v1/admin/riders/{id}/zones", tag = "admin", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Zones), (status = 404, body = ProblemBody)))]
pub async fn list(State(app): State<Arc<App>>, PathId(rider): PathId<AccountId>) -> Answer<Json<Zones>> {
    app.record.account(rider).await?.filter(|account| account.role == Role::Rider).ok_or(Code::NotFound)?;
    let zones = app.record.zones_of(rider).await?;
    Ok(Json(Zones { zones: zones.iter().map(ZoneOut::of).collect() }))
}

/// Takes one back; nothing of it is kept.
#[utoipa::path(delete, path = "/v1/admin/zones/{id}", tag = "admin", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn remove(State(app): State<Arc<App>>, caller: Caller, PathId(zone): PathId<Uuid>) -> Answer<StatusCode> {
    app.record.remove_zone(app.env.now(), actor(&caller), zone).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Of the rider of a trip: how many there are and how large, never where. For the centre's supervisors.
#[utoipa::path(get, path = "/v1/trips/{id}/zones", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = Zones), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn of_trip(State(app): State<Arc<App>>, caller: Caller, PathId(id): PathId<TripId>) -> Answer<Json<Zones>> {
    let row = for_centre(&app, caller.account(), id).await?;
    let zones = app.record.zones_of(row.trip.rider).await?;
    Ok(Json(Zones { zones: zones.iter().map(ZoneOut::of).collect() }))
}

/// One more for the rider of a trip. Sent again with the same key and body it is added once, and the answer is 200; 404 once it has been
/// taken back.
#[utoipa::path(post, path = "/v1/trips/{id}/zones", tag = "supervisor", request_body = ZoneAroundIn,
    params(("id" = uuid::Uuid, Path),
        ("Idempotency-Key" = String, Header, description = "1 to 64 printable characters; one for each zone, kept for a day")),
    responses((status = 201, body = ZoneOut), (status = 200, body = ZoneOut), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn add_of_trip(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    headers: HeaderMap,
    Input(input): Input<ZoneAroundIn>,
) -> Answer<(StatusCode, Json<ZoneOut>)> {
    let row = for_centre(&app, caller.account(), id).await?;
    let under = (caller.account().id, idempotency_key(&headers)?);
    let CircleIn { at, radius_m } = input.around;
    let center = middle(&app, &at, radius_m, "around.")?;
    let (zone, fresh) = app.record.add_zone_once(app.env.now(), under, row.trip.rider, center, radius_m).await??;
    Ok((if fresh { StatusCode::CREATED } else { StatusCode::OK }, Json(ZoneOut::of(&zone))))
}

/// Takes one of the rider of a trip back; nothing of it is kept.
#[utoipa::path(delete, path = "/v1/trips/{id}/zones/{zone}", tag = "supervisor",
    params(("id" = uuid::Uuid, Path), ("zone" = uuid::Uuid, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn remove_of_trip(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, zone)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let ids = id.parse::<TripId>().ok().zip(zone.parse::<Uuid>().ok());
    let (id, zone) = ids.ok_or(Code::NotFound)?;
    let row = for_centre(&app, caller.account(), id).await?;
    // A zone never changes its rider.
    if app.record.zones_of(row.trip.rider).await?.iter().all(|own| own.id != zone) {
        return Err(Code::NotFound.into());
    }
    app.record.remove_zone(app.env.now(), actor(&caller), zone).await??;
    Ok(StatusCode::NO_CONTENT)
}
