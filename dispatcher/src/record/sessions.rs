//! Owns session epochs, which order fixes across reconnects, nodes and lives of the server, and of phones which session each was issued
//! to. Decides nothing about whose fixes count.

use super::row::{Columns, blob};
use super::tokens::alive;
use super::write::Write;
use super::{Record, RecordError};
use matcher::model::{AccountId, Timestamp};

/// Most sessions of a person's phones that are kept.
const SESSIONS_MAX: i64 = 16;
/// In place of a number where the phone gave none.
const NO_NUMBER: i64 = -1;

/// A session of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneSession {
    /// The row of its sign-in.
    pub token: i64,
    /// The number that the phone gave it, if it gave one.
    pub number: Option<u32>,
    /// Its latest epoch.
    pub epoch: u32,
}

/// An epoch, and all sessions of the person's phones as they were when it was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The epoch.
    pub epoch: u32,
    /// Of sign-ins that counted then.
    pub phones: Vec<PhoneSession>,
}

impl Record {
    /// Issued when a source's session begins; for a phone by its sign-in and the number it gave, it is noted as the latest of that session.
    /// `None` if the sign-in was taken back: nothing of it counts any more. One transaction; 0 for an unknown account, which no
    /// session ever has.
    pub async fn next_session_epoch(
        &self,
        account: AccountId,
        phone: Option<(i64, Option<u32>)>,
    ) -> Result<Option<Issued>, RecordError> {
        let mut write = self.begin(self.env.now()).await?;
        let next: Option<i64> = sqlx::query_scalar(
            "update accounts set session_epoch = session_epoch + 1 where id = ? returning session_epoch",
        )
        .bind(blob(account.0))
        .fetch_optional(write.conn())
        .await?;
        let next = next.unwrap_or(0);
        if let Some((token, number)) = phone
            && !write.note_session(account, (token, number), next).await?
        {
            return Ok(None);
        }
        let phones = phone_sessions(write.conn(), account, self.env.now()).await?;
        write.commit_quietly().await?;
        let epoch = u32::try_from(next).map_err(|_| RecordError::Unreadable("session_epoch"))?;
        Ok(Some(Issued { epoch, phones }))
    }

    /// The sessions of the person's phones, of sign-ins that count. One indexed read.
    pub async fn phone_sessions(&self, account: AccountId) -> Result<Vec<PhoneSession>, RecordError> {
        phone_sessions(&self.read, account, self.env.now()).await
    }
}

impl Write<'_> {
    /// False if the sign-in was taken back. Of too many sessions that of the sign-in with the most goes that began first: a phone of
    /// which nothing were left would count again as one never heard.
    async fn note_session(
        &mut self,
        account: AccountId,
        (token, number): (i64, Option<u32>),
        epoch: i64,
    ) -> Result<bool, RecordError> {
        let noted = sqlx::query(
            "insert into phone_sessions (account, token, number, epoch)
             select ?1, id, ?3, ?4 from tokens where id = ?2 and revoked_at is null
             on conflict do update set epoch = excluded.epoch",
        )
        .bind(blob(account.0))
        .bind(token)
        .bind(number.map_or(NO_NUMBER, i64::from))
        .bind(epoch)
        .execute(self.conn())
        .await?;
        sqlx::query(
            "delete from phone_sessions where account = ?1 and (token, number) in (
               select s.token, s.number from phone_sessions s where s.account = ?1
               order by (select count(*) from phone_sessions o where o.account = ?1 and o.token = s.token) desc, s.epoch
               limit max(0, (select count(*) from phone_sessions where account = ?1) - ?2))",
        )
        .bind(blob(account.0))
        .bind(SESSIONS_MAX)
        .execute(self.conn())
        .await?;
        Ok(noted.rows_affected() > 0)
    }
}

async fn phone_sessions<'c>(
    of: impl sqlx::Executor<'c, Database = sqlx::Sqlite>,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<PhoneSession>, RecordError> {
    let rows = sqlx::query(concat!(
        "select s.token, s.number, s.epoch from phone_sessions s join tokens t on t.id = s.token
         where s.account = ?2 and ",
        alive!()
    ))
    .bind(now.0)
    .bind(blob(account.0))
    .fetch_all(of)
    .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        let epoch = u32::try_from(row.int("epoch")?).map_err(|_| RecordError::Unreadable("epoch"))?;
        Ok(PhoneSession { token: row.int("token")?, number: u32::try_from(row.int("number")?).ok(), epoch })
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
