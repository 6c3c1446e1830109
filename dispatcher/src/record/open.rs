//! Owns how the record is opened: directory, lock, migrations, epoch, connections. Knows no table but `epoch`.
//!
//! Invariant: one `serve` per directory holds `DIR/lock`, and its epoch is above every earlier one's.

use super::files::{DATABASE_FILE, LOCK_FILE, PARTIAL_FILE, private_file};
use super::unreadable::Unreadable;
use super::{OpenError, Record, RecordError};
use crate::clock::Env;
use matcher::model::Timestamp;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};
use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// Connections that read; one more writes.
const READERS: u32 = 4;
/// How long a statement waits for another process's write.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the emptying of the log waits for a reader: writers wait meanwhile.
const EMPTY_LOG_TIMEOUT: Duration = Duration::from_millis(100);
/// How long a caller waits for a connection before the record counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The write-ahead log is cut back to this after a checkpoint, bytes.
const WAL_LIMIT: &str = "67108864";

/// Every migration there is, oldest first. Append only: a file that has run anywhere never changes.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "people trips offers", include_str!("migrations/0001_people_trips_offers.sql")),
    (2, "roster changes", include_str!("migrations/0002_roster_changes.sql")),
    (3, "open trips by rider", include_str!("migrations/0003_open_trips_by_rider.sql")),
    (4, "incident kinds", include_str!("migrations/0004_incident_kinds.sql")),
    (5, "avoid zones", include_str!("migrations/0005_avoid_zones.sql")),
    (6, "shifts by subway", include_str!("migrations/0006_shifts_by_subway.sql")),
    (7, "travel", include_str!("migrations/0007_travel.sql")),
    (8, "tracks and devices", include_str!("migrations/0008_tracks_and_devices.sql")),
    (9, "next duties", include_str!("migrations/0009_next_duties.sql")),
    (10, "bicycles", include_str!("migrations/0010_bicycles.sql")),
    (11, "trip lengths", include_str!("migrations/0011_trip_lengths.sql")),
    (12, "duty runs", include_str!("migrations/0012_duty_runs.sql")),
    (13, "codes again", include_str!("migrations/0013_codes_again.sql")),
    (14, "sure offers", include_str!("migrations/0014_sure_offers.sql")),
    (15, "condition keys", include_str!("migrations/0015_condition_keys.sql")),
    (16, "refused fixes", include_str!("migrations/0016_refused_fixes.sql")),
    (17, "phone sessions", include_str!("migrations/0017_phone_sessions.sql")),
    (18, "lines", include_str!("migrations/0018_lines.sql")),
    (19, "audit by subject", include_str!("migrations/0019_audit_by_subject.sql")),
    (20, "zone keys", include_str!("migrations/0020_zone_keys.sql")),
    (21, "both carriageways", include_str!("migrations/0021_both_carriageways.sql")),
    (22, "pace with a rider", include_str!("migrations/0022_pace_with_a_rider.sql")),
];

