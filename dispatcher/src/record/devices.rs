//! Owns the secrets of trackers: apps that send one staff member's fixes and may do nothing else. A secret is a row among the tokens,
//! hashed like them, so that suspension and revocation reach it on the same way; it never passes for a sign-in, nor a sign-in for it.

use super::row::{self, Columns, blob};
use super::{Actor, Record, RecordError, SignedIn};
use matcher::model::{AccountId, Timestamp};

/// A tracker is set up anew after so long, seconds: what was forgotten in a drawer ends by itself.
pub const DEVICE_TTL_S: i64 = 365 * 86_400;
/// Most trackers of one staff member that work at a time.
pub const DEVICES_MAX: i64 = 4;

/// A tracker as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Row of its secret.
    pub id: i64,
    /// Whose fixes it sends.
    pub staff: AccountId,
    /// Given when it was made.
    pub label: String,
    /// When.
    pub issued_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Record {
    /// A new secret for an active staff member, told once and stored hashed; `None` if there is none of that account, or it has
    /// [`DEVICES_MAX`]. One transaction.
    pub async fn issue_device(
        &self,
        now: Timestamp,
        by: Actor,
        staff: AccountId,
        label: &str,
    ) -> Result<Option<(String, Device)>, RecordError> {
        let mut write = self.begin(now).await?;
        let may: bool = sqlx::query_scalar(
            "select exists (select 1 from accounts where id = ?1 and role = 'staff' and suspended_at is null)
                and (select count(*) from tokens where account = ?1 and device is not null and revoked_at is null
                     and expires_at > ?2) < ?3",
        )
        .bind(blob(staff.0))
        .bind(now.0)
        .bind(DEVICES_MAX)
        .fetch_one(write.conn())
        .await?;
        if !may {
            return Ok(None);
        }
        let (secret, expires_at) = (self.new_token(), now.plus_s(DEVICE_TTL_S));
        let id =
            sqlx::query("insert into tokens (hash, account, issued_at, expires_at, device) values (?, ?, ?, ?, ?)")
                .bind(super::tokens::hash(&secret))
                .bind(blob(staff.0))
                .bind(now.0)
                .bind(expires_at.0)
                .bind(label)
                .execute(write.conn())
                .await?
                .last_insert_rowid();
        write.audit_by(by, "device_issued", staff.0).await?;
        write.commit().await?;
        Ok(Some((secret, Device { id, staff, label: label.to_owned(), issued_at: now, expires_at })))
    }

    /// Whose tracker it is, if it works and the account is not suspended. One indexed read.
    pub async fn authenticate_device(&self, now: Timestamp, secret: &str) -> Result<Option<SignedIn>, RecordError> {
        let found = sqlx::query(
            "select t.id as token, t.expires_at, a.id, a.role, a.agency, a.display, a.no, g.is_centre
             from tokens t join accounts a on a.id = t.account left join agencies g on g.id = a.agency
             where t.hash = ? and t.device is not null and t.revoked_at is null and t.expires_at > ?
               and a.suspended_at is null and a.role = 'staff'",
        )
        .bind(super::tokens::hash(secret))
        .bind(now.0)
        .fetch_optional(&self.read)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let expires_at = found.time("expires_at")?;
        Ok(Some(SignedIn {
            token: found.int("token")?,
            account: row::account(&found)?,
            expires_at,
            ends_at: expires_at,
        }))
    }

    /// Those that work, of one staff member or of all, oldest first.
    pub async fn devices(&self, now: Timestamp, staff: Option<AccountId>) -> Result<Vec<Device>, RecordError> {
        let rows = sqlx::query(
            "select id, account, device, issued_at, expires_at from tokens
             where device is not null and revoked_at is null and expires_at > ?1 and (?2 is null or account = ?2) order by id",
        )
        .bind(now.0)
        .bind(staff.map(|staff| blob(staff.0)))
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Device {
                    id: row.int("id")?,
                    staff: AccountId(row.id("account")?),
                    label: row.text("device")?,
                    issued_at: row.time("issued_at")?,
                    expires_at: row.time("expires_at")?,
                })
            })
            .collect()
    }

    /// Ends a tracker's secret; false if there is none of that number that works. One transaction.
    pub async fn revoke_device(&self, now: Timestamp, by: Actor, device: i64) -> Result<bool, RecordError> {
        let mut write = self.begin(now).await?;
        let ended = sqlx::query(
            "update tokens set revoked_at = ?1 where id = ?2 and device is not null and revoked_at is null returning account",
        )
        .bind(now.0)
        .bind(device)
        .fetch_optional(write.conn())
        .await?;
        let Some(ended) = ended else { return Ok(false) };
        let staff = AccountId(ended.id("account")?);
        write.add_revocation(staff, Some(device)).await?;
        write.audit_by(by, "device_revoked", staff.0).await?;
        write.commit().await?;
        Ok(true)
    }
}
