//! Owns the reading end of the outbox: its tail, a recipient's backlog, acknowledgements, pruning. Rows are written by
//! `write`, inside the transition they tell of. What a recipient is told in place of a row that cannot be read is `ws`'s.
//!
//! Invariant: a recipient's numbers have no gap as they are written; one in what is read is a row that cannot be read. What is not
//! acknowledged is never pruned.

use super::row::{Columns, blob};
use super::{Numbered, OutboxKind, OutboxRow, Record, RecordError, RowKind, Tail};
use matcher::model::{AccountId, IncidentId, OfferId, Timestamp, TripId};
use sqlx::sqlite::SqliteRow;
use std::sync::atomic::Ordering;

/// Acknowledged messages are kept this long, seconds.
const KEEP_S: i64 = 24 * 3_600;
/// Acknowledged messages beyond the last so many of a recipient go earlier.
const KEEP_LAST: i64 = 1_000;
/// Rows looked at by one sweep, of each table.
const PRUNE_MAX: i64 = 10_000;

impl Record {
    /// The tail of the whole outbox. A row that cannot be read keeps none behind it. One indexed read.
    pub async fn outbox_after(&self, id: i64, limit: u32) -> Result<Tail, RecordError> {
        let rows = sqlx::query("select * from outbox where id > ? order by id limit ?")
            .bind(id)
            .bind(limit)
            .fetch_all(&self.read)
            .await?;
        let mut tail =
            Tail { messages: Vec::with_capacity(rows.len()), upto: id, is_full: rows.len() == limit as usize };
        for row in &rows {
            tail.upto = row.int("id")?;
            let read = self.unreadable.pass(RowKind::Outbox, &tail.upto.to_be_bytes(), outbox_row(row))?;
            tail.messages.extend(read.map(Numbered::Row).or_else(|| whose(row)));
        }
        Ok(tail)
    }

    /// Id of the last outbox row ever written, 0 if none. One read.
    pub async fn outbox_head(&self) -> Result<i64, RecordError> {
        Ok(sqlx::query_scalar("select coalesce(max(seq), 0) from sqlite_sequence where name = 'outbox'")
            .fetch_one(&self.read)
            .await?)
    }

    /// A recipient's messages after a number, in order, without those that cannot be read. One indexed read.
    pub async fn outbox_of(
        &self,
        recipient: AccountId,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, RecordError> {
        let rows = sqlx::query("select * from outbox where recipient = ? and seq > ? order by seq limit ?")
            .bind(blob(recipient.0))
            .bind(after_seq)
            .bind(limit)
            .fetch_all(&self.read)
            .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.int("id")).collect::<Result<_, _>>()?;
        self.unreadable.sift(RowKind::Outbox, ids.into_iter().map(i64::to_be_bytes).zip(rows.iter().map(outbox_row)))
    }

    /// Rows that can be read after all, or are gone, are known no longer. They are sent to nobody: whom they were for has begun anew since.
    pub(super) async fn look_at_outbox_again(&self) -> Result<(), RecordError> {
        let known = self.unreadable.numbers(RowKind::Outbox);
        if known.is_empty() {
            return Ok(());
        }
        let rows = sqlx::query("select * from outbox where id in (select value from json_each(?))")
            .bind(format!("{known:?}"))
            .fetch_all(&self.read)
            .await?;
        for id in known {
            let row = rows.iter().find(|row| row.int("id").is_ok_and(|found| found == id));
            if row.is_none_or(|row| outbox_row(row).is_ok()) {
                self.unreadable.is_read(RowKind::Outbox, &id.to_be_bytes());
            }
        }
        Ok(())
    }

    /// Last number issued and last acknowledged; zeros for who was never told anything. One indexed read.
    pub async fn outbox_seq(&self, recipient: AccountId) -> Result<(i64, i64), RecordError> {
        let found = sqlx::query("select issued, acknowledged from outbox_heads where recipient = ?")
            .bind(blob(recipient.0))
            .fetch_optional(&self.read)
            .await?;
        Ok(match found {
            Some(row) => (row.int("issued")?, row.int("acknowledged")?),
            None => (0, 0),
        })
    }

    /// Everything up to the number has been received; many at once in one transaction. Never goes back, never beyond what
    /// was issued.
    pub async fn acknowledge(&self, now: Timestamp, acks: &[(AccountId, i64)]) -> Result<(), RecordError> {
        if acks.is_empty() {
            return Ok(());
        }
        let mut write = self.begin(now).await?;
        for (recipient, seq) in acks {
            sqlx::query("update outbox_heads set acknowledged = max(acknowledged, min(issued, ?)) where recipient = ?")
                .bind(seq)
                .bind(blob(recipient.0))
                .execute(write.conn())
                .await?;
        }
        write.commit_quietly().await
    }

    /// Deletes acknowledged messages that are old or many, codes, tokens and revocations long dead, and tracks whose time is over. Looks at no more than
    /// 10,000 rows of each and goes on from there the next time, so call it now and then. How many are gone. One transaction.
    pub async fn prune(&self, now: Timestamp) -> Result<u64, RecordError> {
        let mut write = self.begin(now).await?;
        let before = now.plus_s(-KEEP_S).0;
        let from = self.pruned_to.load(Ordering::Relaxed);
        let to: Option<i64> =
            sqlx::query_scalar("select max(id) from (select id from outbox where id > ? order by id limit ?)")
                .bind(from)
                .bind(PRUNE_MAX)
                .fetch_one(write.conn())
                .await?;
        let mut gone = sqlx::query(
            "delete from outbox where id in (
                 select o.id from outbox o left join outbox_heads h on h.recipient = o.recipient
                 where o.id > ?1 and o.id <= ?2
                   and (o.seq <= h.acknowledged and (o.created_at < ?3 or o.seq <= h.issued - ?4)
                     or h.recipient is null and o.created_at < ?3))",
        )
        .bind(from)
        .bind(to.unwrap_or(from))
        .bind(before)
        .bind(KEEP_LAST)
        .execute(write.conn())
        .await?
        .rows_affected();
        gone += write.forget_sign_ins(before, PRUNE_MAX).await?;
        gone += write.forget_tracks(PRUNE_MAX).await?;
        gone += write.forget_refused(PRUNE_MAX).await?;
        let head: i64 = sqlx::query_scalar("select coalesce(max(id), 0) from outbox").fetch_one(write.conn()).await?;
        write.commit_quietly().await?;
        // At the end of the outbox the sweep begins anew.
        let next = to.filter(|to| *to < head).unwrap_or(0);
        self.pruned_to.store(next, Ordering::Relaxed);
        Ok(gone)
    }
}

fn outbox_row(row: &SqliteRow) -> Result<OutboxRow, RecordError> {
    Ok(OutboxRow {
        id: row.int("id")?,
        recipient: AccountId(row.id("recipient")?),
        seq: row.int("seq")?,
        kind: row.word("kind", OutboxKind::from_word)?,
        trip: row.id_or_none("trip")?.map(TripId),
        offer: row.id_or_none("offer")?.map(OfferId),
        incident: row.id_or_none("incident")?.map(IncidentId),
        reason: row.text_or_none("reason")?,
    })
}

/// Whose a row is that cannot be read otherwise.
fn whose(row: &SqliteRow) -> Option<Numbered> {
    Some(Numbered::Unreadable { recipient: AccountId(row.id("recipient").ok()?), seq: row.int("seq").ok()? })
}
