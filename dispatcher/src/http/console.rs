//! Owns what a supervisor reads: the whole picture at once, and counts per cell. Companies are walled: each sees its own staff
//! and the trips they are or could be on.

use super::App;
use super::auth::Caller;
use super::body::{Empty, PathId};
use super::problem::{Answer, Code, ProblemBody};
use super::trips::{in_wall, supervisor_view, wall};
use crate::engine::roster::RosterView;
use crate::record::{Account, Incident, Role, RosterEntry, RowKind, TripRow};
use crate::view::incident::FOLLOWED_S;
use crate::view::people::Duty;
use crate::view::time::instant;
use crate::view::trip::is_crewed;
use crate::view::{IncidentView, StaffRow, SupervisorTrip};
use axum::Json;
use axum::extract::State;
use geo::Fix;
use h3o::{CellIndex, LatLng, Resolution};
use matcher::model::{AgencyId, IncidentId};
use matcher::policy::limits::FIX_AGE_MS_MAX;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The console's grid: cells of about 5 km².
const CELL_RESOLUTION: Resolution = Resolution::Seven;

/// How long an ended trip is still shown, seconds.
const ENDED_SHOWN_S: i64 = 10 * 60;
/// Most ended trips shown.
const ENDED_MAX: u32 = 500;

/// The whole picture.
#[derive(Serialize, ToSchema)]
pub struct Console {
    trips: Vec<SupervisorTrip>,
    staff: Vec<StaffRow>,
    incidents: Vec<IncidentView>,
    /// Kinds of which there are rows that cannot be read, and are not above: `trips`, `incidents`, `staff`, `series`.
    unreadable: Vec<&'static str>,
    now: String,
}

/// Counts in one cell.
#[derive(Serialize, ToSchema)]
pub struct CellRow {
    cell: String,
    available: u32,
    busy: u32,
    open_trips: u32,
    boundary: Vec<[f64; 2]>,
}

/// Counts per cell.
#[derive(Serialize, ToSchema)]
pub struct Cells {
    res: u8,
    cells: Vec<CellRow>,
}

