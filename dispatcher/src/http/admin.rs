//! Owns the setting up of agencies and people. What a new account may do is the record's; codes are shown once.

use super::App;
use super::auth::Caller;
use super::body::{Input, PathId};
use super::codes::CodeOut;
use super::hand::parse_reason;
use super::problem::{Answer, Code, Problem, ProblemBody};
use crate::record::{Actor, CERTIFIED_S, NewRider, NewStaff};
use crate::view::time::{instant, parse_instant};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use matcher::model::{AccountId, AgencyId, CrewSize, Gender, RiskGrade, StaffKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest name, characters.
const NAME_CHARS_MAX: usize = 60;
/// Most agencies a rider may name.
const AGENCIES_MAX: usize = 20;

/// Company or centre.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgencyKind {
    /// A contracted security company.
    Company,
    /// The city's centre; sees all agencies.
    Centre,
}

/// An agency to set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgencyIn {
    name: String,
    kind: AgencyKind,
}

/// An agency.
#[derive(Serialize, ToSchema)]
pub struct AgencyOut {
    id: Uuid,
    name: String,
    kind: AgencyKind,
}

/// Guard or supporter.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffKindIn {
    /// Of a company.
    Guard,
    /// Of the city.
    Supporter,
}

/// As stated.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GenderIn {
    /// Woman.
    Woman,
    /// Man.
    Man,
}

impl From<GenderIn> for Gender {
    fn from(gender: GenderIn) -> Self {
        match gender {
            GenderIn::Woman => Self::Woman,
            GenderIn::Man => Self::Man,
        }
    }
}

/// Risk grade.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RiskIn {
    /// Supporters may go.
    Standard,
    /// Guards only.
    High,
}

/// A staff member to set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffIn {
    agency: Uuid,
    name: String,
    kind: StaffKindIn,
    gender: Option<GenderIn>,
    certified_until: Option<String>,
}

/// A rider to set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RiderIn {
    name: String,
    /// Consented to.
    #[serde(default)]
    agencies: Vec<Uuid>,
    /// Every agency is consented to; else at least one is named.
    #[serde(default)]
    any_agency: bool,
    gender: Option<GenderIn>,
    risk: Option<RiskIn>,
    crew_size: Option<u8>,
}

/// A supervisor to set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisorIn {
    agency: Uuid,
    name: String,
}

/// Whose code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountIn {
    account: Uuid,
}

/// Who must not meet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictIn {
    staff: Uuid,
    rider: Uuid,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendIn {
    reason: String,
}

/// A new account with its one-time code.
#[derive(Serialize, ToSchema)]
pub struct NewAccount {
    account: Uuid,
    /// Unit number, staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    no: Option<u32>,
    code: String,
}

/// Sets up a company or centre.
#[utoipa::path(post, path = "/v1/admin/agencies", tag = "admin", request_body = AgencyIn,
    responses((status = 201, body = AgencyOut), (status = 422, body = ProblemBody)))]
pub async fn agency(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<AgencyIn>,
) -> Answer<(StatusCode, Json<AgencyOut>)> {
    let name = parse_name(&input.name)?;
    let is_centre = matches!(input.kind, AgencyKind::Centre);
    let agency = app.record.create_agency(app.env.now(), actor(&caller), name, is_centre).await?;
    Ok((StatusCode::CREATED, Json(AgencyOut { id: agency.id.0, name: agency.name, kind: input.kind })))
}

/// Sets up a staff member.
#[utoipa::path(post, path = "/v1/admin/staff", tag = "admin", request_body = StaffIn,
    responses((status = 201, body = NewAccount), (status = 422, body = ProblemBody)))]
pub async fn staff(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<StaffIn>,
) -> Answer<(StatusCode, Json<NewAccount>)> {
    let now = app.env.now();
    let certified_until = match input.certified_until.as_deref() {
        Some(text) => parse_instant(text).ok_or_else(|| Problem::bad_field("certified_until"))?,
        None => now.plus_s(CERTIFIED_S),
    };
    let new = NewStaff {
        agency: AgencyId(input.agency),
        name: parse_name(&input.name)?.to_owned(),
        kind: match input.kind {
            StaffKindIn::Guard => StaffKind::Guard,
            StaffKindIn::Supporter => StaffKind::Supporter,
        },
        gender: input.gender.map(Gender::from),
        certified_until,
    };
    let account =
        app.record.create_staff(now, actor(&caller), &new).await?.ok_or_else(|| Problem::bad_field("agency"))?;
    with_code(&app, &caller, account.id, account.no).await
}

