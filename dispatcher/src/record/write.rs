//! Owns the write transaction: begin with the fence, outbox, audit chain, change counter, commit with the hint.
//! Knows nothing of what a transition means.
//!
//! Invariant: no write commits once a newer epoch is on the record.

use super::row::{blob, id_list};
use super::{Actor, OutboxKind, Record, RecordError};
use matcher::model::{AccountId, IncidentId, OfferId, Timestamp, TripId};
use sha2::{Digest, Sha256};
use sqlx::{Row, Sqlite, SqliteConnection, Transaction};
use uuid::Uuid;

/// An open write transaction. Dropped without [`Write::commit`], it leaves nothing.
pub(super) struct Write<'r> {
    tx: Transaction<'static, Sqlite>,
    pub(super) record: &'r Record,
    pub(super) now: Timestamp,
    epoch: i64,
    roster_changed: Vec<AccountId>,
    freed: Vec<AccountId>,
}

/// What an outbox row is about.
#[derive(Clone, Copy, Default)]
pub(super) struct About {
    pub(super) trip: Option<TripId>,
    pub(super) offer: Option<OfferId>,
    pub(super) incident: Option<IncidentId>,
    pub(super) reason: Option<&'static str>,
}

impl About {
    pub(super) fn trip(trip: TripId) -> Self {
        Self { trip: Some(trip), ..Self::default() }
    }

    pub(super) fn offer(trip: TripId, offer: OfferId) -> Self {
        Self { trip: Some(trip), offer: Some(offer), ..Self::default() }
    }

    pub(super) fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

impl Record {
    /// Begins with `BEGIN IMMEDIATE` and checks the fence.
    pub(super) async fn begin(&self, now: Timestamp) -> Result<Write<'_>, RecordError> {
        let mut tx = self.write.begin_with("begin immediate").await?;
        let epoch: i64 = sqlx::query_scalar("select epoch from epoch").fetch_one(&mut *tx).await?;
        if self.epoch.is_some_and(|own| own != epoch) {
            return Err(RecordError::Fenced);
        }
        Ok(Write { tx, record: self, now, epoch, roster_changed: Vec::new(), freed: Vec::new() })
    }
}

