//! Owns the checking of the audit chain. Rows are written by `write`; nothing here or elsewhere changes one.
//!
//! A chain shows a changed, dropped or swapped row, but not a cut tail: keep [`Record::audit_head`] somewhere else too.

use super::row::Columns;
use super::write::AuditEntry;
use super::{Record, RecordError};
use matcher::model::{AccountId, Timestamp, TripId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// Rows read at a time.
const PAGE: i64 = 1_000;

/// What the chain says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditChain {
    /// Every row follows from the one before; how many.
    Intact(i64),
    /// The first row that does not.
    BrokenAt(i64),
}

/// What a walk along the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditWalk {
    /// Whether it holds.
    pub chain: AuditChain,
    /// Hash of the last row that follows from all before it, to be kept outside; `None` without rows.
    pub head: Option<Vec<u8>>,
    /// Number of the row that has the hash asked for.
    pub earlier_row: Option<i64>,
}

impl Record {
    /// Recomputes the whole chain, a page at a time.
    pub async fn verify_audit(&self) -> Result<AuditChain, RecordError> {
        Ok(self.walk_audit(None).await?.chain)
    }

    /// As [`Record::verify_audit`], and looks for a head that was written down earlier: one that is not on an intact chain
    /// tells that rows were cut off, or that another record stands here.
    pub async fn walk_audit(&self, earlier: Option<&[u8]>) -> Result<AuditWalk, RecordError> {
        let mut last = 0;
        let mut previous = Vec::new();
        let mut earlier_row = None;
        let walk = |chain, hash: Vec<u8>, earlier_row| AuditWalk {
            chain,
            head: Some(hash).filter(|hash| !hash.is_empty()),
            earlier_row,
        };
        loop {
            let rows = sqlx::query("select * from audit where id > ? order by id limit ?")
                .bind(last)
                .bind(PAGE)
                .fetch_all(&self.read)
                .await?;
            if rows.is_empty() {
                return Ok(walk(AuditChain::Intact(last), previous, earlier_row));
            }
            for row in &rows {
                let next = entry(row)
                    .ok()
                    .filter(|(entry, hash)| entry.id == last + 1 && entry.hash_after(&previous) == *hash);
                let Some((entry, hash)) = next else {
                    return Ok(walk(AuditChain::BrokenAt(last + 1), previous, earlier_row));
                };
                last = entry.id;
                if earlier.is_some_and(|earlier| earlier == hash) {
                    earlier_row = Some(last);
                }
                previous = hash;
            }
        }
    }

    /// Puts on the chain that somebody looked at a trip's exact places, and why, in a fixed word. One transaction.
    pub async fn note_reveal(
        &self,
        now: Timestamp,
        by: AccountId,
        trip: TripId,
        why: &'static str,
    ) -> Result<(), RecordError> {
        let mut write = self.begin(now).await?;
        write.audit(Some(by), "places_revealed", trip.0, why).await?;
        write.commit_quietly().await
    }

    /// For tests: actor, action and detail of the latest rows about a subject, newest first, at most `limit`.
    #[cfg(test)]
    pub async fn audit_of(
        &self,
        subject: uuid::Uuid,
        limit: u32,
    ) -> Result<Vec<(Option<AccountId>, String, String)>, RecordError> {
        let rows = sqlx::query("select actor, action, detail from audit where subject = ? order by id desc limit ?")
            .bind(super::row::blob(subject))
            .bind(limit)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| Ok((row.id_or_none("actor")?.map(AccountId), row.text("action")?, row.text("detail")?)))
            .collect()
    }

    /// Number and hash of the last row, to be kept outside; `None` without rows.
    pub async fn audit_head(&self) -> Result<Option<(i64, Vec<u8>)>, RecordError> {
        let found =
            sqlx::query("select id, hash from audit order by id desc limit 1").fetch_optional(&self.read).await?;
        found.map(|row| Ok((row.int("id")?, row.try_get("hash")?))).transpose()
    }
}

/// A row and its hash. One that does not read is as broken as one that does not follow.
fn entry(row: &SqliteRow) -> Result<(AuditEntry, Vec<u8>), RecordError> {
    let entry = AuditEntry {
        id: row.int("id")?,
        at: row.int("at")?,
        epoch: row.int("epoch")?,
        actor: row.try_get("actor")?,
        action: row.text("action")?,
        subject: row.try_get("subject")?,
        detail: row.text("detail")?,
    };
    Ok((entry, row.try_get("hash")?))
}
