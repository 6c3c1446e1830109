//! Owns the tracks: where a trip's crew was while the trip was theirs, fix by fix, for some days. Which trip a fix belongs to is read
//! from the assignments, so one that comes late still finds its trip, and one taken outside every trip is nowhere kept.

use super::refused::RefusedRow;
use super::row::{Columns, blob};
use super::write::Write;
use super::{Record, RecordError};
use geo::{Fix, Position};
use matcher::model::{AccountId, Timestamp, TripId};
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A track is kept so long after it was taken, seconds: the time within which a trip can be disputed.
pub const TRACK_KEPT_S: i64 = 7 * 86_400;
/// Most fixes kept of one member on one trip: five hours at one every 4 s, as phones send.
pub const TRACK_FIXES_MAX: i64 = 4_500;
/// Most of them that came out of turn: whoever counts down, or has two apps, must not use up the room of what is believed.
pub const TRACK_OLD_MAX: i64 = 1_500;
/// Their word.
const OLD: &str = "old";

/// A fix on its way to a track.
#[derive(Clone, Copy, Debug)]
pub struct TrackFix {
    /// Whose phone.
    pub staff: AccountId,
    /// Where and when.
    pub fix: Fix,
    /// The stable word of what it was taken for.
    pub verdict: &'static str,
}

/// What became of fixes that were to go onto tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackNoted {
    /// On the record, or there already.
    pub kept: u64,
    /// Taken on no trip of theirs.
    pub of_no_trip: u64,
    /// Beyond [`TRACK_FIXES_MAX`].
    pub beyond_limit: u64,
}

/// A fix of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackRow {
    /// Whose phone.
    pub staff: AccountId,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Where.
    pub position: Position,
    /// Radius of the error circle, metres.
    pub accuracy_m: u32,
    /// What it was taken for.
    pub verdict: String,
}

/// The time somebody was of a trip's crew.
struct Duty {
    trip: TripId,
    from: i64,
    until: Option<i64>,
    /// Fixes on the track,
    kept: i64,
    /// and of them those that came out of turn.
    old: i64,
}

impl Duty {
    fn is_full(&self, verdict: &str) -> bool {
        self.kept >= TRACK_FIXES_MAX || verdict == OLD && self.old >= TRACK_OLD_MAX
    }
}

impl Record {
    /// Puts fixes onto the tracks of the trips they were taken on, each once. One transaction.
    pub async fn note_track(&self, now: Timestamp, fixes: &[TrackFix]) -> Result<TrackNoted, RecordError> {
        let mut write = self.begin(now).await?;
        let mut noted = TrackNoted::default();
        let mut duties: HashMap<AccountId, Vec<Duty>> = HashMap::new();
        for fix in fixes {
            if let Entry::Vacant(unknown) = duties.entry(fix.staff) {
                let own = fixes.iter().filter(|other| other.staff == fix.staff).map(|own| own.fix.taken_at_ms);
                let (first, last) = own.fold((i64::MAX, i64::MIN), |(a, b), at| (a.min(at), b.max(at)));
                unknown.insert(write.duties_between(fix.staff, first, last).await?);
            }
            let at = fix.fix.taken_at_ms;
            let of = |duty: &&mut Duty| duty.from <= at && duty.until.is_none_or(|until| at <= until);
            match duties.get_mut(&fix.staff).into_iter().flatten().rfind(of) {
                None => noted.of_no_trip += 1,
                Some(duty) if duty.is_full(fix.verdict) => noted.beyond_limit += 1,
                Some(duty) => {
                    let added = write.add_to_track(duty.trip, fix).await? as i64;
                    duty.kept += added;
                    duty.old += if fix.verdict == OLD { added } else { 0 };
                    noted.kept += 1;
                }
            }
        }
        write.commit_quietly().await?;
        Ok(noted)
    }

