//! Owns what operators see of the travel times: what finished ways taught, by way of travelling, hour and class of road. It names no
//! place and no person, so every supervisor reads it, beside admins; riders and crews do not.

use super::App;
use super::problem::{Answer, ProblemBody};
use crate::engine::field::profile;
use crate::engine::travel::Present;
use crate::record::class_word;
use crate::view::eta::source_word;
use crate::view::time::instant;
use axum::Json;
use axum::extract::State;
use geo::road::calibrate::Coverage;
use geo::road::data::RoadClass;
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
    /// What travel times in it are called: `calibrated`, or `road` where too few went in it for that, whatever other hours taught, and in
    /// the present hour while an operator's factor is in force.
    source: &'static str,
    /// What nine of ten take over what one of two takes; of `road` an assumption, and no less than what was seen in other hours.
    spread: f32,
    /// By class of road, so many times as long as on empty streets; 1 until it is calibrated.
    factors: BTreeMap<&'static str, f32>,
    /// By class of road, how many of the ways went along it: few, and the factor leans on the other hours and classes.
    observations_on: BTreeMap<&'static str, u32>,
}

/// How often finished ways stayed within what would have been said of them, each judged by a fit that had not seen it.
#[derive(Serialize, ToSchema)]
pub struct TravelCoverage {
    /// Ways that were judged.
    observations: u32,
    /// Share that took no longer than the estimate; 0.5 where it is right.
    within_p50: f32,
    /// Share that took no longer than its p90; 0.9 where it is right.
    within_p90: f32,
}

/// What was learnt of one way of travelling.
#[derive(Serialize, ToSchema)]
pub struct TravelProfile {
    /// `walk`, `drive`, `transit` or `cycle`.
    profile: &'static str,
    /// Whether enough ways were finished for factors; else its travel times are the map's own.
    calibrated: bool,
    /// What its travel times are called now wherever they are told, as in `hours`.
    source: &'static str,
    /// So many times as long as somebody alone a crew with its rider takes on the same way; 1 until ways of both were finished.
    pace_with_rider: f32,
    /// Seconds that a trip takes beside the way, whatever its length (leaving, parking, finding each other): of somebody alone to the meeting
    /// point; 0 until many ways of different lengths were finished.
    beside_alone_s: f32,
    /// The same of a crew with its rider.
    beside_with_rider_s: f32,
    /// Null where there are too few ways to judge by halves.
    coverage: Option<TravelCoverage>,
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
pub async fn travel(State(app): State<Arc<App>>) -> Answer<Json<TravelOut>> {
    let (present, hour) = (app.travel.present(), hour_of(app.env.now()));
    Ok(Json(TravelOut {
        hour,
        generation: present.generation,
        reweighed_at: present.reweighed_at.map(instant),
        fitted_at: present.fitted_at.map(instant),
        refused: present.calibration.refused(),
        profiles: Mode::ALL.into_iter().map(|mode| learnt(&present, (mode, hour))).collect(),
    }))
}

fn learnt(present: &Present, (mode, now): (Mode, u8)) -> TravelProfile {
    let (profile, calibration) = (profile(mode), &present.calibration);
    let factors = calibration.day_factors(profile);
    let hours: Vec<TravelHour> = (0..24u8)
        .map(|hour| {
            let at = usize::from(hour);
            let of_hour = factors.at(at).by_class;
            let all = RoadClass::ALL;
            // What operators say now is in no other hour: nobody knows whether it will hold then.
            let basis = if hour == now { present.basis(mode) } else { calibration.basis(profile, at) };
            let on = |class: RoadClass| calibration.observations_on(profile, class, at);
            TravelHour {
                hour,
                observations: calibration.observations(profile, at),
                source: source_word(basis.source),
                spread: basis.spread,
                factors: all.map(|c| (class_word(c), of_hour.get(&c).copied().unwrap_or(1.0))).into(),
                observations_on: all.map(|class| (class_word(class), on(class))).into(),
            }
        })
        .collect();
    TravelProfile {
        profile: mode.word(),
        calibrated: calibration.is_calibrated(profile),
        source: hours[usize::from(now)].source,
        pace_with_rider: calibration.pace(profile),
        beside_alone_s: calibration.beside(profile).alone_s,
        beside_with_rider_s: calibration.beside(profile).with_rider_s,
        coverage: present.coverage[profile as usize].map(shares),
        observations: hours.iter().map(|hour| hour.observations).sum(),
        hours,
    }
}

fn shares(covered: Coverage) -> TravelCoverage {
    let share = |within: u32| within as f32 / covered.trips.max(1) as f32;
    TravelCoverage {
        observations: covered.trips,
        within_p50: share(covered.within_p50),
        within_p90: share(covered.within_p90),
    }
}
