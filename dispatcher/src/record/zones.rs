//! Owns where riders must not be led. A zone is a place: it is read for the way of that rider's crew and for nothing else, and the
//! audit keeps that one was added or taken back, never where.

use super::row::{Columns, blob};
use super::write::Write;
use super::{Actor, AvoidZone, Record, RecordError, Refusal, Role};
use geo::Position;
use matcher::model::{AccountId, Timestamp};
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
    ) -> super::Outcome<AvoidZone> {
        let mut write = self.begin(now).await?;
        if write.active_role(rider.0).await? != Some(Role::Rider) {
            return Ok(Err(Refusal::NotFound));
        }
        let held: i64 = sqlx::query_scalar("select count(*) from avoid_zones where rider = ?")
            .bind(blob(rider.0))
            .fetch_one(write.conn())
            .await?;
        if held >= ZONES_MAX as i64 {
            return Ok(Err(Refusal::TooManyZones));
        }
        let zone = AvoidZone { id: self.env.uuid(), center, radius_m, created_at: now };
        sqlx::query("insert into avoid_zones (id, rider, lat, lon, radius_m, created_at) values (?, ?, ?, ?, ?, ?)")
            .bind(blob(zone.id))
            .bind(blob(rider.0))
            .bind(center.lat_e7())
            .bind(center.lon_e7())
            .bind(radius_m)
            .bind(now.0)
            .execute(write.conn())
            .await?;
        write.audit_by(by, "avoid_zone_added", rider.0).await?;
        write.commit_quietly().await?;
        Ok(Ok(zone))
    }

    /// Takes a zone back: nothing of it is kept, not in the log either unless a long reading holds that. One transaction; a zone
    /// that is gone is `NotFound`.
    pub async fn remove_zone(&self, now: Timestamp, by: Actor, zone: Uuid) -> super::Outcome<()> {
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
        rows.iter()
            .map(|row| {
                Ok(AvoidZone {
                    id: row.id("id")?,
                    center: row.position("lat", "lon")?,
                    radius_m: row.small("radius_m")?,
                    created_at: row.time("created_at")?,
                })
            })
            .collect()
    }
}

impl Write<'_> {
    async fn take_zone(&mut self, zone: Uuid) -> Result<Option<AccountId>, RecordError> {
        let found = sqlx::query("delete from avoid_zones where id = ? returning rider")
            .bind(blob(zone))
            .fetch_optional(self.conn())
            .await?;
        found.map(|row| row.id("rider").map(AccountId)).transpose()
    }
}
