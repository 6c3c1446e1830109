//! Owns every refusal: its stable code, its status, and the problem document (RFC 9457) it is sent as. Texts are fixed, so
//! that nothing a client sent can come back in one.

use crate::record::{RecordError, Refusal};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest field name in a problem document, bytes.
const FIELD_BYTES_MAX: usize = 40;
/// What a client is told to wait for what is over soon, seconds.
const RETRY_AFTER_S: u32 = 2;

macro_rules! codes {
    ($($name:ident = $word:literal $status:literal $title:literal;)+) => {
        /// Why something was refused. The words and statuses are those of docs/PROTOCOL.md.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// For people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    BadJson = "bad_json" 400 "the body is not JSON";
    IdempotencyKeyRequired = "idempotency_key_required" 400 "the Idempotency-Key header is missing or not 1 to 64 printable characters";
    PositionInUrl = "position_in_url" 400 "positions are taken in the body only, never in the URL: use Traccar Client 9 or later, or set the app to POST";
    NoToken = "no_token" 401 "no token was sent";
    BadToken = "bad_token" 401 "the token does not work";
    BadCode = "bad_code" 401 "the code does not work";
    ForbiddenRole = "forbidden_role" 403 "this role may not do this";
    NotConcerned = "not_concerned" 403 "the alarm, person or trip is another agency's";
    BadOrigin = "bad_origin" 403 "the origin is not allowed";
    GatewaySecret = "gateway_secret" 403 "the secret is not that of this service's gateways";
    NotFound = "not_found" 404 "there is nothing here";
    MethodNotAllowed = "method_not_allowed" 405 "this method does not work here";
    TimedOut = "timed_out" 408 "the request took too long";
    IdempotencyKeyReused = "idempotency_key_reused" 409 "the idempotency key was used with another body";
    WrongPhase = "wrong_phase" 409 "the trip or shift is not in a phase that allows this";
    SeriesEnded = "series_ended" 409 "the commute has ended";
    OfferExpired = "offer_expired" 409 "the offer has expired";
    OfferClosed = "offer_closed" 409 "the offer is closed";
    AlreadyAnswered = "already_answered" 409 "the offer was already answered";
    StaffBusy = "staff_busy" 409 "a staff member is on another trip";
    NotOnShift = "not_on_shift" 409 "a staff member is not on shift";
    TooEarlyToAssign = "too_early_to_assign" 409 "the trip is too far ahead for its crew to be assigned";
    TooEarlyToSetOut = "too_early_to_set_out" 409 "it is too early to set out for the trip";
    TripOverlaps = "trip_overlaps" 409 "the rider has another trip at that time";
    TooManyBookings = "too_many_bookings" 409 "the rider has as many commutes or open trips as one can have";
    TooManyZones = "too_many_zones" 409 "the rider has as many avoid zones as one can have";
    TooManyConditions = "too_many_conditions" 409 "there are as many conditions as there can be";
    NoFix = "no_fix" 409 "the position of this phone is not known";
    NoWay = "no_way" 409 "there is no way there along the roads of the map";
    TooLarge = "too_large" 413 "the body is above 64 KiB";
    NotJson = "not_json" 415 "the content type is not application/json";
    BadField = "bad_field" 422 "a field is missing, unknown or out of range";
    PickupOutsideArea = "pickup_outside_area" 422 "the pickup is outside the service area";
    DropoffOutsideArea = "dropoff_outside_area" 422 "the drop-off is outside the service area";
    TimeInPast = "time_in_past" 422 "the time has passed";
    TimeTooFar = "time_too_far" 422 "the time is too far ahead";
    StreetTooLong = "street_too_long" 422 "the way along streets between the two points is longer than 2 km";
    BadCommute = "bad_commute" 422 "the days, times or dates of the commute do not fit together";
    UnknownStaff = "unknown_staff" 422 "no such staff member";
    CrewSizeMismatch = "crew_size_mismatch" 422 "the number of staff is not the crew size";
    CrewBelowGrant = "crew_below_grant" 422 "the crew is smaller than the rider's grant says";
    StaffNotEligible = "staff_not_eligible" 422 "a staff member may not go on this trip";
    TooManyRequests = "too_many_requests" 429 "too many requests";
    Upgrade = "upgrade_required" 426 "this address speaks WebSocket";
    NotYet = "not_yet" 503 "the travel times asked for are being made";
    RecordUnavailable = "record_unavailable" 503 "the record is not available";
    Draining = "draining" 503 "the server is being stopped";
    UpstreamAway = "upstream_away" 503 "the gateway does not reach the service; what was sent is done or not, never half";
}

/// A refusal on its way out.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Why.
    pub code: Code,
    /// Which field is to blame.
    pub field: Option<String>,
    /// Failed hard rules, for `staff_not_eligible`.
    pub violations: Vec<&'static str>,
    /// The other trip, for `trip_overlaps`.
    pub trip: Option<Uuid>,
    /// Seconds to wait.
    pub retry_after_s: Option<u32>,
}

