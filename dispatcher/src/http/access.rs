//! Owns who may call what: one table, role × route. A route without a row is refused to everyone, and a test compares the
//! table with the routes. Relation to the object (whose trip, which agency) is checked where the object is read.

use crate::record::Role;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Which roles may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed(u8);

const OPEN: Allowed = Allowed(0b1_0000);
/// No role: the secret of a tracker, looked at by `ingest::device`.
const TRACKER: Allowed = Allowed(0b10_0000);
const RIDER: Allowed = Allowed(0b0001);
const STAFF: Allowed = Allowed(0b0010);
const SUPERVISOR: Allowed = Allowed(0b0100);
const ADMIN: Allowed = Allowed(0b1000);
const PHONES: Allowed = Allowed(0b0011);
const EVERYONE: Allowed = Allowed(0b1111);
const RIDER_OR_SUPERVISOR: Allowed = Allowed(0b0101);
const SUPERVISOR_OR_ADMIN: Allowed = Allowed(0b1100);
const SOCKETS: Allowed = Allowed(0b0111);

impl Allowed {
    /// Whether no token is asked for.
    pub const fn is_open(self) -> bool {
        self.0 & OPEN.0 != 0
    }

    /// Whether it is for trackers, which have a door of their own.
    pub const fn is_of_trackers(self) -> bool {
        self.0 & TRACKER.0 != 0
    }

    /// Whether the role may.
    pub const fn permits(self, role: Role) -> bool {
        self.0 & Self::of(role).0 != 0
    }

    const fn of(role: Role) -> Self {
        match role {
            Role::Rider => RIDER,
            Role::Staff => STAFF,
            Role::Supervisor => SUPERVISOR,
            Role::Admin => ADMIN,
        }
    }
}

/// Method, route pattern, who may.
pub const TABLE: &[(&str, &str, Allowed)] = &[
    ("POST", "/v1/session", OPEN),
    ("DELETE", "/v1/session", EVERYONE),
    ("GET", "/v1/me", EVERYONE),
    ("POST", "/v1/ws-ticket", SOCKETS),
    ("GET", "/v1/ws", OPEN),
    ("GET", "/v1/map", OPEN),
    ("POST", "/v1/bookings", RIDER),
    ("GET", "/v1/trips", RIDER),
    ("GET", "/v1/trips/{id}", RIDER),
    ("POST", "/v1/trips/{id}/cancel", RIDER_OR_SUPERVISOR),
    ("GET", "/v1/series", RIDER),
    ("POST", "/v1/series/{id}/skip", RIDER),
    ("POST", "/v1/series/{id}/end", RIDER),
    ("POST", "/v1/fixes", PHONES),
    ("POST", "/v1/sos", PHONES),
    ("POST", "/v1/ingest/owntracks", TRACKER),
    ("POST", "/v1/ingest/traccar", TRACKER),
    ("GET", "/v1/ingest/traccar", TRACKER),
    ("POST", "/v1/shift", STAFF),
    ("DELETE", "/v1/shift", STAFF),
    ("GET", "/v1/card", STAFF),
    ("POST", "/v1/offers/{id}/answer", STAFF),
    ("POST", "/v1/trips/{id}/status", STAFF),
    ("POST", "/v1/trips/{id}/drop-out", STAFF),
    ("GET", "/v1/trips/{id}/way", STAFF),
    ("GET", "/v1/console", SUPERVISOR),
    ("GET", "/v1/cells", SUPERVISOR),
    ("GET", "/v1/trips/{id}/candidates", SUPERVISOR),
    ("POST", "/v1/trips/{id}/assign", SUPERVISOR),
    ("POST", "/v1/trips/{id}/release", SUPERVISOR),
    ("POST", "/v1/trips/{id}/complete", SUPERVISOR),
    ("POST", "/v1/trips/{id}/unserved", SUPERVISOR),
    ("POST", "/v1/incidents/{id}/acknowledge", SUPERVISOR),
    ("POST", "/v1/trips/{id}/reveal", SUPERVISOR),
    ("POST", "/v1/trips/{id}/track", SUPERVISOR),
    ("GET", "/v1/trips/{id}/history", SUPERVISOR),
    ("GET", "/v1/trips/{id}/zones", SUPERVISOR),
    ("POST", "/v1/trips/{id}/zones", SUPERVISOR),
    ("DELETE", "/v1/trips/{id}/zones/{zone}", SUPERVISOR),
    ("POST", "/v1/codes", SUPERVISOR),
    ("POST", "/v1/isochrones", SUPERVISOR),
    ("POST", "/v1/admin/agencies", ADMIN),
    ("POST", "/v1/admin/staff", ADMIN),
    ("POST", "/v1/admin/riders", ADMIN),
    ("POST", "/v1/admin/supervisors", ADMIN),
    ("POST", "/v1/admin/conflicts", ADMIN),
    ("POST", "/v1/admin/zones", ADMIN),
    ("GET", "/v1/admin/riders/{id}/zones", ADMIN),
    ("DELETE", "/v1/admin/zones/{id}", ADMIN),
    ("GET", "/v1/admin/conditions", SUPERVISOR_OR_ADMIN),
    ("POST", "/v1/admin/conditions", SUPERVISOR_OR_ADMIN),
    ("DELETE", "/v1/admin/conditions/{id}", SUPERVISOR_OR_ADMIN),
    ("GET", "/v1/admin/travel", SUPERVISOR_OR_ADMIN),
    ("POST", "/v1/admin/codes", ADMIN),
    ("POST", "/v1/admin/accounts/{id}/suspend", ADMIN),
    ("POST", "/v1/demo/enrol", OPEN),
    ("POST", "/v1/demo/visitor", OPEN),
    ("POST", "/v1/demo/route", EVERYONE),
];

/// The row of a route; `None` refuses everyone.
pub fn allowed(method: &str, route: &str) -> Option<Allowed> {
    static ROWS: OnceLock<HashMap<(&str, &str), Allowed>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| TABLE.iter().map(|&(method, route, allowed)| ((method, route), allowed)).collect());
    rows.get(&(method, route)).copied()
}
