//! Owns who is signed in: one-time codes, tokens, revocations, suspension. Only hashes are stored, so
//! the file lets nobody in.

use super::row::{self, Columns, blob};
use super::write::Write;
use super::{Account, Actor, IncidentKind, Outcome, Record, RecordError, Refusal, Revocation, Role, SignedIn};
use matcher::model::{AccountId, Timestamp};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Life of a phone's token without use, seconds: over a weekend between two commutes.
const PHONE_TTL_S: i64 = 72 * 3_600;

/// Life of any other token without use, seconds: longer than any shift.
const DESK_TTL_S: i64 = 12 * 3_600;

/// A token in use is made to last again when so much of its life has passed, seconds.
pub const RENEW_AFTER_S: i64 = 5 * 60;

/// No use makes a token last longer than this, seconds.
pub const TOKEN_AGE_MAX_S: i64 = 30 * 86_400;

/// A token counts while its time has not run out, or ran out during a trip or an alarm of its account that is still open.
/// Parameters: the token's row as `t`, now as `?1`.
macro_rules! alive {
    () => {
        "t.revoked_at is null and (t.expires_at > ?1
           or exists (select 1 from trips o where o.rider = t.account and o.ended_at is null and o.phase <> 'reserved'
                      and coalesce(o.live_since, o.requested_at) <= t.expires_at)
           or exists (select 1 from holds h where h.staff = t.account and h.state in ('held', 'accepted', 'active')
                      and h.offered_at <= t.expires_at)
           or exists (select 1 from incidents i where i.raised_by = t.account and i.acknowledged_at is null
                      and i.raised_at <= t.expires_at))"
    };
}
pub(super) use alive;

/// How long a token of this role lasts without use, seconds.
pub const fn token_ttl_s(role: Role) -> i64 {
    match role {
        Role::Rider | Role::Staff => PHONE_TTL_S,
        Role::Supervisor | Role::Admin => DESK_TTL_S,
    }
}
/// Life of an ordinary one-time code, seconds.
pub const CODE_TTL_S: i64 = 15 * 60;
/// Who lost the answer to a code may send it again for so long after its first use, seconds: some tries of a bad connection.
pub const CODE_AGAIN_S: i64 = 120;
/// Letters and digits that are not mistaken for each other, as in Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code: 60 bits.
const CODE_LEN: usize = 12;
/// Bytes of a token: 256 bits.
const TOKEN_BYTES: usize = 32;
/// Revocations read at a time.
const REVOCATIONS_PAGE: i64 = 1_000;

/// Ways in that a record holds.
pub(super) struct SignIns {
    /// Tokens that count.
    pub(super) tokens: i64,
    /// Codes not yet used, within their time.
    pub(super) codes: i64,
}

impl Record {
    /// A one-time code, stored hashed, and until when it works; `None` if there is no such active account. One transaction.
    pub async fn issue_code(
        &self,
        now: Timestamp,
        by: Actor,
        account: AccountId,
    ) -> Result<Option<(String, Timestamp)>, RecordError> {
        self.issue_code_for(now, by, account, CODE_TTL_S).await
    }

    /// As [`Record::issue_code`] with a life of its own, seconds; for demonstrations.
    pub async fn issue_code_for(
        &self,
        now: Timestamp,
        by: Actor,
        account: AccountId,
        ttl_s: i64,
    ) -> Result<Option<(String, Timestamp)>, RecordError> {
        let mut write = self.begin(now).await?;
        if write.active_role(account.0).await?.is_none() {
            return Ok(None);
        }
        let code = self.new_code();
        let expires_at = now.plus_s(ttl_s);
        sqlx::query("insert into codes (hash, account, expires_at) values (?, ?, ?)")
            .bind(hash(&plain(&code)))
            .bind(blob(account.0))
            .bind(expires_at.0)
            .execute(write.conn())
            .await?;
        write.audit_by(by, "code_issued", account.0).await?;
        write.commit().await?;
        Ok(Some((code, expires_at)))
    }

