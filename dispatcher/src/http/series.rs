//! Owns the rider's commutes: list, leave a day out, end.

use super::App;
use super::auth::Caller;
use super::body::{Empty, Input, PathId};
use super::problem::{Answer, Code, Problem, ProblemBody};
use crate::record::Series;
use crate::view::SeriesView;
use crate::view::time::parse_date;
use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use matcher::model::SeriesId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A rider's commutes.
#[derive(Serialize, ToSchema)]
pub struct SeriesList {
    series: Vec<SeriesView>,
}

/// A day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DayIn {
    date: String,
}

/// All of the rider's.
#[utoipa::path(get, path = "/v1/series", tag = "rider", responses((status = 200, body = SeriesList)))]
pub async fn list(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<SeriesList>> {
    let series = app.record.series_of_rider(caller.account().id).await?;
    Ok(Json(SeriesList { series: series.iter().map(SeriesView::of).collect() }))
}

/// Leaves one day out.
#[utoipa::path(post, path = "/v1/series/{id}/skip", tag = "rider", params(("id" = uuid::Uuid, Path)),
    request_body = DayIn, responses((status = 200, body = SeriesView), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn skip(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<SeriesId>,
    Input(day): Input<DayIn>,
) -> Answer<Json<SeriesView>> {
    let date = parse_date(&day.date).ok_or_else(|| Problem::bad_field("date"))?;
    let own = app.record.series_of_rider(caller.account().id).await?;
    let series = own.iter().find(|series| series.id == id).ok_or(Code::NotFound)?;
    if !is_day_of(series, date) {
        return Err(Problem::bad_field("date"));
    }
    let series = app.record.skip(app.env.now(), caller.account().id, id, date).await??;
    Ok(Json(SeriesView::of(&series)))
}

/// Whether the series has legs on that day.
fn is_day_of(series: &Series, date: Date) -> bool {
    let commute = &series.commute;
    commute.from <= date && date <= commute.until && commute.days.contains(date.weekday())
}

/// Ends the series.
#[utoipa::path(post, path = "/v1/series/{id}/end", tag = "rider", params(("id" = uuid::Uuid, Path)),
    request_body = Empty, responses((status = 200, body = SeriesView), (status = 404, body = ProblemBody)))]
pub async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<SeriesId>,
    _: Empty,
) -> Answer<Json<SeriesView>> {
    let series = app.record.end_series(app.env.now(), caller.account().id, id).await??;
    Ok(Json(SeriesView::of(&series)))
}
