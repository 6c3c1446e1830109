//! Owns what operators see of the travel times: what finished ways taught, by way of travelling and hour. For admins and the centre.

use super::App;
use super::auth::Caller;
use super::conditions::of_all_agencies;
use super::problem::{Answer, ProblemBody};
use crate::engine::field::profile;
use crate::record::class_word;
use crate::view::time::instant;
use axum::Json;
use axum::extract::State;
use geo::road::Calibration;
use matcher::model::Mode;
use matcher::schedule::hour_of;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// What was learnt of one hour of the day.
#[derive(Serialize, ToSchema)]
pub struct TravelHour {
    /// Korean, 0 to 23.
    hour: u8,
    /// Ways that were set out on in it.
    observations: u32,
    /// What nine of ten take over what one of two takes.
    spread: f32,
    /// By class of road, so many times as long as on empty streets; 1 until it is calibrated.
    factors: BTreeMap<&'static str, f32>,
}

/// What was learnt of one way of travelling.
#[derive(Serialize, ToSchema)]
pub struct TravelProfile {
    /// `walk`, `drive` or `transit`.
    profile: &'static str,
    /// Whether its travel times are fitted; else they are the map's own.
    calibrated: bool,
    /// Ways that count.
    observations: u32,
    hours: Vec<TravelHour>,
}

/// What was learnt.
#[derive(Serialize, ToSchema)]
pub struct TravelOut {
    /// The Korean hour now.
    hour: u8,
    /// How often travel times were replaced since the start.
    generation: u64,
    reweighed_at: Option<String>,
    fitted_at: Option<String>,
    /// Ways that nobody can have gone like that.
    refused: u32,
    profiles: Vec<TravelProfile>,
}

/// What finished ways taught, and how sure it is.
#[utoipa::path(get, path = "/v1/admin/travel", tag = "admin",
    responses((status = 200, body = TravelOut), (status = 403, body = ProblemBody)))]
pub async fn travel(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<TravelOut>> {
    of_all_agencies(&caller)?;
    let present = app.travel.present();
    Ok(Json(TravelOut {
        hour: hour_of(app.env.now()),
        generation: present.generation,
        reweighed_at: present.reweighed_at.map(instant),
        fitted_at: present.fitted_at.map(instant),
        refused: present.calibration.refused(),
        profiles: Mode::ALL.into_iter().map(|mode| learnt(&present.calibration, mode)).collect(),
    }))
}

fn learnt(calibration: &Calibration, mode: Mode) -> TravelProfile {
    let profile = profile(mode);
    let factors = calibration.day_factors(profile);
    let hours: Vec<TravelHour> = (0..24u8)
        .map(|hour| {
            let at = usize::from(hour);
            let of_hour = factors.at(at).by_class;
            let all = geo::road::data::RoadClass::ALL;
            TravelHour {
                hour,
                observations: calibration.observations(profile, at),
                spread: calibration.spread(profile, at),
                factors: all.map(|c| (class_word(c), of_hour.get(&c).copied().unwrap_or(1.0))).into(),
            }
        })
        .collect();
    TravelProfile {
        profile: mode.word(),
        calibrated: calibration.is_calibrated(profile),
        observations: hours.iter().map(|hour| hour.observations).sum(),
        hours,
    }
}
