//! Owns the shared picture of the staff: who they are, their shift, the slot they hold. Read by the engine, the map feed and
//! the handlers; refreshed from the record when the record's roster version has moved. Holds no positions.

use crate::record::{Record, RecordError, RosterEntry};
use matcher::model::{AccountId, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// One consistent reading of the roster.
#[derive(Default)]
pub struct RosterView {
    /// The record's roster version this was read at.
    pub version: i64,
    /// Every active staff member.
    pub by_id: HashMap<AccountId, RosterEntry>,
    /// Unit number to account.
    pub by_no: HashMap<u32, AccountId>,
}

/// The latest reading; swapped whole, so that a reader never sees half of one.
#[derive(Default)]
pub struct Roster {
    current: RwLock<Arc<RosterView>>,
    /// One reader at a time: at the change of shifts thousands ask at once, and one reading serves all who waited for it.
    reading: tokio::sync::Mutex<()>,
}

impl Roster {
    /// The latest reading.
    pub fn current(&self) -> Arc<RosterView> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads again if the record has moved on; returns the latest reading.
    pub async fn refresh(&self, record: &Record, now: Timestamp) -> Result<Arc<RosterView>, RecordError> {
        let wanted = record.roster_version().await?;
        if let Some(current) = self.at_least(wanted) {
            return Ok(current);
        }
        let _one_reader = self.reading.lock().await;
        if let Some(current) = self.at_least(wanted) {
            return Ok(current);
        }
        let version = record.roster_version().await?;
        // The version is read before the rows: rows newer than the version only cause one more reading.
        let entries = record.roster(now).await?;
        let view = Arc::new(RosterView {
            version,
            by_no: entries.iter().map(|e| (e.staff.no, e.staff.id)).collect(),
            by_id: entries.into_iter().map(|e| (e.staff.id, e)).collect(),
        });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&view);
        Ok(view)
    }

    /// The latest reading, if it is no older than that version. Whoever waits for a newer one holds none meanwhile.
    fn at_least(&self, version: i64) -> Option<Arc<RosterView>> {
        let current = self.current();
        (version != 0 && current.version >= version).then_some(current)
    }
}
