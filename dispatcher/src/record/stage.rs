//! Owns the stage that the record's contract is played on: a directory, a clock, seeded entropy, and a short vocabulary.
//! The scenes are in the `*_tests` files; another implementation of the record runs them by answering [`Stage::open`].

use super::*;
use crate::clock::{Entropy, Env, ManualClock};
use geo::Position;
use matcher::model::{
    AccountId, AgencyId, BookingKind, CrewSize, Mode, OfferId, OfferState, Phase, RiskGrade, StaffKind, Timestamp,
    TripId,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// Tuesday 2026-11-24 08:00 in Korea.
pub(super) const T0: Timestamp = Timestamp(1_795_474_800_000);
/// Offers last this long here, seconds.
pub(super) const OFFER_S: i64 = 20;

/// A counter through splitmix64: every run draws the same bytes.
pub(super) struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(super) fn env(seed: u64) -> Env {
    Env { clock: ManualClock::at(T0), entropy: Arc::new(Seeded(AtomicU64::new(seed))) }
}

impl Record {
    /// Makes the row of a trip unreadable.
    pub(crate) async fn spoil(&self, trip: TripId) {
        for sql in ["pragma ignore_check_constraints = on", "update trips set pickup_lat = 2000000000 where id = ?"] {
            sqlx::query(sql).bind(row::blob(trip.0)).execute(&self.write).await.unwrap();
        }
    }
}

impl Record {
    /// Makes messages unreadable that have these numbers of a recipient; or even whose they are.
    pub(crate) async fn spoil_messages(&self, to: AccountId, numbers: std::ops::RangeInclusive<i64>, of_nobody: bool) {
        let what = if of_nobody { "recipient = x'00'" } else { "kind = 'later'" };
        let sql = format!("update outbox set {what} where recipient = ? and seq between ? and ?");
        sqlx::query("pragma foreign_keys = off").execute(&self.write).await.unwrap();
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(row::blob(to.0)).bind(*numbers.start());
        let done = query.bind(*numbers.end()).execute(&self.write).await.unwrap();
        assert_eq!(done.rows_affected(), numbers.count() as u64);
    }

    /// Makes the zones of a rider unreadable.
    pub(crate) async fn spoil_zones(&self, rider: AccountId) {
        for sql in ["pragma ignore_check_constraints = on", "update avoid_zones set radius_m = 9 where rider = ?"] {
            sqlx::query(sql).bind(row::blob(rider.0)).execute(&self.write).await.unwrap();
        }
    }

    /// Takes no row of the audit until it is mended, so that nothing that needs one is written.
    pub(crate) async fn break_audit(&self, is_broken: bool) {
        let (from, to) = if is_broken { ("audit", "audit_away") } else { ("audit_away", "audit") };
        sqlx::query(sqlx::AssertSqlSafe(format!("alter table {from} rename to {to}")))
            .execute(&self.write)
            .await
            .unwrap();
    }
}

/// A record with one agency and one rider.
pub(super) struct Stage {
    pub(super) dir: TempDir,
    pub(super) record: Arc<Record>,
    pub(super) agency: AgencyId,
    pub(super) rider: AccountId,
    lives: u64,
}

impl Stage {
    /// Where another implementation would plug in.
    pub(super) async fn open(dir: &TempDir, seed: u64) -> Arc<Record> {
        Arc::new(Record::open(dir.path(), env(seed)).await.unwrap())
    }

    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let record = Self::open(&dir, 1).await;
        let agency = record.create_agency(T0, Actor::Shell, "a", false).await.unwrap().id;
        let rider = record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
        Self { dir, record, agency, rider, lives: 1 }
    }

    /// A record as the version left it that knew only the first `count` migrations.
    pub(super) async fn older(count: usize) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("record.sqlite");
        files::private_file(&file).unwrap();
        let (write, _) = open::connect(&file);
        open::migrator(&open::MIGRATIONS[..count]).run(&write).await.unwrap();
        write.close().await;
        dir
    }

    /// Ends this life of the record and begins the next on the same directory.
    pub(super) async fn reopen(&mut self) {
        self.record.close().await;
        self.lives += 1;
        self.record = Self::open(&self.dir, self.lives).await;
    }

    /// Staff on shift.
    pub(super) async fn staff(&self, count: usize) -> Vec<AccountId> {
        let mut made = Vec::new();
        for _ in 0..count {
            let staff = self.off_shift().await;
            let shift = NewShift { mode: Mode::Walk, hours: 8 };
            self.record.start_shift(T0, staff, shift).await.unwrap().unwrap();
            made.push(staff);
        }
        made
    }

    pub(super) async fn off_shift(&self) -> AccountId {
        let new = NewStaff {
            agency: self.agency,
            name: "s".into(),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: T0.plus_s(86_400 * 300),
        };
        self.record.create_staff(T0, Actor::Shell, &new).await.unwrap().unwrap().id
    }

    /// For the stage's rider, or for another one if that one has a trip at the time.
    pub(super) async fn book(&self, key: &str, kind: BookingKind) -> Booked {
        let first = self.record.book(T0, &booking(self.rider, key, kind.clone())).await.unwrap();
        if let Err(Refusal::TripOverlaps(_)) = first {
            let other = self.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
            return self.record.book(T0, &booking(other, key, kind)).await.unwrap().unwrap();
        }
        first.unwrap()
    }

    /// A trip for now.
    pub(super) async fn trip(&self, key: &str) -> TripId {
        self.book(key, BookingKind::Now).await.trips[0]
    }

    /// A trip of the stage's rider for so many hours later.
    pub(super) async fn in_hours(&self, hours: i64) -> TripId {
        let kind = BookingKind::At(T0.plus_s(hours * 3_600));
        let new = booking(self.rider, &format!("in {hours} h"), kind);
        self.record.book(T0, &new).await.unwrap().unwrap().trips[0]
    }

    pub(super) async fn row(&self, trip: TripId) -> TripRow {
        self.record.trip(trip).await.unwrap().unwrap()
    }

    pub(super) async fn phase(&self, trip: TripId) -> Phase {
        self.row(trip).await.trip.phase
    }

    pub(super) async fn apply(&self, now: Timestamp, effect: Effect) -> Applied {
        self.record.apply(now, &[], &[effect]).await.unwrap()[0]
    }

    /// Offers for every slot at `now`, with `OFFER_S` to answer.
    pub(super) async fn place(&self, now: Timestamp, trip: TripId, crew: &[AccountId]) -> Applied {
        let placements = placements(crew);
        self.apply(now, Effect::PlaceOffers { trip, placements, expires_at: now.plus_s(OFFER_S) }).await
    }

    /// The offer the member now holds.
    pub(super) async fn offer(&self, staff: AccountId) -> OfferId {
        self.record.duties_of_staff(staff).await.unwrap().offer.unwrap().offer.id
    }

    pub(super) async fn answer(&self, now: Timestamp, staff: AccountId, accept: bool) -> Result<OfferState, Refusal> {
        let offer = self.offer(staff).await;
        self.record.answer(now, offer, staff, accept).await.unwrap()
    }

    /// A trip with its crew of two, all accepted.
    pub(super) async fn assigned(&self, key: &str) -> (TripId, [AccountId; 2]) {
        let trip = self.trip(key).await;
        let crew = self.staff(2).await;
        assert_eq!(self.place(T0, trip, &crew).await, Applied::Done);
        for member in &crew {
            self.answer(T0, *member, true).await.unwrap();
        }
        (trip, [crew[0], crew[1]])
    }

    /// At the trip's own time.
    pub(super) async fn tap(&self, trip: TripId, staff: AccountId, to: Phase) -> Result<(), Refusal> {
        let now = self.row(trip).await.trip.pickup_at.unwrap_or(T0);
        self.record.set_status(now, trip, staff, to).await.unwrap()
    }

    /// Takes an assigned trip on to `to`.
    pub(super) async fn walk_to(&self, trip: TripId, crew: &[AccountId], to: Phase) {
        for phase in [Phase::EnRoute, Phase::Arrived] {
            for member in crew {
                if phase <= to {
                    self.tap(trip, *member, phase).await.unwrap();
                }
            }
        }
        for phase in [Phase::Met, Phase::Escorting, Phase::Completed] {
            if phase <= to {
                self.tap(trip, crew[0], phase).await.unwrap();
            }
        }
        assert_eq!(self.phase(trip).await, to);
    }

    /// The recipient's messages as `kind` or `kind:reason`, in order.
    pub(super) async fn mail(&self, to: AccountId) -> Vec<String> {
        let rows = self.record.outbox_of(to, 0, 1_000).await.unwrap();
        rows.iter()
            .map(|r| [Some(r.kind.word()), r.reason.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(":"))
            .collect()
    }

    /// The last message of the recipient.
    pub(super) async fn last_mail(&self, to: AccountId) -> String {
        self.mail(to).await.pop().unwrap_or_default()
    }

    /// Whom a trip of the roster keeps from another one.
    pub(super) async fn duty(&self, staff: AccountId) -> Option<(TripId, Phase)> {
        let roster = self.record.roster(T0).await.unwrap();
        roster.into_iter().find(|e| e.staff.id == staff).unwrap().duty
    }
}

pub(super) fn placements(crew: &[AccountId]) -> Vec<Placement> {
    (0..)
        .zip(crew)
        .map(|(slot, staff)| Placement { slot, staff: *staff, eta_s: 300, sure: None, after: None })
        .collect()
}

pub(super) fn new_rider() -> NewRider {
    NewRider {
        name: "r".into(),
        agencies: Vec::new(),
        gender: None,
        risk: RiskGrade::Standard,
        crew_size: CrewSize::PAIR,
    }
}

pub(super) fn booking(rider: AccountId, key: &str, kind: BookingKind) -> NewBooking {
    let place = |lat, label: &str| Place { position: Position::new(lat, 127.0).unwrap(), label: Some(label.into()) };
    NewBooking {
        rider,
        idempotency_key: key.into(),
        body_sha256: [7; 32],
        kind,
        pickup: place(37.5, "home"),
        dropoff: place(37.6, "work"),
        crew_size: None,
        length: 840.into(),
        return_length: 900.into(),
    }
}

/// Walled into no agency.
pub(super) fn hand(by: AccountId) -> Hand {
    Hand { by, agency: None }
}