/// Staff; trips that are open or ended in the last 10 minutes; alarms that are open or were taken in the last 30 minutes.
#[utoipa::path(get, path = "/v1/console", tag = "supervisor", responses((status = 200, body = Console)))]
pub async fn console(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<Console>> {
    let (account, now) = (caller.account(), app.env.now());
    let roster = app.roster.refresh(&app.record, now).await?;
    let rows = app.record.open_trips_and_ended_since(now.plus_s(-ENDED_SHOWN_S), ENDED_MAX).await?;
    let mut staff: Vec<_> = roster.by_id.values().filter(|e| is_own(e, wall(account))).collect();
    staff.sort_unstable_by_key(|e| e.staff.no);
    let mut incidents = Vec::new();
    for incident in app.record.incidents_shown(now.plus_s(-FOLLOWED_S)).await? {
        incidents.push(incident_view(&app, wall(account), &incident).await?);
    }
    let trips = rows.iter().filter(|row| in_wall(account, row));
    let row = |entry: &RosterEntry| {
        let id = entry.staff.id;
        StaffRow::of(entry, app.ingest.people.refused(id), app.watch.age(id), now)
    };
    // After the rest was read: what is passed over here is told here.
    let unreadable = app.record.unreadable().into_iter().map(RowKind::word).collect();
    Ok(Json(Console {
        trips: trips.map(|row| supervisor_view(&app, row, wall(account))).collect(),
        staff: staff.into_iter().map(row).collect(),
        incidents,
        unreadable,
        now: instant(now),
    }))
}

/// Staff and open trips per H3 cell.
#[utoipa::path(get, path = "/v1/cells", tag = "supervisor", responses((status = 200, body = Cells)))]
pub async fn cells(State(app): State<Arc<App>>, caller: Caller) -> Answer<Json<Cells>> {
    let (account, now) = (caller.account(), app.env.now());
    let roster = app.roster.refresh(&app.record, now).await?;
    let mut counts: BTreeMap<CellIndex, [u32; 3]> = BTreeMap::new();
    for entry in roster.by_id.values().filter(|e| is_own(e, wall(account))) {
        let nth = match Duty::of(entry, now) {
            Duty::Available => 0,
            Duty::OffShift => continue,
            _ => 1,
        };
        // The silent cannot be sent anywhere: who counts on them would wait in vain.
        let heard = |fix: &Fix| now.0 - fix.taken_at_ms <= FIX_AGE_MS_MAX;
        if let Some(fix) = app.sight.places.last_fix(entry.staff.id).filter(heard) {
            counts.entry(cell_of(fix.position)).or_default()[nth] += 1;
        }
    }
    for row in app.record.open_trips().await?.iter().filter(|row| in_wall(account, row)) {
        counts.entry(cell_of(row.trip.pickup)).or_default()[2] += 1;
    }
    let cells = counts.into_iter().map(|(cell, [available, busy, open_trips])| CellRow {
        cell: cell.to_string(),
        available,
        busy,
        open_trips,
        boundary: cell.boundary().iter().map(|at| [at.lng(), at.lat()]).collect(),
    });
    Ok(Json(Cells { res: CELL_RESOLUTION.into(), cells: cells.collect() }))
}

/// Takes an alarm; for the centre and the agencies concerned.
#[utoipa::path(post, path = "/v1/incidents/{id}/acknowledge", tag = "supervisor", params(("id" = uuid::Uuid, Path)),
    request_body = Empty, responses((status = 200, body = IncidentView), (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub async fn acknowledge(
    State(app): State<Arc<App>>,
    caller: Caller,
    PathId(id): PathId<IncidentId>,
    _: Empty,
) -> Answer<Json<IncidentView>> {
    let agency = wall(caller.account());
    let raised = app.record.incident(id).await?.ok_or(Code::NotFound)?;
    let row = trip_of(&app, &raised).await?;
    if !is_concerned(&app, agency, &raised, row.as_ref()).await? {
        return Err(Code::NotConcerned.into());
    }
    let (edge, by) = (Arc::clone(&app), caller.clone());
    app.see_through(async move { edge.record.acknowledge_incident(edge.env.now(), id, by.account()).await }).await??;
    let incident = app.record.incident(id).await?.ok_or(Code::NotFound)?;
    Ok(Json(incident_view(&app, agency, &incident).await?))
}

/// An alarm rings on every console; its places are for the centre and the agencies concerned.
pub async fn incident_view(app: &App, agency: Option<AgencyId>, incident: &Incident) -> Answer<IncidentView> {
    let (concerned, row) = concern(app, agency, incident).await?;
    Ok(if concerned {
        concerned_view(app, agency, incident, row.as_ref())
    } else {
        IncidentView::without_places(incident, agency)
    })
}

/// The alarm for whom it concerns. Nothing is read: of its trip what is at hand.
pub fn concerned_view(app: &App, agency: Option<AgencyId>, incident: &Incident, row: Option<&TripRow>) -> IncidentView {
    let last = app.sight.places.last_fix(incident.raised_by);
    let doubted = app.ingest.people.doubted(incident.raised_by);
    IncidentView::full(incident, row, (last, doubted), agency, app.env.now())
}

/// Whether the alarm concerns this side, and its trip.
pub async fn concern(app: &App, agency: Option<AgencyId>, incident: &Incident) -> Answer<(bool, Option<TripRow>)> {
    let row = trip_of(app, incident).await?;
    Ok((is_concerned(app, agency, incident, row.as_ref()).await?, row))
}

/// None as well where it cannot be read: that silences no alarm.
async fn trip_of(app: &App, incident: &Incident) -> Answer<Option<TripRow>> {
    Ok(match incident.trip {
        Some(trip) => app.record.trips(&[trip]).await?.pop(),
        None => None,
    })
}

/// Whose alarm it is: the centre's; the agency's whose staff raised it or are the crew of its trip, or were when it ended; while
/// it has no crew, the agencies' that its rider consented to.
async fn is_concerned(app: &App, agency: Option<AgencyId>, incident: &Incident, row: Option<&TripRow>) -> Answer<bool> {
    if let Some(concerned) = is_concerned_by_crew(agency, incident, row) {
        return Ok(concerned);
    }
    let Some(agency) = agency else { return Ok(true) };
    if incident.role == Role::Staff {
        let raiser = app.record.account(incident.raised_by).await?;
        return Ok(raiser.is_some_and(|account| account.agency == Some(agency)));
    }
    // Who is on a trip that cannot be read nobody knows: its places are the centre's.
    if row.is_none() && incident.trip.is_some() {
        return Ok(false);
    }
    // After the end the alarm stays with those who were there.
    if let Some(row) = row.filter(|row| row.trip.phase.is_end()) {
        let last = app.record.last_crew_agencies(row.trip.id).await?;
        if !last.is_empty() {
            return Ok(last.contains(&agency));
        }
    }
    Ok(match row {
        Some(row) => is_consented(&row.trip.rules.agencies, agency),
        None => is_consented(&app.record.consents_of(incident.raised_by).await?, agency),
    })
}

/// To none in particular is to all.
fn is_consented(agencies: &[AgencyId], agency: AgencyId) -> bool {
    agencies.is_empty() || agencies.contains(&agency)
}

/// The same by what is at hand while the record does not answer: the trip and the roster as last read. Whose staff somebody is, and what a
/// rider consented to, never changes. `None` where more would have to be read.
pub fn is_concerned_as_read(
    agency: AgencyId,
    incident: &Incident,
    row: Option<&TripRow>,
    roster: &RosterView,
) -> Option<bool> {
    if let Some(concerned) = is_concerned_by_crew(Some(agency), incident, row) {
        return Some(concerned);
    }
    if incident.role == Role::Staff {
        return Some(roster.by_id.get(&incident.raised_by)?.staff.agency == agency);
    }
    let row = row.filter(|row| !row.trip.phase.is_end())?;
    Some(is_consented(&row.trip.rules.agencies, agency))
}

/// The same where nothing else has to be asked than who is on the trip now; `None` if more has.
pub fn is_concerned_by_crew(agency: Option<AgencyId>, incident: &Incident, row: Option<&TripRow>) -> Option<bool> {
    let Some(agency) = agency else { return Some(true) };
    let crewed = row.filter(|row| is_crewed(row.trip.phase) && !row.crew.is_empty())?;
    if crewed.crew.iter().any(|m| m.agency == agency) {
        return Some(true);
    }
    (incident.role != Role::Staff).then_some(false)
}

/// Whether the staff member is on this side of the wall.
pub fn is_own(entry: &RosterEntry, agency: Option<AgencyId>) -> bool {
    agency.is_none_or(|own| entry.staff.agency == own)
}

/// The side of the wall an account stands on, for the feed's audiences.
pub const fn side(account: &Account) -> Option<AgencyId> {
    wall(account)
}

fn cell_of(at: geo::Position) -> CellIndex {
    LatLng::new(at.lat(), at.lon()).expect("a position is finite").to_cell(CELL_RESOLUTION)
}
