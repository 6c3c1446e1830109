//! Owns alarms and what else a named human must take: raised, joined, taken. An alarm is never refused.

use super::row::{Columns, blob, id_list};
use super::unreadable::key;
use super::write::{About, Write};
use super::{
    Account, Changed, Incident, IncidentKind, OutboxKind, Outcome, Record, RecordError, Refusal, Role, RowKind,
};
use geo::{Fix, FixKind};
use matcher::model::{AccountId, IncidentId, Timestamp, TripId};
use sqlx::sqlite::SqliteRow;
use std::collections::HashSet;
use uuid::Uuid;

/// A second press this soon after the first joins it, seconds.
pub const JOIN_S: i64 = 60;
/// Changes read at a time.
const CHANGES_PAGE: i64 = 500;

impl Record {
    /// Commits the alarm. A second press within 60 s by the same person joins the open one. A trip that is not theirs is
    /// left off, and without one their present trip is taken: an alarm is not refused over an id. One transaction.
    pub async fn raise_sos(
        &self,
        now: Timestamp,
        by: &Account,
        trip: Option<TripId>,
        fix: Option<Fix>,
    ) -> Outcome<IncidentId> {
        let mut write = self.begin(now).await?;
        if let Some(open) = write.open_incident_of(by.id).await? {
            if let Some(fix) = fix {
                write.add_first_fix(open, &fix).await?;
                write.commit().await?;
            }
            return Ok(Ok(open));
        }
        let trip = write.own_trip(by, trip).await?;
        let id = write.add_incident(IncidentKind::Sos, by.id, trip).await?;
        if let Some(fix) = fix {
            write.set_fix(id, &fix).await?;
        }
        write.audit(Some(by.id), "sos_raised", id.0, "").await?;
        write.commit().await?;
        Ok(Ok(id))
    }

