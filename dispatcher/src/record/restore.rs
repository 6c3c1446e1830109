//! Owns putting a backup back: checked first, the old record set aside, never overwritten. Only while nobody serves from the
//! directory.
//!
//! Invariant: wherever it is cut off, the directory holds the old record or the copy, or a `.partial` without a record, from which
//! [`Record::open`] refuses to make an empty one.

use super::files::{
    BESIDE, DATABASE_FILE, PARTIAL_FILE, give_to_owner, holds_something, new_private_file, remove, sync_names,
    with_ending,
};
use super::open::{BUSY_TIMEOUT, MIGRATIONS, connect, take_lock};
use super::row::Columns;
use super::tokens::SignIns;
use super::{Actor, OpenError, Record, RecordError};
use crate::clock::Env;
use matcher::model::Timestamp;
use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::fs::{DirBuilder, File};
use std::io::Read;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// First bytes of a database file, as SQLite documents them.
const DATABASE_BEGINS: &[u8] = b"SQLite format 3\0";
/// First bytes of a write-ahead log, likewise.
const LOG_BEGINS: [&[u8]; 2] = [&[0x37, 0x7f, 0x06, 0x82], &[0x37, 0x7f, 0x06, 0x83]];
/// What a copy lags behind in sessions, at most. Positions in Redis are ordered by them: without it a phone's new ones would count
/// as older than those from before the restore.
const SESSION_EPOCHS_PASSED: i64 = 1 << 20;
/// What a copy lags behind in changes and in messages to one phone, at most.
const CHANGES_PASSED: i64 = 1 << 20;
/// What ended longer ago is on no page, seconds.
const CHANGED_LATELY_S: i64 = 2 * 86_400;
/// SQLite's code for a database that somebody else holds.
const SQLITE_BUSY: &str = "5";

/// What the caller wants beyond the copy.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreHow {
    /// The directory may be new, or without a record.
    pub create: bool,
    /// No sign-in and no code of the copy works any more.
    pub sign_out_all: bool,
}

/// What was put back.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the record before it is kept, if there was one.
    pub aside: Option<PathBuf>,
    /// Sign-ins of the copy that are within their time: they work again, or were ended if that was asked for.
    pub tokens: i64,
    /// One-time codes of the copy, likewise.
    pub codes: i64,
    /// What the record before it had taken back and the copy gives again; `None` if that record was not there or not readable.
    pub revived: Option<Revived>,
}

/// Rights of the copy that the record before it no longer gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revived {
    /// Sign-ins within their time that had been ended.
    pub tokens: i64,
    /// Accounts that had been suspended.
    pub accounts: i64,
}

