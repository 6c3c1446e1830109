//! How long the transitions of a booking take on SQLite with every commit on disk, against the floor of one page overwritten in
//! place with `fdatasync` on the same disk: what SQLite's log does once it has its length.

use dispatcher::clock::Env;
use dispatcher::record::{Actor, Applied, Effect, NewBooking, NewShift, NewStaff, Place, Placement, Record};
use geo::Position;
use harness::figures::{self, Times, measure, note, row};
use matcher::model::{AccountId, AgencyId, BookingKind, Mode, StaffKind, TripId};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

/// Staff on shift; each trip holds two of them for good.
const STAFF: usize = 800;
/// Trips taken one by one.
const SINGLE: usize = 200;
/// Trips placed in one transaction.
const BATCH: usize = 32;
/// Such transactions.
const BATCHES: usize = 5;
/// A commit's usual write, bytes: one page with its frame head.
const PAGE_BYTES: usize = 4_120;
/// Pages of the log before it begins again at its front, as SQLite's does after a checkpoint.
const PAGES: u64 = 1_000;
const ANSWER_WITHIN_S: i64 = 600;

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading("record");
    // Beside the build: a temporary directory may lie in memory, where a sync costs nothing.
    let dir = tempfile::tempdir_in(harness::root().join("target")).expect("the build directory is writable");
    let floor = floor(dir.path());
    row("baseline, overwrite a page and fdatasync", &floor, None);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(transitions(dir.path(), floor.p50_us()));
}

fn floor(dir: &Path) -> Times {
    let path = dir.join("floor");
    std::fs::write(&path, vec![0_u8; PAGE_BYTES * PAGES as usize]).expect("room on the disk");
    let file = OpenOptions::new().write(true).open(&path).expect("writable");
    file.sync_all().expect("the disk answers");
    let page = [7_u8; PAGE_BYTES];
    let mut nth = 0;
    measure(300, |_| {
        file.write_all_at(&page, nth % PAGES * PAGE_BYTES as u64).expect("room on the disk");
        file.sync_data().expect("the disk answers");
        nth += 1;
    })
}

/// The record with its people.
struct Town {
    record: Record,
    env: Env,
    riders: Vec<AccountId>,
    staff: Vec<AccountId>,
}

impl Town {
    async fn new(dir: &Path) -> Self {
        let env = Env::system();
        let record = Record::open(&dir.join("record"), env.clone()).await.expect("a fresh record");
        let now = env.now();
        let agency = record.create_agency(now, Actor::Shell, "a", false).await.expect("written").id;
        // A rider has one trip at a time: one for each trip.
        let enrolled = record.enrol(now, "riders", 0, (SINGLE + BATCH * BATCHES) as u32, 0).await.expect("written");
        let riders = enrolled.riders.into_iter().map(|(account, _)| account.id).collect();
        let mut this = Self { record, env, riders, staff: Vec::new() };
        for _ in 0..STAFF {
            let one = this.on_shift(agency).await;
            this.staff.push(one);
        }
        this
    }

    async fn on_shift(&self, agency: AgencyId) -> AccountId {
        let now = self.env.now();
        let new = NewStaff {
            agency,
            name: "s".into(),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: now.plus_s(86_400),
        };
        let staff =
            self.record.create_staff(now, Actor::Shell, &new).await.expect("written").expect("the agency exists").id;
        let begun = self.record.start_shift(now, staff, NewShift { mode: Mode::Walk, hours: 8 }).await;
        begun.expect("written").expect("a member may begin");
        staff
    }

    async fn book(&self, number: usize) -> TripId {
        let place = |lat| Place { position: Position::new(lat, 127.0).expect("in Seoul"), label: None };
        let new = NewBooking {
            rider: self.riders[number],
            idempotency_key: format!("bench-{number}"),
            body_sha256: [7; 32],
            kind: BookingKind::Now,
            pickup: place(37.5),
            dropoff: place(37.6),
            crew_size: None,
            length: 840.into(),
            return_length: 900.into(),
        };
        let booked = self.record.book(self.env.now(), &new).await.expect("written").expect("the rider may book");
        booked.trips[0]
    }

    fn offers(&self, trip: TripId, crew: &[AccountId]) -> Effect {
        let placements = (0..)
            .zip(crew)
            .map(|(slot, &staff)| Placement { slot, staff, eta_s: 300, sure: None, after: None })
            .collect();
        Effect::PlaceOffers { trip, placements, expires_at: self.env.now().plus_s(ANSWER_WITHIN_S) }
    }

    async fn accept(&self, staff: AccountId) {
        let offer = self.record.duties_of_staff(staff).await.expect("read").offer.expect("an offer is out").offer.id;
        self.record.answer(self.env.now(), offer, staff, true).await.expect("written").expect("in time");
    }
}

async fn transitions(dir: &Path, floor_us: f64) {
    let town = Town::new(dir).await;
    let mut crews = town.staff.chunks(2);
    let (mut book, mut place, mut first, mut last) = (Times::new(), Times::new(), Times::new(), Times::new());
    for number in 0..SINGLE {
        let crew = crews.next().expect("enough staff");
        let begun = Instant::now();
        let trip = town.book(number).await;
        book.add(begun.elapsed());
        let effect = town.offers(trip, crew);
        let begun = Instant::now();
        let applied = town.record.apply(town.env.now(), &[], &[effect]).await.expect("written");
        place.add(begun.elapsed());
        assert_eq!(applied, [Applied::Done], "everybody is free");
        for (times, member) in [&mut first, &mut last].into_iter().zip(crew) {
            let begun = Instant::now();
            town.accept(*member).await;
            times.add(begun.elapsed());
        }
    }
    row("realistic, book", &book, Some(floor_us));
    row("realistic, place the offers of one crew", &place, Some(floor_us));
    row("realistic, first accept (read and commit)", &first, Some(floor_us));
    row("realistic, last accept, which assigns", &last, Some(floor_us));

    let mut batched = Times::new();
    for batch in 0..BATCHES {
        let mut effects = Vec::new();
        for n in 0..BATCH {
            let trip = town.book(SINGLE + batch * BATCH + n).await;
            effects.push(town.offers(trip, crews.next().expect("enough staff")));
        }
        let begun = Instant::now();
        town.record.apply(town.env.now(), &[], &effects).await.expect("written");
        batched.add(begun.elapsed());
    }
    row(&format!("worst, place the offers of {BATCH} crews at once"), &batched, Some(floor_us));
    note(format_args!("{STAFF} staff, {} trips on the record at the end", SINGLE + BATCH * BATCHES));
    town.record.close().await;
}
