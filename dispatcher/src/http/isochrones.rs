//! Owns the picture of who could be somewhere in time: cells from which a point is reached, by minutes, for a supervisor who judges.
//! A way of travelling that nobody at work goes by is made when it is first asked for; until its times count, the answer is `not_yet`.

use super::App;
use super::body::Input;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::staff::ModeIn;
use crate::engine::guide::{NoReach, Reached};
use crate::view::PointIn;
use crate::view::eta::source_word;
use crate::view::place::parse_position;
use axum::Json;
use axum::extract::State;
use geo::cell::Grid;
use matcher::model::Mode;
use matcher::schedule::hour_of;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Longest, minutes.
const MINUTES_MAX: u8 = 30;

/// From where to where one gets in time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IsochronesIn {
    /// The point to be reached.
    at: PointIn,
    mode: ModeIn,
    /// 1 to 30.
    minutes: u8,
}

/// A cell and how soon somebody in it can be at the point.
#[derive(Serialize, ToSchema)]
pub struct ReachCell {
    cell: String,
    /// Seconds from its nearest street.
    seconds: u32,
    /// Of which nine times of ten no more are needed.
    p90_s: u32,
    /// Only where it is another than the answer's: `straight` where most of the way lies off the streets.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    boundary: Vec<[f64; 2]>,
}

/// The cells.
#[derive(Serialize, ToSchema)]
pub struct Isochrones {
    /// How the times are known: `road` or `calibrated`.
    source: &'static str,
    cells: Vec<ReachCell>,
}

/// Cells from which the point is reached within so many minutes along the roads.
#[utoipa::path(post, path = "/v1/isochrones", tag = "supervisor", request_body = IsochronesIn,
    responses((status = 200, body = Isochrones), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody),
        (status = 503, description = "Not yet: the travel times of the first who asks for this mode are being made, or the record cannot be reached.", body = ProblemBody)))]
pub async fn isochrones(State(app): State<Arc<App>>, Input(input): Input<IsochronesIn>) -> Answer<Json<Isochrones>> {
    let at = parse_position(input.at.lat, input.at.lon).map_err(|f| Problem::bad_field(format!("at.{f}")))?;
    if !(1..=MINUTES_MAX).contains(&input.minutes) {
        return Err(Problem::bad_field("minutes"));
    }
    let mode = Mode::from(input.mode);
    // A car's half hour in small cells would be a picture of thousands.
    let grid = if mode == Mode::Walk { Grid::Street } else { Grid::Index };
    let (guide, within_s) = (Arc::clone(&app.guide), f32::from(input.minutes) * 60.0);
    let hour = usize::from(hour_of(app.env.now()));
    let reached = app.search(move || guide.reach(mode, at, within_s, grid, hour)).await;
    let Reached { source, cells } = reached.map_err(|why| match why {
        NoReach::NoWay => Code::NoWay,
        NoReach::NotYet => Code::NotYet,
    })?;
    let shown = cells.into_iter().map(|(cell, eta)| ReachCell {
        cell: cell.to_string(),
        seconds: eta.seconds.ceil() as u32,
        p90_s: eta.p90_s.ceil() as u32,
        source: Some(eta.source).filter(|&own| own != source).map(source_word),
        boundary: cell.boundary().iter().map(|p| [p.lon(), p.lat()]).collect(),
    });
    Ok(Json(Isochrones { source: source_word(source), cells: shown.collect() }))
}
