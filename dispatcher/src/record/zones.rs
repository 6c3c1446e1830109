//! Owns where riders must not be led. A zone is a place: it is read for the way of that rider's crew and for nothing else, and the
//! audit keeps that one was added or taken back, never where.

use super::conditions::KEYS_KEPT_S;
use super::row::{Columns, blob};
use super::write::Write;
use super::{Actor, AvoidZone, Outcome, Record, RecordError, Refusal, Role};
use geo::Position;
use geo::road::avoid::{RADIUS_M_MAX, RADIUS_M_MIN};
use matcher::model::{AccountId, Timestamp};
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

/// Most zones of one rider.
pub const ZONES_MAX: usize = 16;

impl Record {
    /// One more circle for a rider, at most [`ZONES_MAX`]. One transaction.
    pub async fn add_zone(
        &self,
        now: Timestamp,
        by: Actor,
        rider: AccountId,
        center: Position,
        radius_m: u16,
    ) -> Outcome<AvoidZone> {
        let mut write = self.begin(now).await?;
        let added = write.add_zone(by, rider, center, radius_m).await?;
        if added.is_ok() {
            write.commit_quietly().await?;
        }
        Ok(added)
    }

    /// The same by an account under a key, and whether it is a fresh one: added again it is the one that was added, and `NotFound` once
    /// that is gone. One transaction.
    pub async fn add_zone_once(
        &self,
        now: Timestamp,
        (by, key): (AccountId, &str),
        rider: AccountId,
        center: Position,
        radius_m: u16,
    ) -> Outcome<(AvoidZone, bool)> {
        let mut write = self.begin(now).await?;
        match write.zone_under(by, key).await? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(Some((of, zone))) => {
                let is_same = (of, zone.center, zone.radius_m) == (rider, center, radius_m);
                return Ok(if is_same { Ok((zone, false)) } else { Err(Refusal::KeyReused) });
            }
            Ok(None) => {}
        }
        let zone = match write.add_zone(Actor::Account(by), rider, center, radius_m).await? {
            Ok(zone) => zone,
            Err(refusal) => return Ok(Err(refusal)),
        };
        write.keep_zone_key(by, key, zone.id).await?;
        write.commit_quietly().await?;
        Ok(Ok((zone, true)))
    }

    /// Takes a zone back: nothing of it is kept, not in the log either unless a long reading holds that. One transaction; a zone
    /// that is gone is `NotFound`.
    pub async fn remove_zone(&self, now: Timestamp, by: Actor, zone: Uuid) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let Some(rider) = write.take_zone(zone).await? else { return Ok(Err(Refusal::NotFound)) };
        write.audit_by(by, "avoid_zone_removed", rider.0).await?;
        write.commit_quietly().await?;
        // The zone is gone for every reader. Where the log cannot be emptied now, it is when it is next written from its beginning.
        let _later = self.empty_log().await;
        Ok(Ok(()))
    }

    /// A rider's zones, oldest first. One read.
    pub async fn zones_of(&self, rider: AccountId) -> Result<Vec<AvoidZone>, RecordError> {
        let rows = sqlx::query("select * from avoid_zones where rider = ? order by created_at, id")
            .bind(blob(rider.0))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(zone).collect()
    }
}

fn zone(row: &SqliteRow) -> Result<AvoidZone, RecordError> {
    let radius_m: u16 = row.small("radius_m")?;
    if !(RADIUS_M_MIN..=RADIUS_M_MAX).contains(&f64::from(radius_m)) {
        return Err(RecordError::Unreadable("radius_m"));
    }
    Ok(AvoidZone {
        id: row.id("id")?,
        center: row.position("lat", "lon")?,
        radius_m,
        created_at: row.time("created_at")?,
    })
}

impl Write<'_> {
    async fn add_zone(&mut self, by: Actor, rider: AccountId, center: Position, radius_m: u16) -> Outcome<AvoidZone> {
        if self.active_role(rider.0).await? != Some(Role::Rider) {
            return Ok(Err(Refusal::NotFound));
        }
        let held: i64 = sqlx::query_scalar("select count(*) from avoid_zones where rider = ?")
            .bind(blob(rider.0))
            .fetch_one(self.conn())
            .await?;
        if held >= ZONES_MAX as i64 {
            return Ok(Err(Refusal::TooManyZones));
        }
        let zone = AvoidZone { id: self.record.env.uuid(), center, radius_m, created_at: self.now };
        sqlx::query("insert into avoid_zones (id, rider, lat, lon, radius_m, created_at) values (?, ?, ?, ?, ?, ?)")
            .bind(blob(zone.id))
            .bind(blob(rider.0))
            .bind(center.lat_e7())
            .bind(center.lon_e7())
            .bind(radius_m)
            .bind(zone.created_at.0)
            .execute(self.conn())
            .await?;
        self.audit_by(by, "avoid_zone_added", rider.0).await?;
        Ok(Ok(zone))
    }

    /// What was added under the key, and for whom; `None` for a new key, `NotFound` for a zone that was taken back.
    async fn zone_under(&mut self, account: AccountId, key: &str) -> Outcome<Option<(AccountId, AvoidZone)>> {
        let found = sqlx::query(
            "select z.* from zone_keys k left join avoid_zones z on z.id = k.zone where k.account = ? and k.key = ?",
        )
        .bind(blob(account.0))
        .bind(key)
        .fetch_optional(self.conn())
        .await?;
        let Some(row) = found else { return Ok(Ok(None)) };
        let Some(rider) = row.id_or_none("rider")? else { return Ok(Err(Refusal::NotFound)) };
        Ok(Ok(Some((AccountId(rider), zone(&row)?))))
    }

    /// Those that nobody repeats any more go.
    async fn keep_zone_key(&mut self, account: AccountId, key: &str, zone: Uuid) -> Result<(), RecordError> {
        let now = self.now;
        sqlx::query("delete from zone_keys where said_at < ?")
            .bind(now.plus_s(-KEYS_KEPT_S).0)
            .execute(self.conn())
            .await?;
        sqlx::query("insert into zone_keys (account, key, zone, said_at) values (?, ?, ?, ?)")
            .bind(blob(account.0))
            .bind(key)
            .bind(blob(zone))
            .bind(now.0)
            .execute(self.conn())
            .await?;
        Ok(())
    }

    async fn take_zone(&mut self, zone: Uuid) -> Result<Option<AccountId>, RecordError> {
        let found = sqlx::query("delete from avoid_zones where id = ? returning rider")
            .bind(blob(zone))
            .fetch_optional(self.conn())
            .await?;
        found.map(|row| row.id("rider").map(AccountId)).transpose()
    }
}