    /// Taken by a named supervisor; the first one stays, and who pressed an SOS is told. A repeat is `Ok`. One transaction.
    pub async fn acknowledge_incident(&self, now: Timestamp, id: IncidentId, by: &Account) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let found = sqlx::query("select kind, raised_by, trip, acknowledged_at from incidents where id = ?")
            .bind(blob(id.0))
            .fetch_optional(write.conn())
            .await?;
        let Some(found) = found else { return Ok(Err(Refusal::NotFound)) };
        if found.int_or_none("acknowledged_at")?.is_some() {
            return Ok(Ok(()));
        }
        let change_no = write.next_change().await?;
        sqlx::query(
            "update incidents set acknowledged_by = ?, acknowledged_by_display = ?, acknowledged_at = ?, change_no = ?
             where id = ?",
        )
        .bind(blob(by.id.0))
        .bind(&by.display)
        .bind(now.0)
        .bind(change_no)
        .bind(blob(id.0))
        .execute(write.conn())
        .await?;
        let kind = found.word("kind", IncidentKind::from_word)?;
        if kind == IncidentKind::Sos {
            let about = About { incident: Some(id), trip: found.id_or_none("trip")?.map(TripId), ..About::default() };
            write.tell(AccountId(found.id("raised_by")?), OutboxKind::SosTaken, about).await?;
            write.audit(Some(by.id), "sos_taken", id.0, "").await?;
        } else {
            write.audit(Some(by.id), "incident_taken", id.0, kind.word()).await?;
        }
        write.commit().await?;
        Ok(Ok(()))
    }

    /// One incident.
    pub async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, RecordError> {
        let found =
            sqlx::query("select * from incidents where id = ?").bind(blob(id.0)).fetch_optional(&self.read).await?;
        found.as_ref().map(incident).transpose()
    }

    /// The latest call for help that somebody made since then, and whether it was taken.
    pub async fn last_call_of(
        &self,
        account: AccountId,
        since: Timestamp,
    ) -> Result<Option<(IncidentId, bool)>, RecordError> {
        let found = sqlx::query(
            "select id, acknowledged_at is not null as taken from incidents
             where raised_by = ? and kind = 'sos' and raised_at > ? order by raised_at desc limit 1",
        )
        .bind(blob(account.0))
        .bind(since.0)
        .fetch_optional(&self.read)
        .await?;
        found.map(|row| Ok((IncidentId(row.id("id")?), row.int("taken")? == 1))).transpose()
    }

    /// Not yet acknowledged, oldest first.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, RecordError> {
        let rows = sqlx::query("select * from incidents where acknowledged_at is null order by raised_at, id")
            .fetch_all(&self.read)
            .await?;
        self.sifted(&rows)
    }

    /// What a console shows: not yet acknowledged, or acknowledged after `since`; oldest first.
    pub async fn incidents_shown(&self, since: Timestamp) -> Result<Vec<Incident>, RecordError> {
        let rows = sqlx::query(
            "select * from incidents where acknowledged_at is null or acknowledged_at > ? order by raised_at, id",
        )
        .bind(since.0)
        .fetch_all(&self.read)
        .await?;
        self.sifted(&rows)
    }

    /// Those of these ids that can be read.
    pub(super) async fn incidents(&self, ids: Vec<Uuid>) -> Result<Vec<Incident>, RecordError> {
        let rows = sqlx::query("select * from incidents where id in (select unhex(value) from json_each(?))")
            .bind(id_list(ids))
            .fetch_all(&self.read)
            .await?;
        self.sifted(&rows)
    }

    /// In order of change, at most 500, for the console's tail: ask again after the last while it is full.
    pub async fn incidents_changed_after(&self, change_no: i64) -> Result<Changed<Incident>, RecordError> {
        let found = sqlx::query("select * from incidents where change_no > ? order by change_no limit ?")
            .bind(change_no)
            .bind(CHANGES_PAGE)
            .fetch_all(&self.read)
            .await?;
        let rows = self.sifted(&found)?;
        let is_there: HashSet<Uuid> = rows.iter().map(|incident| incident.id.0).collect();
        Ok(Changed {
            passed_over: found.iter().filter_map(|row| row.id("id").ok()).filter(|id| !is_there.contains(id)).collect(),
            upto: found.last().map_or(Ok(change_no), |row| row.int("change_no"))?,
            is_full: found.len() == CHANGES_PAGE as usize,
            rows,
        })
    }

    fn sifted(&self, rows: &[SqliteRow]) -> Result<Vec<Incident>, RecordError> {
        self.unreadable.sift(RowKind::Incidents, rows.iter().map(|row| (key(row), incident(row))))
    }
}