/// Why a backup was not put back. The record is what it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A server runs on the directory, or it cannot be used.
    #[error(transparent)]
    Directory(#[from] OpenError),
    /// File system.
    #[error("cannot read or write: {0}")]
    Io(#[from] std::io::Error),
    /// Nothing to put it in place of.
    #[error("there is no record in {}: name the server's data directory, or say that it is to be a new one", .0.display())]
    NothingThere(PathBuf),
    /// What was committed last is not in the file but beside it.
    #[error("{} holds part of the file: that is no copy made by `backup`, but a record in use or one that was cut off", .0.display())]
    InParts(PathBuf),
    /// It is no database, or not one of this service.
    #[error("the file is no record of this service")]
    NoRecord,
    /// SQLite finds it damaged.
    #[error("the file is damaged: it fails SQLite's integrity check")]
    Damaged,
    /// Made by a newer version.
    #[error("the file is of schema {found}, newer than this version's {newest}")]
    TooNew {
        /// The file's.
        found: i64,
        /// The newest known here.
        newest: i64,
    },
    /// A record set aside in the same millisecond is there.
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    /// `admin` or `backup` has the record open.
    #[error("another command is using the record: try again when it has ended")]
    InUse,
    /// What the restore itself has to write.
    #[error("the copy cannot be written to: {0}")]
    Copy(#[from] RecordError),
}

/// The files of one restore.
pub(super) struct Files {
    dir: PathBuf,
    database: PathBuf,
    partial: PathBuf,
    aside: PathBuf,
}

impl Record {
    /// Puts the copy in place of the directory's record, and that on its audit chain. The old record stays beside it under a
    /// name with the time. The lock is held until the copy stands.
    pub async fn restore(dir: &Path, from: &Path, how: RestoreHow, env: &Env) -> Result<Restored, RestoreError> {
        // Looked at before anything is made: a mistyped file leaves no directory behind.
        File::open(from)?;
        check(from).await?;
        let now = env.now();
        let files = Files::of(dir, now);
        if how.create {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        } else if !files.database.exists() && !files.partial.exists() {
            return Err(RestoreError::NothingThere(dir.to_owned()));
        }
        let _lock = take_lock(dir)?;
        if files.aside.exists() {
            return Err(RestoreError::Exists(files.aside));
        }
        let restored = files.put_back(from, how, now, env).await;
        if restored.is_err() && files.database.exists() {
            // Best effort. Without a record it stays, so that nobody makes an empty one.
            let _left = files.drop_partial();
        }
        restored
    }

    /// Puts on the chain that the history before this row is a copy's, and ends its sign-ins if asked to.
    async fn note_restore(&self, now: Timestamp, sign_out_all: bool) -> Result<SignIns, RecordError> {
        let mut write = self.begin(now).await?;
        let found = write.count_sign_ins().await?;
        sqlx::query("update accounts set session_epoch = session_epoch + ?")
            .bind(SESSION_EPOCHS_PASSED)
            .execute(write.conn())
            .await?;
        let is_there = "select count(*) from sqlite_schema where name = 'phone_sessions'";
        // A copy by an earlier version has none.
        if sqlx::query_scalar::<_, i64>(is_there).fetch_one(write.conn()).await? > 0 {
            let lifted = "update phone_sessions set epoch = epoch + ?";
            sqlx::query(lifted).bind(SESSION_EPOCHS_PASSED).execute(write.conn()).await?;
        }
        // Pages and phones keep what has the higher number: what the copy says must outrank what they were told after it was made.
        sqlx::query("update counters set value = value + ? where name = 'change'")
            .bind(CHANGES_PASSED)
            .execute(write.conn())
            .await?;
        for lifted in [
            "update trips set change_no = change_no + ?1 where ended_at is null or ended_at > ?2",
            "update incidents set change_no = change_no + ?1 where acknowledged_at is null or acknowledged_at > ?2",
        ] {
            sqlx::query(lifted)
                .bind(CHANGES_PASSED - 1)
                .bind(now.plus_s(-CHANGED_LATELY_S).0)
                .execute(write.conn())
                .await?;
        }
        // Nobody resumes across it: a number of before may stand for something else now.
        sqlx::query("update outbox_heads set issued = issued + ?").bind(CHANGES_PASSED).execute(write.conn()).await?;
        write.audit_by(Actor::Shell, "record_restored", None).await?;
        if sign_out_all {
            write.end_sign_ins().await?;
            write.audit_by(Actor::Shell, "all_signed_out", None).await?;
        }
        write.commit().await?;
        Ok(found)
    }
}

impl Files {
    pub(super) fn of(dir: &Path, now: Timestamp) -> Self {
        let database = dir.join(DATABASE_FILE);
        let aside = with_ending(&database, &format!(".before-{}", now.0));
        Self { dir: dir.to_owned(), database, partial: dir.join(PARTIAL_FILE), aside }
    }

    async fn put_back(
        &self,
        from: &Path,
        how: RestoreHow,
        now: Timestamp,
        env: &Env,
    ) -> Result<Restored, RestoreError> {
        self.drop_partial()?;
        std::io::copy(&mut File::open(from)?, &mut new_private_file(&self.partial)?)?;
        let copy = Record::over(connect(&self.partial), env.clone(), None, self.partial.clone(), None);
        let noted = copy.note_restore(now, how.sign_out_all).await;
        copy.close().await;
        let found = noted?;
        let was_there = self.database.exists();
        let (is_one_file, revived) = if was_there { self.settle(now).await? } else { (false, None) };
        if holds_something(&with_ending(&self.partial, "-wal")) {
            return Err(RestoreError::InUse);
        }
        give_to_owner(&self.partial)?;
        File::open(&self.partial)?.sync_all()?;
        sync_names(&self.dir)?;
        let linked = is_one_file && std::fs::hard_link(&self.database, &self.aside).is_ok();
        for step in self.steps(linked) {
            step.take()?;
        }
        Ok(Restored { aside: was_there.then(|| self.aside.clone()), tokens: found.tokens, codes: found.codes, revived })
    }

    /// Brings the old record into one file, and looks at what it had taken back. One that SQLite cannot read is no obstacle: it
    /// is set aside as it is. Whether it is one file, and what was found.
    async fn settle(&self, now: Timestamp) -> Result<(bool, Option<Revived>), RestoreError> {
        // SQLite throws a log away that belongs to no database, and that may be all there is to rescue.
        let log = with_ending(&self.database, "-wal");
        let has_log = holds_something(&log);
        if !begins_with(&self.database, DATABASE_BEGINS)
            || has_log && !LOG_BEGINS.iter().any(|begins| begins_with(&log, begins))
        {
            return Ok((false, None));
        }
        let options =
            SqliteConnectOptions::new().filename(&self.database).busy_timeout(BUSY_TIMEOUT).disable_statement_logging();
        let Ok(mut old) = options.connect().await else { return Ok((false, None)) };
        let folded = sqlx::query("pragma wal_checkpoint(truncate)").fetch_one(&mut old).await;
        let revived = self.revived(&mut old, now).await.ok();
        let is_busy = match &folded {
            Ok(row) => row.try_get::<i64, _>(0).is_ok_and(|busy| busy != 0),
            Err(error) => {
                error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == SQLITE_BUSY)
            }
        };
        let closed = old.close().await;
        let is_one_file = folded.is_ok() && closed.is_ok();
        if is_busy || is_one_file && holds_something(&log) {
            return Err(RestoreError::InUse);
        }
        Ok((is_one_file, revived))
    }

    async fn revived(&self, old: &mut SqliteConnection, now: Timestamp) -> Result<Revived, RecordError> {
        sqlx::query("attach database ? as copy").bind(self.partial.to_string_lossy()).execute(&mut *old).await?;
        let row = sqlx::query(
            "select (select count(*) from copy.tokens c join main.tokens o on o.hash = c.hash
                     where o.revoked_at is not null and c.expires_at > ?1
                       and (c.revoked_at is null or c.revoked_at >= ?1)) as tokens,
                    (select count(*) from copy.accounts c join main.accounts o on o.id = c.id
                     where o.suspended_at is not null and c.suspended_at is null) as accounts",
        )
        .bind(now.0)
        .fetch_one(&mut *old)
        .await?;
        sqlx::query("detach database copy").execute(&mut *old).await?;
        Ok(Revived { tokens: row.int("tokens")?, accounts: row.int("accounts")? })
    }

    /// In this order each step leaves a state the header allows. `linked`: the old record, one file, has its second name.
    pub(super) fn steps(&self, linked: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        if linked {
            // Empty by now.
            steps.extend(BESIDE.map(|ending| Step::Remove(with_ending(&self.database, ending))));
        } else {
            // The record first: its log alone is nothing that could be opened.
            let endings = ["", BESIDE[0], BESIDE[1]];
            let there = endings.into_iter().filter(|ending| with_ending(&self.database, ending).exists());
            steps.extend(there.map(|e| Step::Rename(with_ending(&self.database, e), with_ending(&self.aside, e))));
        }
        steps.extend(BESIDE.map(|ending| Step::Remove(with_ending(&self.partial, ending))));
        steps.push(Step::Sync(self.dir.clone()));
        steps.push(Step::Rename(self.partial.clone(), self.database.clone()));
        steps.push(Step::Sync(self.dir.clone()));
        steps
    }

    fn drop_partial(&self) -> Result<(), std::io::Error> {
        for ending in ["", "-journal", BESIDE[0], BESIDE[1]] {
            remove(&with_ending(&self.partial, ending))?;
        }
        Ok(())
    }
}