    /// The track of a trip, member by member, each in the order of the phone's numbers, and what was refused. The look is put on the
    /// audit chain first: one that cannot be noted is not given. One transaction and two reads.
    pub async fn reveal_track(
        &self,
        now: Timestamp,
        by: AccountId,
        trip: TripId,
        why: &'static str,
    ) -> Result<(Vec<TrackRow>, Vec<RefusedRow>), RecordError> {
        let mut write = self.begin(now).await?;
        write.audit(Some(by), "track_revealed", trip.0, why).await?;
        write.commit_quietly().await?;
        let rows = sqlx::query(
            "select staff, taken_at, lat, lon, accuracy_m, verdict from tracks
             where trip = ? and taken_at >= ? order by staff, epoch, seq",
        )
        .bind(blob(trip.0))
        .bind(now.plus_s(-TRACK_KEPT_S).0)
        .fetch_all(&self.read)
        .await?;
        let track = rows.iter().map(track_row).collect::<Result<_, _>>()?;
        Ok((track, self.refused_on(now, trip).await?))
    }
}

impl Write<'_> {
    /// The trips whose crew somebody was of between two times, milliseconds; the latest last. A next duty not before it begins: until
    /// then they are on another rider's way.
    async fn duties_between(&mut self, staff: AccountId, first: i64, last: i64) -> Result<Vec<Duty>, RecordError> {
        let rows = sqlx::query(
            "select a.trip, max(a.assigned_at, coalesce(h.current_since, 0)) as begun_at, h.closed_at as ended_at,
                    (select count(*) from tracks t where t.trip = a.trip and t.staff = m.staff) as kept,
                    (select count(*) from tracks t where t.trip = a.trip and t.staff = m.staff and t.verdict = 'old') as old
             from assignment_members m join assignments a on a.id = m.assignment join holds h on h.id = m.offer
             where h.duty = 'current' and m.staff = ?1 and a.assigned_at <= ?3 and (h.closed_at is null or h.closed_at >= ?2) order by a.id",
        )
        .bind(blob(staff.0))
        .bind(first)
        .bind(last)
        .fetch_all(self.conn())
        .await?;
        let duty = |row: &SqliteRow| {
            Ok(Duty {
                trip: TripId(row.id("trip")?),
                from: row.int("begun_at")?,
                until: row.int_or_none("ended_at")?,
                kept: row.int("kept")?,
                old: row.int("old")?,
            })
        };
        rows.iter().map(duty).collect()
    }

    /// The trip whose crew somebody was of at a time.
    pub(super) async fn trip_at(&mut self, staff: AccountId, at: Timestamp) -> Result<Option<TripId>, RecordError> {
        let duties = self.duties_between(staff, at.0, at.0).await?;
        Ok(duties.iter().rfind(|duty| duty.from <= at.0).map(|duty| duty.trip))
    }

    /// How many fixes it added: none, if this one is there already.
    async fn add_to_track(&mut self, trip: TripId, fix: &TrackFix) -> Result<u64, RecordError> {
        let TrackFix { staff, fix, verdict } = fix;
        let added = sqlx::query(
            "insert or ignore into tracks (trip, staff, epoch, seq, taken_at, lat, lon, accuracy_m, verdict)
             values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(blob(trip.0))
        .bind(blob(staff.0))
        .bind(fix.session_epoch)
        .bind(fix.seq)
        .bind(fix.taken_at_ms)
        .bind(fix.position.lat_e7())
        .bind(fix.position.lon_e7())
        .bind(f64::from(fix.accuracy_m.ceil()) as i64)
        .bind(*verdict)
        .execute(self.conn())
        .await?;
        Ok(added.rows_affected())
    }

    /// Deletes what is older than a track is kept, at most `max` fixes; how many.
    pub(super) async fn forget_tracks(&mut self, max: i64) -> Result<u64, RecordError> {
        let before = self.now.plus_s(-TRACK_KEPT_S).0;
        let gone = sqlx::query(
            "delete from tracks where (trip, staff, epoch, seq) in
                 (select trip, staff, epoch, seq from tracks where taken_at < ? order by taken_at limit ?)",
        )
        .bind(before)
        .bind(max)
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected())
    }
}

fn track_row(row: &SqliteRow) -> Result<TrackRow, RecordError> {
    Ok(TrackRow {
        staff: AccountId(row.id("staff")?),
        taken_at: row.time("taken_at")?,
        position: row.position("lat", "lon")?,
        // One row that is not as it should be must not hide the others.
        accuracy_m: row.int("accuracy_m")?.clamp(0, 20_000) as u32,
        verdict: row.text("verdict")?,
    })
}
