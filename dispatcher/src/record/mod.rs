//! Owns the truth: people, bookings, trips, holds, assignments, incidents, outbox, audit; SQL lives here and nowhere else.
//! Each method is one transition in one transaction, with its outbox and audit rows; phases change through
//! `matcher::lifecycle` only. Does not decide who may escort whom, and sends nothing: the outbox is read by `ws::hub`.
//!
//! Invariant: what a method returned `Ok` for is on disk (WAL, `synchronous=FULL`).

mod types;

pub use types::*;

use crate::clock::Env;
use geo::Fix;
use matcher::model::{AccountId, AgencyId, IncidentId, OfferId, OfferState, Phase, SeriesId, Shift, Timestamp, TripId};
use std::path::Path;
use tokio::sync::watch;

/// The record, on SQLite.
pub struct Record {
    commits: watch::Sender<u64>,
}

#[expect(unused_variables, clippy::unimplemented, clippy::unused_async, reason = "replaced method by method")]
impl Record {
    /// Takes the directory's lock, migrates, takes the next epoch. One `serve` per directory.
    pub async fn open(dir: &Path, env: Env) -> Result<Self, OpenError> {
        unimplemented!()
    }

    /// For `admin` and `backup` beside a running server: no lock, no epoch, no migration of a newer file.
    pub async fn open_beside(dir: &Path, env: Env) -> Result<Self, OpenError> {
        unimplemented!()
    }

    /// Changes after every commit: a hint for whoever tails the record. Nothing may rest on it alone.
    pub fn commits(&self) -> watch::Receiver<u64> {
        unimplemented!()
    }

    /// The fencing number of this server's life; every write carries it.
    pub fn epoch(&self) -> i64 {
        unimplemented!()
    }

    /// Commits a heartbeat row; for `/readyz`.
    pub async fn check_writable(&self) -> Result<(), RecordError> {
        unimplemented!()
    }

    /// A consistent copy into a new file (`VACUUM INTO`).
    pub async fn backup(&self, to: &Path) -> Result<(), RecordError> {
        unimplemented!()
    }

    /// A company or centre.
    pub async fn create_agency(&self, now: Timestamp, name: &str, is_centre: bool) -> Result<Agency, RecordError> {
        unimplemented!()
    }

    /// All of them.
    pub async fn agencies(&self) -> Result<Vec<Agency>, RecordError> {
        unimplemented!()
    }

    /// `None` if there is no such agency.
    pub async fn create_staff(&self, now: Timestamp, new: &NewStaff) -> Result<Option<Account>, RecordError> {
        unimplemented!()
    }

    /// A rider with the grant.
    pub async fn create_rider(&self, now: Timestamp, new: &NewRider) -> Result<Account, RecordError> {
        unimplemented!()
    }

    /// `None` if there is no such agency.
    pub async fn create_supervisor(
        &self,
        now: Timestamp,
        agency: AgencyId,
        name: &str,
    ) -> Result<Option<Account>, RecordError> {
        unimplemented!()
    }

    /// Someone who sets up people.
    pub async fn create_admin(&self, now: Timestamp, name: &str) -> Result<Account, RecordError> {
        unimplemented!()
    }

    /// Many accounts with tokens in one transaction, in a new agency whose riders consent to it alone; for demonstrations and load tests.
    pub async fn enrol(
        &self,
        now: Timestamp,
        agency: &str,
        staff: u32,
        riders: u32,
        supervisors: u32,
    ) -> Result<Enrolled, RecordError> {
        unimplemented!()
    }

    /// A one-time code, stored hashed, and until when it works; `None` if there is no such active account.
    pub async fn issue_code(
        &self,
        now: Timestamp,
        account: AccountId,
    ) -> Result<Option<(String, Timestamp)>, RecordError> {
        unimplemented!()
    }

    /// A new token for an unused, unexpired code; the code is used up in the same transaction.
    pub async fn redeem_code(&self, now: Timestamp, code: &str) -> Result<Option<(String, SignedIn)>, RecordError> {
        unimplemented!()
    }

    /// A token without a code.
    pub async fn issue_token(&self, now: Timestamp, account: AccountId) -> Result<Option<String>, RecordError> {
        unimplemented!()
    }