/// One change of the directory.
pub(super) enum Step {
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
    Sync(PathBuf),
}

impl Step {
    pub(super) fn take(&self) -> Result<(), std::io::Error> {
        match self {
            Self::Remove(file) => remove(file),
            Self::Rename(from, to) => std::fs::rename(from, to),
            Self::Sync(dir) => sync_names(dir),
        }
    }
}

fn begins_with(file: &Path, bytes: &[u8]) -> bool {
    let mut first = vec![0; bytes.len()];
    File::open(file).and_then(|mut file| file.read_exact(&mut first)).is_ok_and(|()| first == bytes)
}

/// A whole database with this service's tables, in one file, and not from a newer version.
async fn check(file: &Path) -> Result<(), RestoreError> {
    for ending in ["-wal", "-journal"] {
        let beside = with_ending(file, ending);
        if holds_something(&beside) {
            return Err(RestoreError::InParts(beside));
        }
    }
    let options =
        SqliteConnectOptions::new().filename(file).read_only(true).immutable(true).disable_statement_logging();
    let mut conn = options.connect().await.map_err(|_| RestoreError::NoRecord)?;
    let found: Result<Option<i64>, _> =
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(&mut conn).await;
    let Ok(Some(found)) = found else { return Err(RestoreError::NoRecord) };
    let newest = MIGRATIONS.last().map_or(0, |(version, ..)| *version);
    if found > newest {
        return Err(RestoreError::TooNew { found, newest });
    }
    let verdict: Result<String, _> = sqlx::query_scalar("pragma integrity_check(1)").fetch_one(&mut conn).await;
    if !verdict.is_ok_and(|verdict| verdict == "ok") {
        return Err(RestoreError::Damaged);
    }
    // Closed before the file is copied; it was opened for reading only.
    let _ = conn.close().await;
    Ok(())
}
