//! Owns what an operator says about streets, as it is told and read back: closed or slower, where, for whom, until when. Admins and
//! the centre say it; every supervisor reads it, whose crews come later by it. What it does to travel times is `engine::travel`'s.

use super::App;
use super::admin::actor;
use super::auth::Caller;
use super::body::{Hashed, PathId};
use super::key::idempotency_key_if_any;
use super::problem::{Answer, Code, Problem, ProblemBody};
use crate::engine::field::profile;
use crate::engine::travel::Present;
use crate::engine::travel::streets::edges_of;
use crate::record::{Condition, NewCondition, Role, SaidUnder, Streets, class_word};
use crate::view::PointIn;
use crate::view::place::parse_position;
use crate::view::time::{instant, parse_instant};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use geo::Position;
use geo::road::NotAlong;
use geo::road::data::RoadClass;
use geo::road::hierarchy::{FACTOR_MAX, FACTOR_MIN};
use matcher::model::Mode;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Radius of what is closed around a point, metres.
const RADIUS_M: RangeInclusive<u16> = 5..=500;

/// A class of road.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoadClassIn {
    /// Motorway.
    Motorway,
    /// Trunk and primary.
    Primary,
    /// Secondary.
    Secondary,
    /// Tertiary.
    Tertiary,
    /// Residential and service.
    Residential,
    /// Footways, steps.
    Path,
}

impl From<RoadClassIn> for RoadClass {
    fn from(class: RoadClassIn) -> Self {
        match class {
            RoadClassIn::Motorway => Self::Motorway,
            RoadClassIn::Primary => Self::Primary,
            RoadClassIn::Secondary => Self::Secondary,
            RoadClassIn::Tertiary => Self::Tertiary,
            RoadClassIn::Residential => Self::Residential,
            RoadClassIn::Path => Self::Path,
        }
    }
}

/// Whom it is for.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnStreets {
    /// On foot, to the subway too.
    Walk,
    /// By car.
    Drive,
    /// By bicycle.
    Cycle,
}

/// Streets near a point.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AroundIn {
    at: PointIn,
    /// 5 to 500.
    radius_m: u16,
}

/// The street between two points: along one way of the map, or the shortest way, 2 km at most.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlongIn {
    from: PointIn,
    to: PointIn,
    /// The other carriageway too, where the map draws it apart.
    #[serde(default)]
    both_carriageways: bool,
}

/// Hours of the Korean day.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursIn {
    /// 0 to 23.
    from: u8,
    /// 1 to 24; smaller than `from` is over midnight.
    to: u8,
}

/// What is so on some streets: `closed`, or a `factor`; of one `class`, `around` a point, or `along` a street. Or with a `line` of the
/// subway: closed, or `factor` times the wait for its trains; that is for who walks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionIn {
    #[serde(default)]
    closed: bool,
    /// So many times as long, 0.1 to 100.
    factor: Option<f32>,
    class: Option<RoadClassIn>,
    around: Option<AroundIn>,
    along: Option<AlongIn>,
    /// A name of `lines` of `/v1/map`.
    line: Option<String>,
    modes: Vec<OnStreets>,
    hours: Option<HoursIn>,
    until: Option<String>,
}

/// A point that was named.
#[derive(Serialize, ToSchema)]
pub struct NamedPoint {
    lat: f64,
    lon: f64,
}

/// Streets near a point.
#[derive(Serialize, ToSchema)]
pub struct Around {
    at: NamedPoint,
    radius_m: u16,
}

/// A piece of one street.
#[derive(Serialize, ToSchema)]
pub struct Along {
    from: NamedPoint,
    to: NamedPoint,
    /// Absent if false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    both_carriageways: bool,
}

/// Hours of the Korean day.
#[derive(Serialize, ToSchema)]
pub struct Hours {
    from: u8,
    to: u8,
}

/// A condition on the record.
#[derive(Serialize, ToSchema)]
pub struct ConditionOut {
    id: Uuid,
    closed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    around: Option<Around>,
    #[serde(skip_serializing_if = "Option::is_none")]
    along: Option<Along>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    modes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Hours>,
    until: Option<String>,
    created_at: String,
    /// Whether travel times are found under it now.
    in_force: bool,
    /// Only if true: it would be, and is of no street or line of this map; said again on this one, it counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    of_nothing: bool,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub struct Conditions {
    /// How often travel times were replaced since the start.
    generation: u64,
    conditions: Vec<ConditionOut>,
}