impl Write<'_> {
    /// Calls every console to something on this trip that no phone pressed for; with its audit row, the caller commits.
    pub(super) async fn raise(
        &mut self,
        kind: IncidentKind,
        about: AccountId,
        trip: TripId,
    ) -> Result<IncidentId, RecordError> {
        let id = self.add_incident(kind, about, Some(trip)).await?;
        self.audit(None, "incident_raised", id.0, kind.word()).await?;
        Ok(id)
    }

    async fn add_incident(
        &mut self,
        kind: IncidentKind,
        by: AccountId,
        trip: Option<TripId>,
    ) -> Result<IncidentId, RecordError> {
        let id = IncidentId(self.record.env.uuid());
        let change_no = self.next_change().await?;
        let now = self.now.0;
        sqlx::query(
            "insert into incidents (id, kind, raised_by, role, no, trip, raised_at, change_no)
             select ?, ?, a.id, a.role, a.no, ?, ?, ? from accounts a where a.id = ?",
        )
        .bind(blob(id.0))
        .bind(kind.word())
        .bind(trip.map(|t| blob(t.0)))
        .bind(now)
        .bind(change_no)
        .bind(blob(by.0))
        .execute(self.conn())
        .await?;
        if let Some(trip) = trip {
            self.alarm_on(trip).await?;
        }
        Ok(id)
    }

    /// A press only ever joins a press.
    async fn open_incident_of(&mut self, by: AccountId) -> Result<Option<IncidentId>, RecordError> {
        let since = self.now.plus_s(-JOIN_S).0;
        let found = sqlx::query(
            "select id from incidents where raised_by = ? and kind = 'sos' and acknowledged_at is null and raised_at >= ?
             order by raised_at desc limit 1",
        )
        .bind(blob(by.0))
        .bind(since)
        .fetch_optional(self.conn())
        .await?;
        found.map(|r| r.id("id").map(IncidentId)).transpose()
    }

    /// The named trip if they are on it, else the one they are on now.
    async fn own_trip(&mut self, by: &Account, named: Option<TripId>) -> Result<Option<TripId>, RecordError> {
        let (sql, trip) = match (by.role, named) {
            (Role::Rider, Some(trip)) => ("select id from trips where rider = ?1 and id = ?2", Some(trip)),
            (Role::Rider, None) => (
                "select id from trips where rider = ?1 and ended_at is null and ?2 is null
                 order by phase in ('requested', 'reserved'), coalesce(pickup_at, requested_at) limit 1",
                None,
            ),
            (_, Some(trip)) => ("select trip as id from holds where staff = ?1 and trip = ?2 limit 1", Some(trip)),
            (_, None) => (
                "select trip as id from holds
                 where staff = ?1 and duty = 'current' and state in ('held', 'accepted', 'active') and state = 'active' and ?2 is null",
                None,
            ),
        };
        let found =
            sqlx::query(sql).bind(blob(by.id.0)).bind(trip.map(|t| blob(t.0))).fetch_optional(self.conn()).await?;
        found.map(|r| r.id("id").map(TripId)).transpose()
    }

    /// A joined press may bring the place that the first one lacked.
    async fn add_first_fix(&mut self, id: IncidentId, fix: &Fix) -> Result<(), RecordError> {
        let missing: bool = sqlx::query_scalar("select fix_lat is null from incidents where id = ?")
            .bind(blob(id.0))
            .fetch_one(self.conn())
            .await?;
        if missing {
            self.set_fix(id, fix).await?;
            let change_no = self.next_change().await?;
            sqlx::query("update incidents set change_no = ? where id = ?")
                .bind(change_no)
                .bind(blob(id.0))
                .execute(self.conn())
                .await?;
        }
        Ok(())
    }

    async fn set_fix(&mut self, id: IncidentId, fix: &Fix) -> Result<(), RecordError> {
        sqlx::query(
            "update incidents set fix_lat = ?, fix_lon = ?, fix_accuracy_m = ?, fix_kind = ?, fix_taken_at = ?,
                fix_epoch = ?, fix_seq = ? where id = ?",
        )
        .bind(fix.position.lat_e7())
        .bind(fix.position.lon_e7())
        .bind(f64::from(fix.accuracy_m))
        .bind(i64::from(fix.kind as u8))
        .bind(fix.taken_at_ms)
        .bind(fix.session_epoch)
        .bind(fix.seq)
        .bind(blob(id.0))
        .execute(self.conn())
        .await?;
        Ok(())
    }
}

fn incident(row: &SqliteRow) -> Result<Incident, RecordError> {
    let fix = match row.int_or_none("fix_lat")? {
        None => None,
        Some(_) => Some(Fix {
            position: row.position("fix_lat", "fix_lon")?,
            accuracy_m: row.real("fix_accuracy_m")? as f32,
            kind: FixKind::from_u8(row.small("fix_kind")?).ok_or(RecordError::Unreadable("fix_kind"))?,
            taken_at_ms: row.int("fix_taken_at")?,
            session_epoch: row.small("fix_epoch")?,
            seq: row.small("fix_seq")?,
        }),
    };
    Ok(Incident {
        id: IncidentId(row.id("id")?),
        kind: row.word("kind", IncidentKind::from_word)?,
        raised_by: AccountId(row.id("raised_by")?),
        role: row.word("role", Role::from_word)?,
        no: row.int_or_none("no")?.map(|_| row.small("no")).transpose()?,
        trip: row.id_or_none("trip")?.map(TripId),
        raised_at: row.time("raised_at")?,
        fix,
        acknowledged_by: row.text_or_none("acknowledged_by_display")?,
        acknowledged_at: row.time_or_none("acknowledged_at")?,
        change_no: row.int("change_no")?,
    })
}