/// Sets up a rider with the grant.
#[utoipa::path(post, path = "/v1/admin/riders", tag = "admin", request_body = RiderIn,
    responses((status = 201, body = NewAccount), (status = 422, body = ProblemBody)))]
pub async fn rider(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<RiderIn>,
) -> Answer<(StatusCode, Json<NewAccount>)> {
    let agencies: Vec<AgencyId> = input.agencies.into_iter().map(AgencyId).collect();
    if agencies.len() > AGENCIES_MAX {
        return Err(Problem::bad_field("agencies"));
    }
    // Consent is stated: an agency left out by mistake must not open the rider to all of them.
    if agencies.is_empty() != input.any_agency {
        return Err(Problem::bad_field(if input.any_agency { "any_agency" } else { "agencies" }));
    }
    if !agencies.is_empty() {
        let known = app.record.agencies().await?;
        if !agencies.iter().all(|id| known.iter().any(|agency| agency.id == *id)) {
            return Err(Problem::bad_field("agencies"));
        }
    }
    let new = NewRider {
        name: parse_name(&input.name)?.to_owned(),
        agencies,
        gender: input.gender.map(Gender::from),
        risk: match input.risk {
            Some(RiskIn::High) => RiskGrade::High,
            Some(RiskIn::Standard) | None => RiskGrade::Standard,
        },
        crew_size: match input.crew_size {
            Some(n) => CrewSize::new(n).ok_or_else(|| Problem::bad_field("crew_size"))?,
            None => CrewSize::PAIR,
        },
    };
    let account = app.record.create_rider(app.env.now(), actor(&caller), &new).await?;
    with_code(&app, &caller, account.id, None).await
}

/// Sets up a supervisor.
#[utoipa::path(post, path = "/v1/admin/supervisors", tag = "admin", request_body = SupervisorIn,
    responses((status = 201, body = NewAccount), (status = 422, body = ProblemBody)))]
pub async fn supervisor(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<SupervisorIn>,
) -> Answer<(StatusCode, Json<NewAccount>)> {
    let name = parse_name(&input.name)?;
    let created = app.record.create_supervisor(app.env.now(), actor(&caller), AgencyId(input.agency), name).await?;
    let account = created.ok_or_else(|| Problem::bad_field("agency"))?;
    with_code(&app, &caller, account.id, None).await
}

/// Ties a staff member to a rider: never sent to them, and nobody else sees why.
#[utoipa::path(post, path = "/v1/admin/conflicts", tag = "admin", request_body = ConflictIn,
    responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn conflict(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<ConflictIn>,
) -> Answer<StatusCode> {
    let added =
        app.record.add_conflict(app.env.now(), actor(&caller), AccountId(input.staff), AccountId(input.rider)).await?;
    if added { Ok(StatusCode::NO_CONTENT) } else { Err(Code::NotFound.into()) }
}

/// A new one-time code for an account.
#[utoipa::path(post, path = "/v1/admin/codes", tag = "admin", request_body = AccountIn,
    responses((status = 201, body = CodeOut), (status = 404, body = ProblemBody)))]
pub async fn code(
    State(app): State<Arc<App>>,
    caller: Caller,
    Input(input): Input<AccountIn>,
) -> Answer<(StatusCode, Json<CodeOut>)> {
    let issued = app.record.issue_code(app.env.now(), actor(&caller), AccountId(input.account)).await?;
    let (code, until) = issued.ok_or(Code::NotFound)?;
    Ok((StatusCode::CREATED, Json(CodeOut { code, expires_at: instant(until) })))
}

/// Ends every token of the account; its sockets close within a second.
#[utoipa::path(post, path = "/v1/admin/accounts/{id}/suspend", tag = "admin", params(("id" = uuid::Uuid, Path)),
    request_body = SuspendIn, responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn suspend(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<AccountId>,
    Input(input): Input<SuspendIn>,
) -> Answer<StatusCode> {
    let reason = parse_reason(&input.reason)?;
    app.record.suspend(app.env.now(), id, caller.account().id, reason).await??;
    app.known.forget(id);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn actor(caller: &Caller) -> Actor {
    Actor::Account(caller.account().id)
}

async fn with_code(
    app: &App,
    caller: &Caller,
    account: AccountId,
    no: Option<u32>,
) -> Answer<(StatusCode, Json<NewAccount>)> {
    let (code, _) = app.record.issue_code(app.env.now(), actor(caller), account).await?.ok_or(Code::NotFound)?;
    Ok((StatusCode::CREATED, Json(NewAccount { account: account.0, no, code })))
}

fn parse_name(text: &str) -> Answer<&str> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err(Problem::bad_field("name")) }
}
