//! Owns a trip's reading and cancelling, for its rider and for supervisors, and how a row becomes what its viewer sees.

use super::App;
use super::auth::Caller;
use super::body::{Empty, PathId};
use super::problem::{Answer, Code, ProblemBody};
use crate::record::{Account, Hand, Member, Role, TripRow};
use crate::view::trip::{is_crewed, is_of_agency};
use crate::view::{
    CrewTrip, EtaView, RiderTrip, SupervisorTrip, TripFor, trip_for_crew, trip_for_rider, trip_for_supervisor,
};
use axum::Json;
use axum::extract::State;
use matcher::model::{AccountId, AgencyId, Mode, TripId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A rider's trips.
#[derive(Serialize, ToSchema)]
pub struct Trips {
    trips: Vec<RiderTrip>,
}

/// Open trips, then those ended in the last 24 h.
#[utoipa::path(get, path = "/v1/trips", tag = "rider", responses((status = 200, body = Trips)))]
pub async fn mine(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<Trips>> {
    let rows = app.record.trips_of_rider(caller.account().id, app.env.now()).await?;
    Ok(Json(Trips { trips: rows.iter().map(|row| rider_view(&app, row)).collect() }))
}

/// One of the rider's trips.
#[utoipa::path(get, path = "/v1/trips/{id}", tag = "rider", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = RiderTrip), (status = 404, body = ProblemBody)))]
pub async fn one(State(app): State<Arc<App>>, caller: Caller, PathId(id): PathId<TripId>) -> Answer<Json<RiderTrip>> {
    let row = app.record.trip(id).await?.filter(|row| row.trip.rider == caller.account().id);
    Ok(Json(rider_view(&app, &row.ok_or(Code::NotFound)?)))
}

/// Cancels; by its rider, or by a supervisor.
#[utoipa::path(post, path = "/v1/trips/{id}/cancel", tag = "rider", params(("id" = uuid::Uuid, Path)),
    request_body = Empty,
    responses((status = 200, body = TripFor), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<TripId>,
    _: Empty,
) -> Answer<Json<TripFor>> {
    readable(&app, caller.account(), id).await?;
    app.record.cancel(app.env.now(), id, hand(caller.account())).await??;
    let row = app.record.trip(id).await?.ok_or(Code::NotFound)?;
    view(&app, caller.account(), &row).map(Json).ok_or_else(|| Code::NotFound.into())
}

/// The row, if the account has to do with it; else as if it did not exist.
pub async fn readable(app: &App, account: &Account, id: TripId) -> Answer<TripRow> {
    let row = app.record.trip(id).await?.filter(|row| match account.role {
        Role::Rider => row.trip.rider == account.id,
        Role::Supervisor => in_wall(account, row),
        Role::Staff => row.crew.iter().any(|m| m.offer.staff == account.id),
        Role::Admin => false,
    });
    row.ok_or_else(|| Code::NotFound.into())
}

/// The row, if it is for the supervisor to decide over and not only to see.
pub async fn in_hand(app: &App, supervisor: &Account, id: TripId) -> Answer<TripRow> {
    let row = readable(app, supervisor, id).await?;
    let own = wall(supervisor).is_none_or(|agency| row.is_in_hands_of(agency));
    if own { Ok(row) } else { Err(Code::NotConcerned.into()) }
}

/// The row, for what of a trip is the centre's alone to know.
pub async fn for_centre(app: &App, supervisor: &Account, id: TripId) -> Answer<TripRow> {
    let row = readable(app, supervisor, id).await?;
    if wall(supervisor).is_none() { Ok(row) } else { Err(Code::NotConcerned.into()) }
}

/// With whose hand the account decides.
pub const fn hand(account: &Account) -> Hand {
    Hand { by: account.id, agency: wall(account) }
}

/// The agency a supervisor is walled into; `None` is the centre, which is not.
pub const fn wall(supervisor: &Account) -> Option<AgencyId> {
    if supervisor.sees_all_agencies { None } else { supervisor.agency }
}

/// Whether the trip is on this supervisor's side of the wall.
pub fn in_wall(supervisor: &Account, row: &TripRow) -> bool {
    supervisor.sees_all_agencies || supervisor.agency.is_some_and(|agency| is_of_agency(row, agency))
}

/// As the account may see it; `None` if it may not.
pub fn view(app: &App, account: &Account, row: &TripRow) -> Option<TripFor> {
    match account.role {
        Role::Rider => (row.trip.rider == account.id).then(|| TripFor::Rider(rider_view(app, row))),
        Role::Staff => crew_view(app, row, account.id).map(TripFor::Crew),
        Role::Supervisor => {
            in_wall(account, row).then(|| TripFor::Supervisor(supervisor_view(app, row, wall(account))))
        }
        Role::Admin => None,
    }
}

/// As its rider sees it now.
pub fn rider_view(app: &App, row: &TripRow) -> RiderTrip {
    trip_for_rider(row, |member| eta(app, row, member))
}

/// As a member of its crew sees it now.
pub fn crew_view(app: &App, row: &TripRow, viewer: AccountId) -> Option<CrewTrip> {
    let now = app.env.now();
    trip_for_crew(row, viewer, &app.watch.flags(row.trip.id, now), now, |member| eta(app, row, member))
}

/// As a supervisor sees it now.
pub fn supervisor_view(app: &App, row: &TripRow, agency: Option<AgencyId>) -> SupervisorTrip {
    let flags = app.watch.flags(row.trip.id, app.env.now());
    trip_for_supervisor(row, agency, &flags, |member| eta(app, row, member))
}

fn eta(app: &App, row: &TripRow, member: &Member) -> EtaView {
    app.sight.eta(row, member, mode_of(app, member.offer.staff), app.env.now())
}

/// How the crew of a trip and its rider go from meeting to drop-off. Searches: not for the async threads.
pub fn together_mode(app: &App, row: &TripRow) -> Mode {
    app.sight.together_mode(row.trip.pickup, row.trip.dropoff, has_car(app, row))
}

/// Whether one of the crew has come by car.
pub fn has_car(app: &App, row: &TripRow) -> bool {
    let mut crew = row.crew.iter().filter(|member| is_crewed(member.phase));
    crew.any(|member| mode_of(app, member.offer.staff) == Mode::Drive)
}

/// How a staff member travels now; on foot if off shift.
pub fn mode_of(app: &App, staff: AccountId) -> Mode {
    app.roster.current().by_id.get(&staff).and_then(|e| e.shift).map_or(Mode::Walk, |shift| shift.mode)
}
