//! Owns an alarm as supervisors see it. An unknown position stays unknown; the registered places stand beside it while the alarm
//! is to be acted on: until it is taken, and as long as its trip is open. After that they are asked for like any (`http::reveal`).

use super::place::PlaceView;
use super::time::instant;
use crate::live::Verdict;
use crate::record::{Incident, IncidentKind, Role, TripRow};
use geo::Fix;
use matcher::model::{AgencyId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a taken alarm stays on the consoles, seconds.
pub const FOLLOWED_S: i64 = 30 * 60;

/// What a company is told in place of the kinds that say why a crew member may not go on.
const CREW_UNFIT: &str = "crew_unfit";

/// Where the device of the alarm was.
#[derive(Clone, Serialize, ToSchema)]
pub struct DevicePosition {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Radius of the error circle, metres.
    pub acc_m: f32,
    /// Age when this was made, seconds.
    pub age_s: i64,
    /// When the device was there.
    pub taken_at: String,
    /// Why the device is not believed to be there, if it is not: `jump` or `outside_area`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
}

impl DevicePosition {
    fn of(fix: &Fix, now: Timestamp) -> Self {
        Self {
            lat: fix.position.lat(),
            lon: fix.position.lon(),
            acc_m: fix.accuracy_m,
            age_s: (now.0 - fix.taken_at_ms).max(0) / 1_000,
            taken_at: instant(Timestamp(fix.taken_at_ms)),
            verdict: None,
        }
    }
}

/// Whether consoles show the alarm and follow its device: until some time after it was taken, for taken is not over.
pub fn is_followed(incident: &Incident, now: Timestamp) -> bool {
    incident.acknowledged_at.is_none_or(|at| now < at.plus_s(FOLLOWED_S))
}

/// Whether it follows a device too: an SOS is a cry for help from where the device is, its kin are reports about somebody.
pub fn follows_device(incident: &Incident, now: Timestamp) -> bool {
    incident.kind == IncidentKind::Sos && is_followed(incident, now)
}

/// An alarm.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Incident)]
pub struct IncidentView {
    /// Its id.
    pub id: Uuid,
    /// `sos`, `no_show`, `rider_suspended`; for the centre `staff_suspended` and `member_barred`, for a company `crew_unfit`.
    pub kind: &'static str,
    /// `rider` or `staff`: who pressed, or whom it is about.
    pub raised_by: &'static str,
    /// Unit number, if staff.
    pub no: Option<u32>,
    /// On which trip.
    pub trip: Option<Uuid>,
    /// When.
    pub raised_at: String,
    /// Where the device was when it raised the alarm; null is unknown.
    pub position: Option<DevicePosition>,
    /// Where it was last; null is unknown, or no longer followed.
    pub live: Option<DevicePosition>,
    /// Where it says to be now, if that is not believed; null if it is.
    pub doubted: Option<DevicePosition>,
    /// Whether the viewer is of the centre or an agency concerned: sees the places, and may take it.
    pub concerned: bool,
    /// The places of the trip as booked, while the alarm is not taken or the trip is open.
    pub registered: Vec<PlaceView>,
    /// Display of who took it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<String>,
}

impl IncidentView {
    /// For a supervisor who may see the places: of the centre (`None`), or of the agency concerned.
    /// `last` is the device's last fix and a newer one that was not believed, while the alarm is followed.
    pub fn full(
        incident: &Incident,
        trip: Option<&TripRow>,
        (last, doubted): (Option<Fix>, Option<(Fix, Verdict)>),
        agency: Option<AgencyId>,
        now: Timestamp,
    ) -> Self {
        let mut view = Self::without_places(incident, agency);
        view.concerned = true;
        view.acknowledged_by.clone_from(&incident.acknowledged_by);
        view.trip = incident.trip.map(|t| t.0);
        view.position = incident.fix.map(|fix| DevicePosition::of(&fix, now));
        view.live = last.filter(|_| follows_device(incident, now)).map(|fix| DevicePosition::of(&fix, now));
        let newer =
            doubted.filter(|(fix, _)| follows_device(incident, now) && last.is_none_or(|last| fix.is_after(&last)));
        view.doubted = newer
            .map(|(fix, verdict)| DevicePosition { verdict: Some(verdict.word()), ..DevicePosition::of(&fix, now) });
        view.registered = trip
            .filter(|row| incident.acknowledged_at.is_none() || !row.trip.phase.is_end())
            .map(|row| {
                vec![
                    PlaceView::of(row.trip.pickup, row.pickup_label.as_deref()),
                    PlaceView::of(row.trip.dropoff, row.dropoff_label.as_deref()),
                ]
            })
            .unwrap_or_default();
        view
    }

    /// As it was told so many seconds ago, now that it is taken.
    #[must_use]
    pub fn taken(mut self, incident: &Incident, since_s: i64) -> Self {
        for place in [&mut self.position, &mut self.live, &mut self.doubted].into_iter().flatten() {
            place.age_s += since_s.max(0);
        }
        self.acknowledged_by = incident.acknowledged_by.clone().filter(|_| self.concerned);
        self.acknowledged_at = incident.acknowledged_at.map(instant);
        self
    }

    /// For everyone else whose console rings; and for the centre, to which every alarm belongs, while nothing more can be read.
    pub fn without_places(incident: &Incident, agency: Option<AgencyId>) -> Self {
        // Who may not be with a rider, and why, says whom the rider is tied to: for companies both kinds are one without a name.
        let walled =
            agency.is_some() && matches!(incident.kind, IncidentKind::MemberBarred | IncidentKind::StaffSuspended);
        Self {
            id: incident.id.0,
            kind: if walled { CREW_UNFIT } else { incident.kind.word() },
            raised_by: if incident.role == Role::Rider { "rider" } else { "staff" },
            no: incident.no.filter(|_| !walled),
            trip: incident.trip.filter(|_| !walled).map(|t| t.0),
            raised_at: instant(incident.raised_at),
            position: None,
            live: None,
            doubted: None,
            concerned: agency.is_none(),
            registered: Vec::new(),
            // Another company's people have no names here.
            acknowledged_by: incident.acknowledged_by.clone().filter(|_| agency.is_none()),
            acknowledged_at: incident.acknowledged_at.map(instant),
        }
    }
}
