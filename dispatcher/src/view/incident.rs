//! Owns an alarm as supervisors see it. An unknown position stays unknown; the registered places stand beside it.

use super::place::PlaceView;
use super::time::instant;
use crate::record::{Incident, Role, TripRow};
use matcher::model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where the device was when it raised the alarm.
#[derive(Clone, Serialize, ToSchema)]
pub struct DevicePosition {
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Radius of the error circle, metres.
    pub acc_m: f32,
    /// Age now, seconds.
    pub age_s: i64,
}

/// An alarm.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Incident)]
pub struct IncidentView {
    /// Its id.
    pub id: Uuid,
    /// `sos`, `no_show`, `staff_suspended`, `rider_suspended`, `member_barred`.
    pub kind: &'static str,
    /// `rider` or `staff`: who pressed, or whom it is about.
    pub raised_by: &'static str,
    /// Unit number, if staff.
    pub no: Option<u32>,
    /// On which trip.
    pub trip: Option<Uuid>,
    /// When.
    pub raised_at: String,
    /// Where the device was; null is unknown.
    pub position: Option<DevicePosition>,
    /// The places of the trip as booked.
    pub registered: Vec<PlaceView>,
    /// Display of who took it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<String>,
}

impl IncidentView {
    /// For a supervisor who may see the places: of the centre, or of the agency concerned.
    pub fn full(incident: &Incident, trip: Option<&TripRow>, now: Timestamp) -> Self {
        let mut view = Self::without_places(incident);
        view.position = incident.fix.map(|fix| DevicePosition {
            lat: fix.position.lat(),
            lon: fix.position.lon(),
            acc_m: fix.accuracy_m,
            age_s: (now.0 - fix.taken_at_ms).max(0) / 1_000,
        });
        view.registered = trip
            .map(|row| {
                vec![
                    PlaceView::of(row.trip.pickup, row.pickup_label.as_deref()),
                    PlaceView::of(row.trip.dropoff, row.dropoff_label.as_deref()),
                ]
            })
            .unwrap_or_default();
        view
    }

    /// For everyone else whose console rings.
    pub fn without_places(incident: &Incident) -> Self {
        Self {
            id: incident.id.0,
            kind: incident.kind.word(),
            raised_by: if incident.role == Role::Rider { "rider" } else { "staff" },
            no: incident.no,
            trip: incident.trip.map(|t| t.0),
            raised_at: instant(incident.raised_at),
            position: None,
            registered: Vec::new(),
            acknowledged_by: incident.acknowledged_by.clone(),
            acknowledged_at: incident.acknowledged_at.map(instant),
        }
    }
}