    /// A new token for an unused, unexpired code; the code is used up in the same transaction. Who lost the answer and sends the code
    /// again within [`CODE_AGAIN_S`], with the secret `key` that came with it first, gets another, and the lost one ends.
    pub async fn redeem_code(
        &self,
        now: Timestamp,
        code: &str,
        key: Option<&str>,
    ) -> Result<Option<(String, SignedIn)>, RecordError> {
        let mut write = self.begin(now).await?;
        let (code, key) = (hash(&plain(code)), key.map(hash));
        let used = sqlx::query(
            "update codes set used_at = ?1 where hash = ?2 and used_at is null and expires_at > ?1 returning account",
        )
        .bind(now.0)
        .bind(&code)
        .fetch_optional(write.conn())
        .await?;
        let (id, did) = match used {
            Some(used) => (AccountId(used.id("account")?), "code_redeemed"),
            None => match write.end_lost_token(&code, key.as_deref()).await? {
                Some(account) => (account, "code_redeemed_again"),
                None => return Ok(None),
            },
        };
        let Some(account) = write.active_account(id).await? else { return Ok(None) };
        let (token, row) = write.add_token(id, account.role).await?;
        sqlx::query("update codes set key_hash = ?, token = ? where hash = ?")
            .bind(key)
            .bind(row)
            .bind(code)
            .execute(write.conn())
            .await?;
        let expires_at = now.plus_s(token_ttl_s(account.role));
        write.audit(Some(id), did, id.0, "").await?;
        write.commit().await?;
        Ok(Some((token, SignedIn { token: row, account, expires_at, ends_at: now.plus_s(TOKEN_AGE_MAX_S) })))
    }

    /// A token without a code; `None` if there is no such active account. One transaction.
    pub async fn issue_token(&self, now: Timestamp, account: AccountId) -> Result<Option<String>, RecordError> {
        let mut write = self.begin(now).await?;
        let Some(role) = write.active_role(account.0).await? else { return Ok(None) };
        let (token, _) = write.add_token(account, role).await?;
        write.audit(None, "token_issued", account.0, "").await?;
        write.commit().await?;
        Ok(Some(token))
    }

    /// Whose token it is, if it lives and the account is not suspended. One indexed read.
    pub async fn authenticate(&self, now: Timestamp, token: &str) -> Result<Option<SignedIn>, RecordError> {
        let found = sqlx::query(concat!(
            "select t.id as token, t.issued_at, t.expires_at, a.id, a.role, a.agency, a.display, a.no, g.is_centre
             from tokens t join accounts a on a.id = t.account left join agencies g on g.id = a.agency
             where t.hash = ?2 and t.device is null and a.suspended_at is null and ",
            alive!()
        ))
        .bind(now.0)
        .bind(hash(token))
        .fetch_optional(&self.read)
        .await?;
        let Some(found) = found else { return Ok(None) };
        Ok(Some(SignedIn {
            token: found.int("token")?,
            account: row::account(&found)?,
            expires_at: found.time("expires_at")?,
            ends_at: found.time("issued_at")?.plus_s(TOKEN_AGE_MAX_S),
        }))
    }

    /// Tokens last anew from when each was used; until when, or `None` for one that had ended then. One transaction.
    pub async fn renew_tokens(&self, used: &[(i64, Timestamp)]) -> Result<Vec<Option<Timestamp>>, RecordError> {
        let mut write = self.begin(used.iter().map(|(_, at)| *at).max().unwrap_or(Timestamp(0))).await?;
        let mut renewed = Vec::with_capacity(used.len());
        for &(token, at) in used {
            renewed.push(write.renew_token(token, at).await?);
        }
        write.commit_quietly().await?;
        Ok(renewed)
    }

    /// Ends one token. One transaction; a repeat changes nothing.
    pub async fn revoke_token(&self, now: Timestamp, token: i64) -> Result<(), RecordError> {
        let mut write = self.begin(now).await?;
        let ended =
            sqlx::query("update tokens set revoked_at = ? where id = ? and revoked_at is null returning account")
                .bind(now.0)
                .bind(token)
                .fetch_optional(write.conn())
                .await?;
        let Some(ended) = ended else { return Ok(()) };
        let account = AccountId(ended.id("account")?);
        write.add_revocation(account, Some(token)).await?;
        write.audit(Some(account), "token_revoked", account.0, "").await?;
        write.commit().await
    }

