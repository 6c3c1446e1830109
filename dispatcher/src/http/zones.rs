//! Owns a rider's avoid zones as an admin sets them: added, counted, taken back. Where they are is never read back.

use super::App;
use super::admin::actor;
use super::auth::Caller;
use super::body::{Input, PathId};
use super::problem::{Answer, Code, Problem, ProblemBody};
use crate::record::{AvoidZone, Role};
use crate::view::PointIn;
use crate::view::place::parse_position;
use crate::view::time::instant;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use geo::road::avoid::{RADIUS_M_MAX, RADIUS_M_MIN};
use matcher::model::AccountId;
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
    let center = parse_position(input.at.lat, input.at.lon).map_err(|f| Problem::bad_field(format!("at.{f}")))?;
    if !(RADIUS_M_MIN..=RADIUS_M_MAX).contains(&f64::from(input.radius_m)) {
        return Err(Problem::bad_field("radius_m"));
    }
    if !app.sight.map().data.bounds.contains(center) {
        return Err(Problem::bad_field("at"));
    }
    let rider = AccountId(input.rider);
    let zone = app.record.add_zone(app.env.now(), actor(&caller), rider, center, input.radius_m).await??;
    Ok((StatusCode::CREATED, Json(ZoneOut::of(&zone))))
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