/// What is said, oldest first.
#[utoipa::path(get, path = "/v1/admin/conditions", tag = "admin",
    responses((status = 200, body = Conditions), (status = 403, body = ProblemBody)))]
pub async fn list(State(app): State<Arc<App>>) -> Answer<Json<Conditions>> {
    let listed = app.record.conditions().await?;
    let present = app.travel.present();
    let shown = listed.iter().map(|condition| out(condition, &present));
    Ok(Json(Conditions { generation: present.generation, conditions: shown.collect() }))
}

/// Counts within a second or so, for every travel time and way that is searched from then on. Sent again with the same key and body it
/// is said once, and the answer is 200; 404 once it has been taken back or run out.
#[utoipa::path(post, path = "/v1/admin/conditions", tag = "admin", request_body = ConditionIn,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 64 printable characters; one for each thing said, kept for a day")),
    responses((status = 201, body = ConditionOut), (status = 200, body = ConditionOut), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Hashed { input, sha256 }: Hashed<ConditionIn>,
) -> Answer<(StatusCode, Json<ConditionOut>)> {
    of_all_agencies(&caller)?;
    let key = idempotency_key_if_any(&headers)?;
    let under = key.map(|key| SaidUnder { account: caller.account().id, key, body_sha256: sha256 });
    // A repeat is recognised before anything is checked: what was to come then may have passed by now.
    if let Some(under) = &under
        && let Some(condition) = app.record.find_condition(under).await??
    {
        return Ok(answered(&app, &condition, false));
    }
    let (says, where_field) = parse(&app, &input)?;
    let checked = Arc::clone(&app);
    let streets = says.clone();
    app.search(move || names_streets(&checked, &streets)).await.map_err(|code| Problem::field(code, where_field))?;
    let (now, by) = (app.env.now(), actor(&caller));
    let (condition, fresh) = match &under {
        Some(under) => app.record.add_condition_once(now, by, says, under).await??,
        None => (app.record.add_condition(now, by, says).await??, true),
    };
    app.travel.conditions_changed();
    Ok(answered(&app, &condition, fresh))
}

fn answered(app: &App, condition: &Condition, fresh: bool) -> (StatusCode, Json<ConditionOut>) {
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    (status, Json(out(condition, &app.travel.present())))
}

/// Takes one back.
#[utoipa::path(delete, path = "/v1/admin/conditions/{id}", tag = "admin", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn remove(State(app): State<Arc<App>>, caller: Caller, PathId(id): PathId<Uuid>) -> Answer<StatusCode> {
    of_all_agencies(&caller)?;
    app.record.remove_condition(app.env.now(), actor(&caller), id).await??;
    app.travel.conditions_changed();
    Ok(StatusCode::NO_CONTENT)
}

/// Streets are everybody's: no single company closes them.
fn of_all_agencies(caller: &Caller) -> Answer<()> {
    let account = caller.account();
    let is_one = account.role == Role::Admin || account.sees_all_agencies;
    if is_one { Ok(()) } else { Err(Code::ForbiddenRole.into()) }
}