    /// Ends every token of the account. A slot it holds is given back, and a rider's trips are cancelled; once rider and crew
    /// have met, every console is called to it instead. One transaction; a repeat is `Ok`.
    pub async fn suspend(&self, now: Timestamp, account: AccountId, by: AccountId, reason: &str) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let known: Option<Option<i64>> = sqlx::query_scalar("select suspended_at from accounts where id = ?")
            .bind(blob(account.0))
            .fetch_optional(write.conn())
            .await?;
        match known {
            None => return Ok(Err(Refusal::NotFound)),
            Some(Some(_)) => return Ok(Ok(())),
            Some(None) => {}
        }
        sqlx::query("update accounts set suspended_at = ?, suspended_because = ? where id = ?")
            .bind(now.0)
            .bind(reason)
            .bind(blob(account.0))
            .execute(write.conn())
            .await?;
        for statement in [
            "update tokens set revoked_at = ? where account = ? and revoked_at is null",
            "update codes set used_at = ? where account = ? and used_at is null",
        ] {
            sqlx::query(statement).bind(now.0).bind(blob(account.0)).execute(write.conn()).await?;
        }
        write.add_revocation(account, None).await?;
        write.leave_slots(account, None, Actor::Account(by), IncidentKind::StaffSuspended).await?;
        write.end_trips_of(account, by).await?;
        write.audit(Some(by), "account_suspended", account.0, "").await?;
        write.roster_changed(account);
        write.commit().await?;
        Ok(Ok(()))
    }

    /// What lost its rights since, in order, at most 1,000: ask again after the last until none is left. One indexed read.
    pub async fn revocations_after(&self, id: i64) -> Result<Vec<Revocation>, RecordError> {
        let rows = sqlx::query("select id, account, token from revocations where id > ? order by id limit ?")
            .bind(id)
            .bind(REVOCATIONS_PAGE)
            .fetch_all(&self.read)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Revocation {
                    id: row.int("id")?,
                    account: AccountId(row.id("account")?),
                    token: row.int_or_none("token")?,
                })
            })
            .collect()
    }

    /// A token as the phone keeps it, 64 hex digits.
    pub(super) fn new_token(&self) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        self.env.entropy.fill(&mut bytes);
        let mut token = String::with_capacity(2 * TOKEN_BYTES);
        for byte in bytes {
            write!(token, "{byte:02x}").expect("a String takes every write");
        }
        token
    }

    /// `XXXX-XXXX-XXXX`.
    fn new_code(&self) -> String {
        let mut bytes = [0; CODE_LEN];
        self.env.entropy.fill(&mut bytes);
        let letters = bytes.map(|b| char::from(ALPHABET[usize::from(b % 32)]));
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join("-")
    }
}

