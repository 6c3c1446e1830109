//! Owns what is left of a crew's fixes that say nowhere to be put: how many were refused for what, and when; no place. Beside the tracks,
//! and as long as they.

use super::row::{Columns, blob};
use super::tracks::TRACK_KEPT_S;
use super::write::Write;
use super::{Record, RecordError};
use matcher::model::{AccountId, Timestamp, TripId};
use sqlx::sqlite::SqliteRow;

/// Fixes of one phone that were refused for one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whose phone.
    pub staff: AccountId,
    /// The stable word of what for.
    pub verdict: &'static str,
    /// How many.
    pub fixes: u32,
    /// When the first and the last of them came: what they said of their own time is what is doubted.
    pub came: [Timestamp; 2],
}

/// The same as it stands on the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Whose phone.
    pub staff: AccountId,
    /// What for.
    pub verdict: String,
    /// How many.
    pub fixes: u32,
    /// When the first and the last of them came.
    pub came: [Timestamp; 2],
}

impl Record {
    /// Adds them to what is known of the trips they came on; those of no trip are nowhere kept. One transaction.
    pub async fn note_refused(&self, now: Timestamp, refused: &[Refused]) -> Result<(), RecordError> {
        let mut write = self.begin(now).await?;
        for one in refused {
            let [first, last] = one.came;
            let Some(trip) = write.trip_at(one.staff, last).await? else { continue };
            sqlx::query(
                "insert into refused_fixes (trip, staff, verdict, fixes, first_at, last_at) values (?, ?, ?, ?, ?, ?)
                 on conflict do update set fixes = fixes + excluded.fixes,
                   first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)",
            )
            .bind(blob(trip.0))
            .bind(blob(one.staff.0))
            .bind(one.verdict)
            .bind(one.fixes)
            .bind(first.0)
            .bind(last.0)
            .execute(write.conn())
            .await?;
        }
        write.commit_quietly().await
    }

    /// Of a trip, by member and by what for.
    pub(super) async fn refused_on(&self, now: Timestamp, trip: TripId) -> Result<Vec<RefusedRow>, RecordError> {
        let rows = sqlx::query(
            "select staff, verdict, fixes, first_at, last_at from refused_fixes
             where trip = ? and last_at >= ? order by staff, verdict",
        )
        .bind(blob(trip.0))
        .bind(now.plus_s(-TRACK_KEPT_S).0)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(refused_row).collect()
    }
}

impl Write<'_> {
    /// Deletes what is older than a track is kept, at most `max` rows; how many.
    pub(super) async fn forget_refused(&mut self, max: i64) -> Result<u64, RecordError> {
        let before = self.now.plus_s(-TRACK_KEPT_S).0;
        let gone = sqlx::query(
            "delete from refused_fixes where (trip, staff, verdict) in
                 (select trip, staff, verdict from refused_fixes where last_at < ? order by last_at limit ?)",
        )
        .bind(before)
        .bind(max)
        .execute(self.conn())
        .await?;
        Ok(gone.rows_affected())
    }
}

fn refused_row(row: &SqliteRow) -> Result<RefusedRow, RecordError> {
    Ok(RefusedRow {
        staff: AccountId(row.id("staff")?),
        verdict: row.text("verdict")?,
        fixes: row.int("fixes")?.clamp(0, i64::from(u32::MAX)) as u32,
        came: [row.time("first_at")?, row.time("last_at")?],
    })
}
