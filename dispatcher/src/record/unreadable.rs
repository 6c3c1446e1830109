//! Owns what is known of rows that this version cannot read: written by a newer one, or damaged. Whoever reads many passes over such a row,
//! so that it hides no other; it is counted by kind and logged once of a kind, and the consoles are told that there is one. Of its content
//! nothing leaves the record.
//!
//! Invariant: a row that was passed over stays known until whoever tells the consoles of its kind has read it after all, or it is gone.

use super::row::Columns;
use super::{Incident, Record, RecordError, TripRow};
use crate::telemetry;
use matcher::model::{Timestamp, TripId};
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Most rows of a kind that are known, and looked at again; more are passed over all the same.
const KNOWN_MAX: usize = 1_000;
/// A due trip that cannot be read is looked at again after this, seconds.
const AGAIN_S: i64 = 60;

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Trips, and who is on them.
    Trips,
    /// Alarms and what else a human must take.
    Incidents,
    /// The roster.
    Staff,
    /// Commutes of which trips are made.
    Series,
    /// Messages to phones.
    Outbox,
    /// What is said of streets and lines.
    Conditions,
    /// What finished ways taught.
    Observations,
}

impl RowKind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Trips, Self::Incidents, Self::Staff, Self::Series, Self::Outbox, Self::Conditions, Self::Observations];

    /// The word on the wire, in logs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trips => "trips",
            Self::Incidents => "incidents",
            Self::Staff => "staff",
            Self::Series => "series",
            Self::Outbox => "outbox",
            Self::Conditions => "conditions",
            Self::Observations => "observations",
        }
    }
}

/// Changes in their order, as far as they can be read.
pub struct Changed<T> {
    /// Those that can.
    pub rows: Vec<T>,
    /// Those that cannot; whatever was known of them is no longer true.
    pub passed_over: Vec<Uuid>,
    /// The number of the last change looked at: where to go on.
    pub upto: i64,
    /// As many as were asked for: there may be more.
    pub is_full: bool,
}

/// By kind, the keys of rows that were passed over.
#[derive(Default)]
pub(super) struct Unreadable {
    known: Mutex<[BTreeSet<Vec<u8>>; RowKind::ALL.len()]>,
}

impl Unreadable {
    fn known(&self) -> MutexGuard<'_, [BTreeSet<Vec<u8>>; RowKind::ALL.len()]> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read, or nothing where the row cannot be. Any other error stays one.
    pub(super) fn pass<T>(
        &self,
        kind: RowKind,
        key: &[u8],
        read: Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        let column = match read {
            Err(RecordError::Unreadable(column)) => column,
            read => return read.map(Some),
        };
        let known = &mut self.known()[kind as usize];
        if known.is_empty() {
            let of = kind.word();
            tracing::error!(
                of,
                column,
                "the record holds rows that cannot be read: each is passed over, a human must look"
            );
        }
        if known.len() < KNOWN_MAX {
            known.insert(key.to_vec());
        }
        tell(kind, known);
        Ok(None)
    }

    /// Of rows with these keys those that can be read.
    pub(super) fn sift<K: AsRef<[u8]>, T>(
        &self,
        kind: RowKind,
        read: impl IntoIterator<Item = (K, Result<T, RecordError>)>,
    ) -> Result<Vec<T>, RecordError> {
        read.into_iter().filter_map(|(key, read)| self.pass(kind, key.as_ref(), read).transpose()).collect()
    }

    /// The same of all rows of a kind there are: what was known of others is over.
    pub(super) fn sift_all<K: AsRef<[u8]>, T>(
        &self,
        kind: RowKind,
        read: impl IntoIterator<Item = (K, Result<T, RecordError>)>,
    ) -> Result<Vec<T>, RecordError> {
        let (mut kept, mut passed) = (Vec::new(), BTreeSet::new());
        for (key, read) in read {
            match self.pass(kind, key.as_ref(), read)? {
                Some(read) => kept.push(read),
                None => _ = passed.insert(key.as_ref().to_vec()),
            }
        }
        let known = &mut self.known()[kind as usize];
        known.retain(|key| passed.contains(key));
        tell(kind, known);
        Ok(kept)
    }

    /// It was read after all.
    pub(super) fn is_read(&self, kind: RowKind, key: &[u8]) {
        let known = &mut self.known()[kind as usize];
        if known.remove(key) {
            tell(kind, known);
        }
    }

    /// Of a kind whose keys are numbers.
    pub(super) fn numbers(&self, kind: RowKind) -> Vec<i64> {
        let known = self.known();
        known[kind as usize]
            .iter()
            .filter_map(|key| Some(i64::from_be_bytes(key.as_slice().try_into().ok()?)))
            .collect()
    }

    pub(super) fn ids(&self, kind: RowKind) -> Vec<Uuid> {
        self.known()[kind as usize].iter().filter_map(|key| Uuid::from_slice(key).ok()).collect()
    }
}

fn tell(kind: RowKind, known: &BTreeSet<Vec<u8>>) {
    metrics::gauge!(telemetry::RECORD_UNREADABLE, "of" => kind.word()).set(known.len() as f64);
}

/// The key of a row, of whatever length it is.
pub(super) fn key(row: &SqliteRow) -> &[u8] {
    row.raw("id")
}

impl Record {
    /// Kinds of which there are rows that cannot be read.
    pub fn unreadable(&self) -> Vec<RowKind> {
        let known = self.unreadable.known();
        RowKind::ALL.into_iter().filter(|kind| !known[*kind as usize].is_empty()).collect()
    }

    /// Trips and incidents that can be read after all, and a look whether messages can. For whoever tells the consoles: nobody else is told
    /// of them.
    pub async fn readable_again(&self) -> Result<(Vec<TripRow>, Vec<Incident>), RecordError> {
        let trips: Vec<TripId> = self.unreadable.ids(RowKind::Trips).into_iter().map(TripId).collect();
        let trips = if trips.is_empty() { Vec::new() } else { self.trips(&trips).await? };
        for row in &trips {
            self.unreadable.is_read(RowKind::Trips, row.trip.id.0.as_bytes());
        }
        let incidents = self.unreadable.ids(RowKind::Incidents);
        let incidents = if incidents.is_empty() { Vec::new() } else { self.incidents(incidents).await? };
        for row in &incidents {
            self.unreadable.is_read(RowKind::Incidents, row.id.0.as_bytes());
        }
        self.look_at_outbox_again().await?;
        Ok((trips, incidents))
    }

    /// Trips that are due and cannot be read are due again in a minute: else the engine would ask for them without a pause, and enough of
    /// them would keep all others from being asked for.
    pub async fn put_off_unreadable(&self, now: Timestamp) -> Result<(), RecordError> {
        let trips = self.unreadable.ids(RowKind::Trips);
        if trips.is_empty() {
            return Ok(());
        }
        let mut write = self.begin(now).await?;
        let put_off = sqlx::query(
            "update trips set due_at = ?1 where due_at <= ?2 and id in (select unhex(value) from json_each(?3))",
        )
        .bind(now.plus_s(AGAIN_S).0)
        .bind(now.0)
        .bind(super::row::id_list(trips))
        .execute(write.conn())
        .await?;
        if put_off.rows_affected() > 0 {
            write.commit_quietly().await?;
        }
        Ok(())
    }
}
