//! Owns what finished ways taught about travel times: rows without a place, a person or a trip, for some weeks. Fits nothing
//! (`geo::road::calibrate`).

use super::row::Columns;
use super::{Record, RecordError, RowKind};
use geo::road::{FreeTimes, Observation, Profile};
use matcher::model::Timestamp;
use matcher::schedule::day_of;
use sqlx::sqlite::SqliteRow;

/// Kept so many days: roads and seasons change.
pub const OBSERVED_DAYS_MAX: i64 = 90;
/// Newest ones kept.
pub const OBSERVATIONS_MAX: i64 = 100_000;

/// By the number of their class of road.
const CLASS_COLUMNS: [&str; geo::road::calibrate::CLASSES] =
    ["motorway_ms", "primary_ms", "secondary_ms", "tertiary_ms", "residential_ms", "path_ms"];

impl Record {
    /// Keeps what some finished ways taught. One transaction.
    pub async fn note_observations(&self, now: Timestamp, observations: &[Observation]) -> Result<(), RecordError> {
        let mut write = self.begin(now).await?;
        for observation in observations {
            let mut insert = sqlx::query(
                "insert into travel_observations (day, hour, profile, fixed_ms, took_ms, with_rider,
                    motorway_ms, primary_ms, secondary_ms, tertiary_ms, residential_ms, path_ms)
                 values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(observation.day)
            .bind(observation.hour)
            .bind(profile_word(observation.profile))
            .bind(observation.free.fixed_ms)
            .bind(observation.took_ms)
            .bind(observation.with_rider);
            for ms in observation.free.by_class_ms {
                insert = insert.bind(ms);
            }
            insert.execute(write.conn()).await?;
        }
        write.commit_quietly().await
    }

    /// All that are kept and can be read, oldest first. One read.
    pub async fn observations(&self) -> Result<Vec<Observation>, RecordError> {
        let rows = sqlx::query("select * from travel_observations order by id").fetch_all(&self.read).await?;
        self.unreadable.sift_all(
            RowKind::Observations,
            rows.iter().map(|row| (row.int("id").unwrap_or_default().to_be_bytes(), observation(row))),
        )
    }

    /// Drops the old, and of more than [`OBSERVATIONS_MAX`] the oldest; how many. One transaction.
    pub async fn prune_observations(&self, now: Timestamp) -> Result<u64, RecordError> {
        self.prune_observations_to(now, OBSERVATIONS_MAX).await
    }

    pub(super) async fn prune_observations_to(&self, now: Timestamp, newest: i64) -> Result<u64, RecordError> {
        let mut write = self.begin(now).await?;
        let gone = sqlx::query(
            "delete from travel_observations
             where day < ?1 or id <= (select coalesce(max(id), 0) from travel_observations) - ?2",
        )
        .bind(i64::from(day_of(now)) - OBSERVED_DAYS_MAX)
        .bind(newest)
        .execute(write.conn())
        .await?
        .rows_affected();
        write.commit_quietly().await?;
        Ok(gone)
    }
}

fn observation(row: &SqliteRow) -> Result<Observation, RecordError> {
    let mut free = FreeTimes { fixed_ms: row.small("fixed_ms")?, ..FreeTimes::default() };
    for (ms, column) in free.by_class_ms.iter_mut().zip(CLASS_COLUMNS) {
        *ms = row.small(column)?;
    }
    Ok(Observation {
        profile: row.word("profile", profile_from)?,
        day: row.small("day")?,
        hour: row.small("hour")?,
        free,
        took_ms: row.small("took_ms")?,
        with_rider: row.int("with_rider")? == 1,
    })
}

const fn profile_word(profile: Profile) -> &'static str {
    match profile {
        Profile::Walk => "walk",
        Profile::Drive => "drive",
        Profile::Transit => "transit",
        Profile::Cycle => "cycle",
    }
}

fn profile_from(word: &str) -> Option<Profile> {
    Profile::ALL.into_iter().find(|profile| profile_word(*profile) == word)
}
