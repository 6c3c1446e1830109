//! Owns the way of a crew member to where the trip asks them to go next. Only for who is of the crew now, from their own last
//! position; the meeting point before the meeting, the drop-off after it.

use super::App;
use super::auth::Caller;
use super::body::PathId;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::trips::{has_car, mode_of, together_mode};
use crate::engine::guide::{Kept, Prefer, circles};
use crate::view::eta::source_word;
use crate::view::trip::{crew_member, is_together};
use crate::view::way::{LegView, WayView, line};
use axum::Json;
use axum::extract::{RawQuery, State};
use geo::Fix;
use geo::road::{NoSaferWay, legs};
use matcher::model::{Mode, TripId};
use matcher::policy::limits::FIX_ACCURACY_M_MAX;
use std::sync::Arc;

/// `prefer=fastest` or `prefer=safer`; nothing: fastest to the meeting point, safer together with the rider.
fn parse_prefer(query: Option<&str>, together: bool) -> Answer<Prefer> {
    match query {
        Some("prefer=safer") => Ok(Prefer::Safer),
        None if together => Ok(Prefer::Safer),
        Some("prefer=fastest") | None => Ok(Prefer::Fastest),
        Some(_) => Err(Problem::bad_field("prefer")),
    }
}

/// The way from where the phone was last to where the trip asks it to go.
#[utoipa::path(get, path = "/v1/trips/{id}/way", tag = "staff", params(("id" = uuid::Uuid, Path), ("prefer" = Option<String>, Query, description = "`fastest` or `safer`")),
    responses((status = 200, body = WayView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn way(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    RawQuery(query): RawQuery,
) -> Answer<Json<WayView>> {
    let viewer = caller.account().id;
    let row = app.record.trip(id).await?.filter(|row| crew_member(row, viewer).is_some()).ok_or(Code::NotFound)?;
    let together = is_together(row.trip.phase);
    // A street at the other side of a circle of 2 km is not where the way begins, nor can anybody say what it keeps out of.
    let is_place = |fix: &Fix| (0.0..=FIX_ACCURACY_M_MAX).contains(&fix.accuracy_m);
    let fix = app.sight.places.last_fix(viewer).filter(is_place).ok_or(Code::NoFix)?;
    if !together {
        app.guide.expect_safer();
    }
    let to = if together { row.trip.dropoff } else { row.trip.pickup };
    let prefer = parse_prefer(query.as_deref(), together)?;
    let zones = if together { app.record.zones_of(row.trip.rider).await? } else { Vec::new() };
    let searched = Arc::clone(&app);
    let has_car = !together || has_car(&app, &row);
    let search = move || {
        // Before the meeting the crew goes as each travels; together they go as far trips are gone.
        let mode = if together { together_mode(&searched, &row) } else { mode_of(&searched, viewer) };
        searched.guide.way(mode, prefer, (viewer, &fix), to, &circles(&zones))
    };
    let found = tokio::task::spawn_blocking(search).await.expect("a road search does not panic").ok_or(Code::NoWay)?;
    let data = &app.sight.map().data;
    let pace = if together { app.sight.pace(found.mode) } else { 1.0 };
    Ok(Json(WayView {
        to: if together { "dropoff" } else { "pickup" },
        mode: found.mode.word(),
        without_car: found.mode == Mode::Drive && !has_car,
        prefer: if found.prefer == Prefer::Safer { "safer" } else { "fastest" },
        duration_s: (found.route.duration_s * pace).ceil() as u32,
        p90_s: (found.eta.p90_s * pace).ceil() as u32,
        length_m: found.route.length_m.round() as u32,
        detour_s: (found.detour_s * pace).round() as u32,
        zones: match found.kept {
            Kept::None => "none",
            Kept::Out => "kept_out",
            Kept::Not(NoSaferWay::BeginsInside) => "begins_inside",
            Kept::Not(NoSaferWay::EndsInside) => "ends_inside",
            Kept::Not(NoSaferWay::CutOff) => "cut_off",
            Kept::Crossed => "crossed",
        },
        source: source_word(found.eta.source),
        fix_age_s: (app.env.now().0 - fix.taken_at_ms).max(0).div_euclid(1_000) as u32,
        line: line(&found.route),
        legs: legs(data, &found.route).iter().map(|leg| LegView::of(leg, data, pace)).collect(),
    }))
}