    /// Whose token it is, if it lives and the account is not suspended.
    pub async fn authenticate(&self, now: Timestamp, token: &str) -> Result<Option<SignedIn>, RecordError> {
        unimplemented!()
    }

    /// Ends one token.
    pub async fn revoke_token(&self, now: Timestamp, token: i64) -> Result<(), RecordError> {
        unimplemented!()
    }

    /// Ends every token of the account.
    pub async fn suspend(&self, now: Timestamp, account: AccountId, by: AccountId, reason: &str) -> Outcome<()> {
        unimplemented!()
    }

    /// What lost its rights since.
    pub async fn revocations_after(&self, id: i64) -> Result<Vec<Revocation>, RecordError> {
        unimplemented!()
    }

    /// An account, suspended or not.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, RecordError> {
        unimplemented!()
    }

    /// Issued when a phone's session begins; orders its fixes across reconnects and nodes.
    pub async fn next_session_epoch(&self, account: AccountId) -> Result<u32, RecordError> {
        unimplemented!()
    }

    /// Replaces a running one.
    pub async fn start_shift(&self, now: Timestamp, staff: AccountId, shift: NewShift) -> Outcome<Shift> {
        unimplemented!()
    }

    /// Refused while the member holds a slot.
    pub async fn end_shift(&self, now: Timestamp, staff: AccountId) -> Outcome<()> {
        unimplemented!()
    }

    /// Every active staff member.
    pub async fn roster(&self, now: Timestamp) -> Result<Vec<RosterEntry>, RecordError> {
        unimplemented!()
    }

    /// Changes whenever `roster` would.
    pub async fn roster_version(&self) -> Result<i64, RecordError> {
        unimplemented!()
    }

    /// Commits the booking, its first trips and their due entries.
    pub async fn book(&self, now: Timestamp, new: &NewBooking) -> Outcome<Booked> {
        unimplemented!()
    }

    /// What a retry would be answered, `None` for a new key.
    pub async fn find_booking(
        &self,
        rider: AccountId,
        idempotency_key: &str,
        body_sha256: &[u8; 32],
    ) -> Outcome<Option<Booked>> {
        unimplemented!()
    }

    /// Trips of every series for the next 48 h that are not there yet; how many were made. Idempotent: unique per series, date and leg.
    pub async fn expand_series(&self, now: Timestamp) -> Result<u32, RecordError> {
        unimplemented!()
    }

    /// One trip.
    pub async fn trip(&self, id: TripId) -> Result<Option<TripRow>, RecordError> {
        unimplemented!()
    }

    /// Open ones, then those ended within 24 h.
    pub async fn trips_of_rider(&self, rider: AccountId, now: Timestamp) -> Result<Vec<TripRow>, RecordError> {
        unimplemented!()
    }

    /// The trip whose active slot the member holds.
    pub async fn trip_of_staff(&self, staff: AccountId) -> Result<Option<TripRow>, RecordError> {
        unimplemented!()
    }

    /// The open or accepted, not yet assigned, offer of the member.
    pub async fn offer_of_staff(&self, staff: AccountId) -> Result<Option<OfferRow>, RecordError> {
        unimplemented!()
    }

    /// One offer.
    pub async fn offer(&self, id: OfferId) -> Result<Option<OfferRow>, RecordError> {
        unimplemented!()
    }

    /// Every trip that has not ended.
    pub async fn open_trips(&self) -> Result<Vec<TripRow>, RecordError> {
        unimplemented!()
    }

    /// In order of change; for the console's tail.
    pub async fn trips_changed_after(&self, change_no: i64, limit: u32) -> Result<Vec<TripRow>, RecordError> {
        unimplemented!()
    }

    /// The rider's commutes.
    pub async fn series_of_rider(&self, rider: AccountId) -> Result<Vec<Series>, RecordError> {
        unimplemented!()
    }

    /// Leaves one day out and cancels its trips.
    pub async fn skip(
        &self,
        now: Timestamp,
        rider: AccountId,
        series: SeriesId,
        date: jiff::civil::Date,
    ) -> Outcome<Series> {
        unimplemented!()
    }

    /// Ends it and cancels its trips that have not begun.
    pub async fn end_series(&self, now: Timestamp, rider: AccountId, series: SeriesId) -> Outcome<Series> {
        unimplemented!()
    }

    /// By the rider of the trip or a supervisor; the caller has checked who may.
    pub async fn cancel(&self, now: Timestamp, trip: TripId, by: AccountId) -> Outcome<()> {
        unimplemented!()
    }

    /// The last accept makes the assignment in the same transaction. The same answer again is `Ok`.
    pub async fn answer(&self, now: Timestamp, offer: OfferId, staff: AccountId, accept: bool) -> Outcome<OfferState> {
        unimplemented!()
    }

    /// A crew member's tap. A repeat is `Ok`.
    pub async fn set_status(&self, now: Timestamp, trip: TripId, staff: AccountId, to: Phase) -> Outcome<()> {
        unimplemented!()
    }

    /// Gives the slot back; the others are kept while it is refilled.
    pub async fn drop_out(&self, now: Timestamp, trip: TripId, staff: AccountId) -> Outcome<()> {
        unimplemented!()
    }

    /// A supervisor frees the whole crew or its offers.
    pub async fn release(&self, now: Timestamp, trip: TripId, by: AccountId) -> Outcome<()> {
        unimplemented!()
    }

    /// Withdraws what is open and puts the offer on exactly these phones.
    pub async fn assign_by_hand(
        &self,
        now: Timestamp,
        trip: TripId,
        by: AccountId,
        crew: &[Placement],
        expires_at: Timestamp,
    ) -> Outcome<()> {
        unimplemented!()
    }

    /// A named human says nobody can go.
    pub async fn give_up(&self, now: Timestamp, trip: TripId, by: AccountId, reason: &str) -> Outcome<()> {
        unimplemented!()
    }

    /// Commits the alarm. A second press within 60 s by the same person joins the open one.
    pub async fn raise_sos(
        &self,
        now: Timestamp,
        by: &Account,
        trip: Option<TripId>,
        fix: Option<Fix>,
    ) -> Outcome<IncidentId> {
        unimplemented!()
    }

    /// Taken by a named supervisor.
    pub async fn acknowledge_incident(&self, now: Timestamp, id: IncidentId, by: &Account) -> Outcome<()> {
        unimplemented!()
    }

    /// One incident.
    pub async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, RecordError> {
        unimplemented!()
    }

    /// Not yet acknowledged.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, RecordError> {
        unimplemented!()
    }

    /// In order of change; for the console's tail.
    pub async fn incidents_changed_after(&self, change_no: i64) -> Result<Vec<Incident>, RecordError> {
        unimplemented!()
    }

    /// Trips in a searching phase whose due time has come, and offered trips with an expired offer or an open slot; oldest first.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<DueTrip>, RecordError> {
        unimplemented!()
    }

    /// When `due` will have something next.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>, RecordError> {
        unimplemented!()
    }

    /// One transaction, a savepoint for each effect, so that a lost race undoes one trip only.
    pub async fn apply(&self, now: Timestamp, effects: &[Effect]) -> Result<Vec<Applied>, RecordError> {
        unimplemented!()
    }

    /// The tail of the whole outbox.
    pub async fn outbox_after(&self, id: i64, limit: u32) -> Result<Vec<OutboxRow>, RecordError> {
        unimplemented!()
    }

    /// Id of the last outbox row, 0 if none.
    pub async fn outbox_head(&self) -> Result<i64, RecordError> {
        unimplemented!()
    }

    /// A recipient's messages after a number.
    pub async fn outbox_of(
        &self,
        recipient: AccountId,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, RecordError> {
        unimplemented!()
    }

    /// Last number issued and last acknowledged.
    pub async fn outbox_seq(&self, recipient: AccountId) -> Result<(i64, i64), RecordError> {
        unimplemented!()
    }

    /// Everything up to the number has been received; many at once.
    pub async fn acknowledge(&self, now: Timestamp, acks: &[(AccountId, i64)]) -> Result<(), RecordError> {
        unimplemented!()
    }
}
