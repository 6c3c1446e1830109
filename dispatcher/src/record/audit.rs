//! Owns the checking of the audit chain. Rows are written by `write`; nothing here or elsewhere changes one.
//!
//! A chain shows a changed, dropped or swapped row, but not a cut tail: keep [`Record::audit_head`] somewhere else too.

use super::row::Columns;
use super::write::AuditEntry;
use super::{Record, RecordError};
use matcher::model::{AccountId, Timestamp, TripId};
use sqlx::Row;

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

impl Record {
    /// Recomputes the whole chain, a page at a time.
    pub async fn verify_audit(&self) -> Result<AuditChain, RecordError> {
        let mut last = 0;
        let mut previous = Vec::new();
        loop {
            let rows = sqlx::query("select * from audit where id > ? order by id limit ?")
                .bind(last)
                .bind(PAGE)
                .fetch_all(&self.read)
                .await?;
            if rows.is_empty() {
                return Ok(AuditChain::Intact(last));
            }
            for row in &rows {
                let entry = AuditEntry {
                    id: row.int("id")?,
                    at: row.int("at")?,
                    epoch: row.int("epoch")?,
                    actor: row.try_get("actor")?,
                    action: row.text("action")?,
                    subject: row.try_get("subject")?,
                    detail: row.text("detail")?,
                };
                let hash: Vec<u8> = row.try_get("hash")?;
                if entry.id != last + 1 || entry.hash_after(&previous) != hash {
                    return Ok(AuditChain::BrokenAt(last + 1));
                }
                last = entry.id;
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