impl Write<'_> {
    async fn renew_token(&mut self, token: i64, at: Timestamp) -> Result<Option<Timestamp>, RecordError> {
        let found = sqlx::query(concat!(
            "select t.issued_at, a.role from tokens t join accounts a on a.id = t.account
             where t.id = ?2 and a.suspended_at is null and ",
            alive!()
        ))
        .bind(at.0)
        .bind(token)
        .fetch_optional(self.conn())
        .await?;
        let Some(found) = found else { return Ok(None) };
        let anew = at.plus_s(token_ttl_s(found.word("role", Role::from_word)?));
        let until = anew.min(found.time("issued_at")?.plus_s(TOKEN_AGE_MAX_S));
        sqlx::query("update tokens set expires_at = max(expires_at, ?) where id = ?")
            .bind(until.0)
            .bind(token)
            .execute(self.conn())
            .await?;
        Ok(Some(until))
    }

    async fn add_token(&mut self, account: AccountId, role: Role) -> Result<(String, i64), RecordError> {
        let token = self.record.new_token();
        let now = self.now;
        let row = sqlx::query("insert into tokens (hash, account, issued_at, expires_at) values (?, ?, ?, ?)")
            .bind(hash(&token))
            .bind(blob(account.0))
            .bind(now.0)
            .bind(now.plus_s(token_ttl_s(role)).0)
            .execute(self.conn())
            .await?
            .last_insert_rowid();
        Ok((token, row))
    }

    /// Ends the token whose answer got lost, and says whose it is; `None` unless code and key came together a short while ago, and
    /// not at a time to come, by a clock that was set back since, and the token still counts: who signed out, or was signed out, is
    /// not let in again.
    async fn end_lost_token(&mut self, code: &[u8], key: Option<&[u8]>) -> Result<Option<AccountId>, RecordError> {
        let now = self.now;
        let lost = sqlx::query(
            "update tokens set revoked_at = ?1 where revoked_at is null and id =
               (select token from codes where hash = ?2 and key_hash = ?3 and used_at > ?4 and used_at <= ?1)
             returning id, account",
        )
        .bind(now.0)
        .bind(code)
        .bind(key)
        .bind(now.plus_s(-CODE_AGAIN_S).0)
        .fetch_optional(self.conn())
        .await?;
        let Some(lost) = lost else { return Ok(None) };
        let account = AccountId(lost.id("account")?);
        self.add_revocation(account, Some(lost.int("id")?)).await?;
        Ok(Some(account))
    }

    /// Ways in as of now.
    pub(super) async fn count_sign_ins(&mut self) -> Result<SignIns, RecordError> {
        let now = self.now.0;
        let tokens = sqlx::query_scalar(concat!(
            "select count(*) from tokens t join accounts a on a.id = t.account where a.suspended_at is null and ",
            alive!()
        ))
        .bind(now)
        .fetch_one(self.conn())
        .await?;
        let codes = sqlx::query_scalar("select count(*) from codes where used_at is null and expires_at > ?")
            .bind(now)
            .fetch_one(self.conn())
            .await?;
        Ok(SignIns { tokens, codes })
    }

    /// Ends every token and uses up every code. For a record that nobody serves: no socket is told.
    pub(super) async fn end_sign_ins(&mut self) -> Result<(), RecordError> {
        let now = self.now.0;
        for statement in [
            "update tokens set revoked_at = ? where revoked_at is null",
            "update codes set used_at = ? where used_at is null",
        ] {
            sqlx::query(statement).bind(now).execute(self.conn()).await?;
        }
        Ok(())
    }

    /// Deletes codes and tokens whose time was over before `ended_before` (milliseconds), but no token that still counts, and
    /// revocations older than any token can be; at most `max` of each. How many are gone.
    pub(super) async fn forget_sign_ins(&mut self, ended_before: i64, max: i64) -> Result<u64, RecordError> {
        let now = self.now;
        let tokens = concat!(
            "delete from tokens where id in (select t.id from tokens t where t.expires_at < ?2 and not (",
            alive!(),
            ") limit ?3)"
        );
        let tokens = sqlx::query(tokens).bind(now.0).bind(ended_before).bind(max).execute(self.conn()).await?;
        let mut gone = tokens.rows_affected();
        for (statement, before) in [
            ("delete from codes where hash in (select hash from codes where expires_at < ? limit ?)", ended_before),
            (
                "delete from revocations where id in (select id from revocations where at < ? order by id limit ?)",
                now.plus_s(-TOKEN_AGE_MAX_S).0,
            ),
        ] {
            gone += sqlx::query(statement).bind(before).bind(max).execute(self.conn()).await?.rows_affected();
        }
        Ok(gone)
    }

    pub(super) async fn add_revocation(&mut self, account: AccountId, token: Option<i64>) -> Result<(), RecordError> {
        let now = self.now.0;
        sqlx::query("insert into revocations (account, token, at) values (?, ?, ?)")
            .bind(blob(account.0))
            .bind(token)
            .bind(now)
            .execute(self.conn())
            .await?;
        Ok(())
    }

    async fn active_account(&mut self, id: AccountId) -> Result<Option<Account>, RecordError> {
        let found = sqlx::query(
            "select a.id, a.role, a.agency, a.display, a.no, g.is_centre
             from accounts a left join agencies g on g.id = a.agency where a.id = ? and a.suspended_at is null",
        )
        .bind(blob(id.0))
        .fetch_optional(self.conn())
        .await?;
        found.as_ref().map(row::account).transpose()
    }
}

/// What is stored of a secret of full entropy.
pub(super) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// A code as a person may have typed it: case, dashes and look-alikes do not matter.
fn plain(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}