impl Write<'_> {
    /// The connection, inside the transaction.
    pub(super) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.tx
    }

    /// What the roster says of this staff member is not what it was.
    pub(super) fn roster_changed(&mut self, staff: AccountId) {
        self.roster_changed.push(staff);
    }

    /// This staff member's present trip is not theirs any more.
    pub(super) fn freed(&mut self, staff: AccountId) {
        self.freed.push(staff);
    }

    /// Makes everything durable and visible at once, then rings. Who was freed is on their next trip from then on.
    pub(super) async fn commit(mut self) -> Result<(), RecordError> {
        // Last, so that a phone hears of the end before it hears of what follows, and of an effect taken back nothing follows.
        for staff in std::mem::take(&mut self.freed) {
            self.go_on(staff).await?;
        }
        if !self.roster_changed.is_empty() {
            self.number_roster_changes().await?;
        }
        self.tx.commit().await?;
        self.record.commits.send_modify(|n| *n += 1);
        Ok(())
    }

    /// The next roster version, and with it everybody who changed.
    async fn number_roster_changes(&mut self) -> Result<(), RecordError> {
        let version: i64 =
            sqlx::query_scalar("update counters set value = value + 1 where name = 'roster' returning value")
                .fetch_one(self.conn())
                .await?;
        let changed = id_list(self.roster_changed.iter().map(|s| s.0));
        sqlx::query("update staff set roster_no = ? where account in (select unhex(value) from json_each(?))")
            .bind(version)
            .bind(changed)
            .execute(self.conn())
            .await?;
        Ok(())
    }

    /// As [`Write::commit`] for what nobody tails: heartbeats, acknowledgements, session numbers.
    pub(super) async fn commit_quietly(self) -> Result<(), RecordError> {
        Ok(self.tx.commit().await?)
    }

    /// The next number of the global change counter.
    pub(super) async fn next_change(&mut self) -> Result<i64, RecordError> {
        Ok(sqlx::query_scalar("update counters set value = value + 1 where name = 'change' returning value")
            .fetch_one(self.conn())
            .await?)
    }

    /// One message for the recipient, with their next number.
    pub(super) async fn tell(&mut self, to: AccountId, kind: OutboxKind, about: About) -> Result<(), RecordError> {
        let seq: i64 = sqlx::query_scalar(
            "insert into outbox_heads (recipient, issued, acknowledged) values (?, 1, 0)
             on conflict (recipient) do update set issued = issued + 1 returning issued",
        )
        .bind(blob(to.0))
        .fetch_one(self.conn())
        .await?;
        let now = self.now.0;
        sqlx::query(
            "insert into outbox (recipient, seq, kind, trip, offer, incident, reason, created_at)
             values (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(blob(to.0))
        .bind(seq)
        .bind(kind.word())
        .bind(about.trip.map(|id| blob(id.0)))
        .bind(about.offer.map(|id| blob(id.0)))
        .bind(about.incident.map(|id| blob(id.0)))
        .bind(about.reason)
        .bind(now)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// One row of the audit chain: who did what to which. Ids and fixed words only.
    pub(super) async fn audit(
        &mut self,
        actor: Option<AccountId>,
        action: &'static str,
        subject: impl Into<Option<Uuid>>,
        detail: &'static str,
    ) -> Result<(), RecordError> {
        self.add_audit_row(actor, action, subject.into(), detail.to_owned()).await
    }

    /// `detail` holds nothing but fixed words, ids and instants.
    async fn add_audit_row(
        &mut self,
        actor: Option<AccountId>,
        action: &'static str,
        subject: Option<Uuid>,
        detail: String,
    ) -> Result<(), RecordError> {
        let last =
            sqlx::query("select id, hash from audit order by id desc limit 1").fetch_optional(self.conn()).await?;
        let (id, previous) = match last {
            Some(row) => (row.try_get::<i64, _>(0)? + 1, row.try_get::<Vec<u8>, _>(1)?),
            None => (1, Vec::new()),
        };
        let entry = AuditEntry {
            id,
            at: self.now.0,
            epoch: self.epoch,
            actor: actor.map(|a| blob(a.0)),
            action: action.to_owned(),
            subject: subject.map(blob),
            detail,
        };
        let hash = entry.hash_after(&previous);
        sqlx::query(
            "insert into audit (id, at, epoch, actor, action, subject, detail, hash) values (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(entry.id)
        .bind(entry.at)
        .bind(entry.epoch)
        .bind(entry.actor)
        .bind(entry.action)
        .bind(entry.subject)
        .bind(entry.detail)
        .bind(hash)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// As [`Write::audit`] for the setting up of people, which is also done from a shell.
    pub(super) async fn audit_by(
        &mut self,
        by: Actor,
        action: &'static str,
        subject: impl Into<Option<Uuid>>,
    ) -> Result<(), RecordError> {
        self.audit(by.account(), action, subject, by.word()).await
    }

    /// As [`Write::audit_by`] for what ties two: the second one's id ends the detail.
    pub(super) async fn audit_pair(
        &mut self,
        by: Actor,
        action: &'static str,
        subject: Uuid,
        other: Uuid,
    ) -> Result<(), RecordError> {
        let detail = format!("{} {other}", by.word()).trim_start().to_owned();
        self.add_audit_row(by.account(), action, Some(subject), detail).await
    }

    /// As [`Write::audit`] for what was seen at another time than it is written: the detail holds that, in milliseconds.
    pub(super) async fn audit_seen(
        &mut self,
        actor: AccountId,
        action: &'static str,
        subject: Uuid,
        at: Timestamp,
    ) -> Result<(), RecordError> {
        self.add_audit_row(Some(actor), action, Some(subject), at.0.to_string()).await
    }

    /// From here on, [`Write::undo`] takes back one effect only.
    pub(super) async fn savepoint(&mut self) -> Result<(), RecordError> {
        sqlx::query("savepoint effect").execute(self.conn()).await?;
        Ok(())
    }

    /// Keeps what was done since the savepoint.
    pub(super) async fn keep(&mut self) -> Result<(), RecordError> {
        sqlx::query("release effect").execute(self.conn()).await?;
        Ok(())
    }

    /// Takes back what was done since the savepoint.
    pub(super) async fn undo(&mut self) -> Result<(), RecordError> {
        sqlx::query("rollback to effect").execute(self.conn()).await?;
        self.keep().await
    }
}

/// The hashed fields of an audit row.
pub(super) struct AuditEntry {
    pub(super) id: i64,
    pub(super) at: i64,
    pub(super) epoch: i64,
    pub(super) actor: Option<Vec<u8>>,
    pub(super) action: String,
    pub(super) subject: Option<Vec<u8>>,
    pub(super) detail: String,
}

impl AuditEntry {
    /// SHA-256 over the previous hash and every field, each with its length, so that no two rows read alike.
    pub(super) fn hash_after(&self, previous: &[u8]) -> Vec<u8> {
        let mut sha = Sha256::new();
        let mut field = |bytes: &[u8]| {
            sha.update((bytes.len() as u64).to_be_bytes());
            sha.update(bytes);
        };
        field(previous);
        field(&self.id.to_be_bytes());
        field(&self.at.to_be_bytes());
        field(&self.epoch.to_be_bytes());
        // Null and empty read alike in bytes, so each says first whether it is there.
        field(&[u8::from(self.actor.is_some()), u8::from(self.subject.is_some())]);
        field(self.actor.as_deref().unwrap_or_default());
        field(self.action.as_bytes());
        field(self.subject.as_deref().unwrap_or_default());
        field(self.detail.as_bytes());
        sha.finalize().to_vec()
    }
}