/// The document as sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub title: &'static str,
    /// The HTTP status again.
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// Which field is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Failed hard rules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<&'static str>,
    /// The other trip that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip: Option<Uuid>,
}

impl Problem {
    /// With one field to blame. A name that is not a plain identifier came from the client and is left out.
    pub fn field(code: Code, field: impl Into<String>) -> Self {
        let field = field.into();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'[' | b']');
        let shown = !field.is_empty() && field.len() <= FIELD_BYTES_MAX && field.bytes().all(plain);
        Self { field: shown.then_some(field), ..Self::from(code) }
    }

    /// `bad_field` with its field.
    pub fn bad_field(field: impl Into<String>) -> Self {
        Self::field(Code::BadField, field)
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        let is_over_soon = matches!(code, Code::NotYet | Code::RecordUnavailable | Code::Draining | Code::UpstreamAway);
        let retry_after_s = is_over_soon.then_some(RETRY_AFTER_S);
        Self { code, field: None, violations: Vec::new(), trip: None, retry_after_s }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        tracing::error!(cause = %error, "the record refused an operation");
        Self::from(Code::RecordUnavailable)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::from(match refusal {
            Refusal::TripOverlaps(other) => {
                return Self { trip: other.map(|t| t.0), ..Self::from(Code::TripOverlaps) };
            }
            Refusal::LegsOverlap => return Self::field(Code::BadCommute, "commute.return_at"),
            Refusal::CrewBelowGrant => return Self::field(Code::CrewBelowGrant, "crew_size"),
            Refusal::NotFound => Code::NotFound,
            Refusal::NotConcerned => Code::NotConcerned,
            Refusal::WrongPhase(_) => Code::WrongPhase,
            Refusal::TooEarlyToAssign => Code::TooEarlyToAssign,
            Refusal::TooEarlyToSetOut => Code::TooEarlyToSetOut,
            Refusal::SeriesEnded => Code::SeriesEnded,
            Refusal::OfferExpired => Code::OfferExpired,
            Refusal::OfferClosed => Code::OfferClosed,
            Refusal::AlreadyAnswered => Code::AlreadyAnswered,
            Refusal::StaffBusy => Code::StaffBusy,
            Refusal::NotOnShift => Code::NotOnShift,
            Refusal::UnknownStaff => Code::UnknownStaff,
            Refusal::CrewSizeMismatch => Code::CrewSizeMismatch,
            Refusal::KeyReused => Code::IdempotencyKeyReused,
            Refusal::TooManyBookings => Code::TooManyBookings,
            Refusal::TooManyZones => Code::TooManyZones,
            Refusal::TooManyConditions => Code::TooManyConditions,
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).expect("the table holds valid statuses");
        let body = ProblemBody {
            kind: format!("/problems/{}", self.code.word()),
            title: self.code.title(),
            status: self.code.status(),
            code: self.code.word(),
            field: self.field,
            violations: self.violations,
            trip: self.trip,
        };
        let text = serde_json::to_string(&body).expect("strings and numbers serialise");
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What every handler returns.
pub type Answer<T> = Result<T, Problem>;