impl Record {
    /// Takes the directory's lock, migrates, takes the next epoch. One `serve` per directory.
    ///
    /// Makes the directory (0700) and the files (0600) if they are not there.
    pub async fn open(dir: &Path, env: Env) -> Result<Self, OpenError> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = take_lock(dir)?;
        let database = make_file(dir)?;
        let (write, read) = connect(&database);
        migrator(MIGRATIONS).run(&write).await?;
        let epoch = take_epoch(&write, env.now()).await?;
        Ok(Self::over((write, read), env, Some(epoch), database, Some(lock)))
    }

    /// For `admin`, beside a running server or without one: no lock kept, no epoch, nothing made and nothing migrated. Only
    /// `serve` brings a record up to date, so that whoever must go back to the version before can until then.
    pub async fn open_beside(dir: &Path, env: Env) -> Result<Self, OpenError> {
        if !Self::is_in(dir) {
            return Err(OpenError::NoRecord(dir.to_owned()));
        }
        let database = dir.join(DATABASE_FILE);
        let (write, read) = connect(&database);
        check_version(&write).await?;
        Ok(Self::over((write, read), env, None, database, None))
    }

    /// As [`Record::open_beside`]; the record, and its directory, are made first if there is none.
    pub async fn create_beside(dir: &Path, env: Env) -> Result<Self, OpenError> {
        if !Self::is_in(dir) {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
            let _held_while_making = take_lock(dir)?;
            let (write, _) = connect(&make_file(dir)?);
            migrator(MIGRATIONS).run(&write).await?;
            write.close().await;
        }
        Self::open_beside(dir, env).await
    }

    /// Whether the directory holds a record. Makes nothing.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(DATABASE_FILE).is_file()
    }

    pub(super) fn over(
        (write, read): (SqlitePool, SqlitePool),
        env: Env,
        epoch: Option<i64>,
        database: PathBuf,
        lock: Option<File>,
    ) -> Self {
        let commits = watch::Sender::new(0);
        Self {
            write,
            read,
            env,
            epoch,
            commits,
            database,
            lock,
            roster: Mutex::default(),
            unreadable: Unreadable::default(),
            pruned_to: AtomicI64::new(0),
        }
    }

    /// Changes after every commit of this process: a hint for whoever tails the record. Nothing may rest on it alone.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// The fencing number of this server's life; every write carries it. 0 for a record opened beside a server.
    pub fn epoch(&self) -> i64 {
        self.epoch.unwrap_or(0)
    }

    /// Commits a heartbeat row; for `/readyz`. One transaction.
    pub async fn check_writable(&self) -> Result<(), RecordError> {
        let mut write = self.begin(self.env.now()).await?;
        sqlx::query("update counters set value = value + 1 where name = 'heartbeat'").execute(write.conn()).await?;
        write.commit_quietly().await
    }

    /// For tests: nothing can be written until it is dropped.
    #[cfg(test)]
    pub(crate) async fn hold_writer(&self) -> impl Sized + use<> {
        self.write.acquire().await.expect("the writer is there")
    }

    /// For tests: nothing can be read until it is dropped, and nobody is told so before the patience of callers ends.
    #[cfg(test)]
    pub(crate) async fn hold_readers(&self) -> impl Sized + use<> {
        let mut held = Vec::new();
        for _ in 0..READERS {
            held.push(self.read.acquire().await.expect("a reader is there"));
        }
        held
    }

    /// Folds the log into the file and empties it, so that what was deleted is in neither. Does not wait for long readers: an
    /// error then, and nothing is lost.
    pub(super) async fn empty_log(&self) -> Result<(), RecordError> {
        let mut own = options(&self.database).busy_timeout(EMPTY_LOG_TIMEOUT).connect().await?;
        sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut own).await?;
        own.close().await?;
        Ok(())
    }

    /// Closes every connection and gives the lock back. Dropping does the same, later.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
        if let Some(lock) = &self.lock {
            // Best effort: the kernel frees it with the process at the latest.
            drop(lock.unlock());
        }
    }
}

pub(super) fn take_lock(dir: &Path) -> Result<File, OpenError> {
    let lock = private_file(&dir.join(LOCK_FILE))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// The database's file, made empty if it is not there. Not where a restore was cut off: its copy is the record.
fn make_file(dir: &Path) -> Result<PathBuf, OpenError> {
    let (database, partial) = (dir.join(DATABASE_FILE), dir.join(PARTIAL_FILE));
    if !database.exists() && partial.exists() {
        return Err(OpenError::CutOff(partial));
    }
    private_file(&database)?;
    Ok(database)
}

fn options(database: &PathBuf) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What is deleted is overwritten. Not `fast`, which leaves a page that falls free as it is: a rider's last zone.
        .pragma("secure_delete", "on")
        .pragma("journal_size_limit", WAL_LIMIT)
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

/// One connection that writes, a few that read.
pub(super) fn connect(database: &PathBuf) -> (SqlitePool, SqlitePool) {
    let pool = |size| {
        SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let write = pool(1).connect_lazy_with(options(database));
    let read = pool(READERS).connect_lazy_with(options(database).pragma("query_only", "1"));
    (write, read)
}

pub(super) fn migrator(migrations: &[(i64, &'static str, &'static str)]) -> Migrator {
    let each = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(migrations.iter().map(each).collect())
}

/// The file must be exactly as this version left it.
async fn check_version(pool: &SqlitePool) -> Result<(), OpenError> {
    let newest = MIGRATIONS.last().map_or(0, |m| m.0);
    let is_begun: bool = sqlx::query_scalar("select count(*) > 0 from sqlite_schema where name = '_sqlx_migrations'")
        .fetch_one(pool)
        .await?;
    let found: i64 = if is_begun {
        sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations").fetch_one(pool).await?
    } else {
        0
    };
    match found.cmp(&newest) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(sqlx::migrate::MigrateError::VersionMissing(found).into()),
        std::cmp::Ordering::Less => Err(OpenError::Older { found, newest }),
    }
}

/// One statement, so one transaction: two servers that slipped past the lock still get different numbers.
async fn take_epoch(pool: &SqlitePool, now: Timestamp) -> Result<i64, OpenError> {
    Ok(sqlx::query_scalar("update epoch set epoch = epoch + 1, opened_at = ? returning epoch")
        .bind(now.0)
        .fetch_one(pool)
        .await?)
}
