//! Owns the demonstration's calls. They exist only where the configuration says demo, and only for a peer on loopback;
//! everywhere else they answer like what does not exist.

use super::App;
use super::auth::is_local;
use super::body::Input;
use super::problem::{Answer, Code, Problem, ProblemBody};
use super::sight::Sight;
use super::staff::ModeIn;
use crate::clock::Entropy;
use crate::record::Account;
use crate::view::PointIn;
use crate::view::place::parse_position;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use geo::Position;
use geo::road::Route;
use matcher::model::Mode;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most accounts of one enrolment.
const ENROL_MAX: u32 = 20_000;
/// How far a stroll's turning point is, metres: about a quarter of an hour on foot.
const STROLL_M: f64 = 850.0;
/// Directions tried for a stroll.
const STROLL_TRIES: u32 = 12;
/// Metres of one degree of latitude.
const DEGREE_M: f64 = 111_195.0;

/// Proof that this is a demonstration and the peer sits at this machine.
pub struct DemoPeer;

impl FromRequestParts<Arc<App>> for DemoPeer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if app.config.demo && is_local(&parts.extensions, &parts.headers) {
            Ok(Self)
        } else {
            Err(Code::NotFound.into())
        }
    }
}

/// How many of each.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolIn {
    staff: u32,
    riders: u32,
    supervisors: u32,
}

/// An account with its token.
#[derive(Serialize, ToSchema)]
pub struct DemoAccount {
    account: Uuid,
    /// Unit number, staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    no: Option<u32>,
    token: String,
}

impl DemoAccount {
    fn of((account, token): (Account, String)) -> Self {
        Self { account: account.id.0, no: account.no, token }
    }
}

/// All that were made.
#[derive(Serialize, ToSchema)]
pub struct EnrolOut {
    staff: Vec<DemoAccount>,
    riders: Vec<DemoAccount>,
    supervisors: Vec<DemoAccount>,
}

/// The crew kept for the visitor.
#[derive(Serialize, ToSchema)]
pub struct VisitorOut {
    staff: Vec<DemoAccount>,
}

/// From where to where; no end is a stroll.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteIn {
    from: PointIn,
    to: Option<PointIn>,
    mode: ModeIn,
}

/// A way along the roads.
#[derive(Serialize, ToSchema)]
pub struct RouteOut {
    points: Vec<[f64; 2]>,
    length_m: f32,
    duration_s: f32,
}

/// Makes accounts in a new agency of their own.
#[utoipa::path(post, path = "/v1/demo/enrol", tag = "demo", request_body = EnrolIn,
    responses((status = 201, body = EnrolOut), (status = 404, body = ProblemBody)))]
pub async fn enrol(
    State(app): State<Arc<App>>,
    _: DemoPeer,
    Input(input): Input<EnrolIn>,
) -> Answer<(StatusCode, Json<EnrolOut>)> {
    let sum = [input.staff, input.riders, input.supervisors].into_iter().try_fold(0_u32, u32::checked_add);
    if sum.is_none_or(|n| n == 0 || n > ENROL_MAX) {
        return Err(Problem::bad_field("staff"));
    }
    let now = app.env.now();
    let name = format!("simulated {}", &app.env.uuid().simple().to_string()[..12]);
    let made = app.record.enrol(now, &name, input.staff, input.riders, input.supervisors).await?;
    app.roster.refresh(&app.record, now).await?;
    let all = |accounts: Vec<_>| accounts.into_iter().map(DemoAccount::of).collect();
    let out = EnrolOut { staff: all(made.staff), riders: all(made.riders), supervisors: all(made.supervisors) };
    Ok((StatusCode::CREATED, Json(out)))
}

/// Tokens of the crew kept for the visitor, without those whose phone is open already: a page in somebody's hands is not
/// pushed out by the fleet.
#[utoipa::path(post, path = "/v1/demo/visitor", tag = "demo",
    responses((status = 201, body = VisitorOut), (status = 404, body = ProblemBody)))]
pub async fn visitor(State(app): State<Arc<App>>, _: DemoPeer) -> Answer<(StatusCode, Json<VisitorOut>)> {
    let mut staff = Vec::with_capacity(app.config.demo_staff.len());
    for id in app.config.demo_staff.iter().filter(|id| app.hub.phone(**id).is_none()) {
        let account = app.record.account(*id).await?.ok_or(Code::NotFound)?;
        let token = app.record.issue_token(app.env.now(), *id).await?.ok_or(Code::NotFound)?;
        staff.push(DemoAccount::of((account, token)));
    }
    Ok((StatusCode::CREATED, Json(VisitorOut { staff })))
}

/// A way along roads, for a page that walks it.
#[utoipa::path(post, path = "/v1/demo/route", tag = "demo", request_body = RouteIn,
    responses((status = 200, body = RouteOut), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn route(State(app): State<Arc<App>>, _: DemoPeer, Input(input): Input<RouteIn>) -> Answer<Json<RouteOut>> {
    let at = |point: &PointIn, name: &str| {
        parse_position(point.lat, point.lon).map_err(|f| Problem::bad_field(format!("{name}.{f}")))
    };
    let from = at(&input.from, "from")?;
    let to = input.to.as_ref().map(|point| at(point, "to")).transpose()?;
    let (sight, entropy, mode) = (Arc::clone(&app.sight), Arc::clone(&app.env.entropy), Mode::from(input.mode));
    let search = move || match to {
        Some(to) => sight.route(mode, from, to),
        None => stroll(&sight, &*entropy, mode, from),
    };
    let route = tokio::task::spawn_blocking(search).await.expect("a road search does not panic");
    let route = route.ok_or_else(|| Problem::bad_field("from"))?;
    Ok(Json(RouteOut {
        points: route.points.iter().map(|p| [p.lon(), p.lat()]).collect(),
        length_m: route.length_m,
        duration_s: route.duration_s,
    }))
}

/// A way to some place a quarter of an hour away.
fn stroll(sight: &Sight, entropy: &dyn Entropy, mode: Mode, from: Position) -> Option<Route> {
    let mut random = [0];
    entropy.fill(&mut random);
    let begin = f64::from(random[0]) / 256.0 * TAU;
    (0..STROLL_TRIES).find_map(|i| {
        let bearing = begin + TAU * f64::from(i) / f64::from(STROLL_TRIES);
        let north = STROLL_M * bearing.cos() / DEGREE_M;
        let east = STROLL_M * bearing.sin() / (DEGREE_M * from.lat().to_radians().cos().max(0.01));
        let to = Position::new(from.lat() + north, from.lon() + east).ok()?;
        sight.route(mode, from, to).filter(|route| route.duration_s > 1.0)
    })
}