/// What is said, and the field that says where.
fn parse(app: &App, input: &ConditionIn) -> Answer<(NewCondition, &'static str)> {
    let factor = match (input.closed, input.factor) {
        (true, None) => None,
        (false, Some(factor)) if (FACTOR_MIN..=FACTOR_MAX).contains(&factor) => Some(factor),
        _ => return Err(Problem::bad_field("factor")),
    };
    let (streets, where_field) = match (&input.class, &input.around, &input.along, &input.line) {
        // A city without its main roads is no city.
        (Some(_), None, None, None) if factor.is_none() => return Err(Problem::bad_field("class")),
        (Some(class), None, None, None) => (Streets::Class((*class).into()), "class"),
        (None, Some(around), None, None) => {
            let center = point(app, &around.at, "around.at")?;
            if !RADIUS_M.contains(&around.radius_m) {
                return Err(Problem::bad_field("around.radius_m"));
            }
            (Streets::Around { center, radius_m: around.radius_m }, "around")
        }
        (None, None, Some(along), None) => {
            let (from, to) = (point(app, &along.from, "along.from")?, point(app, &along.to, "along.to")?);
            (Streets::Along { from, to, both_carriageways: along.both_carriageways }, "along")
        }
        (None, None, None, Some(line)) => (Streets::Line(line.clone()), "line"),
        _ => return Err(Problem::bad_field("around")),
    };
    let named = [OnStreets::Walk, OnStreets::Drive, OnStreets::Cycle].map(|mode| input.modes.contains(&mode));
    if input.modes.is_empty() || input.modes.len() != named.iter().filter(|&&named| named).count() {
        return Err(Problem::bad_field("modes"));
    }
    let [walk, drive, cycle] = named;
    if where_field == "line" && (drive || cycle) {
        return Err(Problem::bad_field("modes"));
    }
    let hours = match &input.hours {
        Some(HoursIn { from: 0..=23, to: 1..=24 }) | None => input.hours.as_ref().map(|hours| (hours.from, hours.to)),
        Some(_) => return Err(Problem::bad_field("hours")),
    };
    if hours.is_some_and(|(from, to)| from == to) {
        return Err(Problem::bad_field("hours"));
    }
    let until = match &input.until {
        Some(text) => Some(parse_instant(text).ok_or_else(|| Problem::bad_field("until"))?),
        None => None,
    };
    let says = NewCondition { factor, streets, walk, drive, cycle, hours, until };
    if says.is_over(app.env.now()) {
        return Err(Problem::field(Code::TimeInPast, "until"));
    }
    Ok((says, where_field))
}

fn point(app: &App, at: &PointIn, field: &str) -> Answer<Position> {
    let position = parse_position(at.lat, at.lon).map_err(|f| Problem::bad_field(format!("{field}.{f}")))?;
    let on_map = app.sight.map().data.bounds.contains(position);
    if on_map { Ok(position) } else { Err(Problem::bad_field(field)) }
}

/// Refuses what means no street for any of those it is for.
fn names_streets(app: &App, says: &NewCondition) -> Result<(), Code> {
    match &says.streets {
        Streets::Class(_) => return Ok(()),
        Streets::Line(name) => {
            let is_there = app.sight.map().data.subway.lines.iter().any(|line| line.name == *name);
            return if is_there { Ok(()) } else { Err(Code::BadField) };
        }
        Streets::Around { .. } | Streets::Along { .. } => {}
    }
    let mut refusal = Code::BadField;
    // One is enough, and bicycles come last: their streets are a graph that nobody else may need.
    for mode in [Mode::Walk, Mode::Drive, Mode::Cycle].into_iter().filter(|&mode| says.is_for(mode)) {
        match edges_of(app.sight.map(), profile(mode), &says.streets) {
            Ok(edges) if !edges.is_empty() => return Ok(()),
            Err(NotAlong::TooFar) => refusal = Code::StreetTooLong,
            _ => {}
        }
    }
    Err(refusal)
}

fn out(condition: &Condition, present: &Present) -> ConditionOut {
    let says = &condition.says;
    let named = |p: Position| NamedPoint { lat: p.lat(), lon: p.lon() };
    let (class, around, along, line) = match &says.streets {
        Streets::Class(class) => (Some(class_word(*class)), None, None, None),
        Streets::Around { center, radius_m } => {
            (None, Some(Around { at: named(*center), radius_m: *radius_m }), None, None)
        }
        Streets::Along { from, to, both_carriageways } => {
            let along = Along { from: named(*from), to: named(*to), both_carriageways: *both_carriageways };
            (None, None, Some(along), None)
        }
        Streets::Line(line) => (None, None, None, Some(line.clone())),
    };
    let modes = [(Mode::Walk, says.walk), (Mode::Drive, says.drive), (Mode::Cycle, says.cycle)];
    let modes = modes.into_iter().filter_map(|(mode, named)| named.then_some(mode));
    ConditionOut {
        id: condition.id,
        closed: says.factor.is_none(),
        factor: says.factor,
        class,
        around,
        along,
        line,
        modes: modes.map(Mode::word).collect(),
        hours: says.hours.map(|(from, to)| Hours { from, to }),
        until: says.until.map(instant),
        created_at: instant(condition.created_at),
        in_force: present.in_force.contains(&condition.id),
        of_nothing: present.of_nothing.contains(&condition.id),
    }
}
