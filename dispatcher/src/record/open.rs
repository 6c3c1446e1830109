//! Owns how the record is opened: directory, lock, migrations, epoch, connections. Knows no table but `epoch`.
//!
//! Invariant: one `serve` per directory holds `DIR/lock`, and its epoch is above every earlier one's.

use super::{OpenError, Record, RecordError};
use crate::clock::Env;
use matcher::model::Timestamp;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// The database's name in the data directory.
pub(super) const DATABASE_FILE: &str = "record.sqlite";
/// The lock's name in the data directory.
const LOCK_FILE: &str = "lock";
/// Connections that read; one more writes.
const READERS: u32 = 4;
/// How long a statement waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
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
];

impl Record {
    /// Takes the directory's lock, migrates, takes the next epoch. One `serve` per directory.
    ///
    /// Makes the directory (0700) and the files (0600) if they are not there.
    pub async fn open(dir: &Path, env: Env) -> Result<Self, OpenError> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = take_lock(dir)?;
        let database = private_file(&dir.join(DATABASE_FILE)).map(|_| dir.join(DATABASE_FILE))?;
        let (write, read) = connect(&database);
        migrator().run(&write).await?;
        let epoch = take_epoch(&write, env.now()).await?;
        Ok(Self::over((write, read), env, Some(epoch), database, Some(lock)))
    }

    /// For `admin` and `backup` beside a running server: no lock kept, no epoch, no migration under a running server.
    pub async fn open_beside(dir: &Path, env: Env) -> Result<Self, OpenError> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let database = private_file(&dir.join(DATABASE_FILE)).map(|_| dir.join(DATABASE_FILE))?;
        let (write, read) = connect(&database);
        match take_lock(dir) {
            // Nobody serves from here: it is safe to bring the file up to date, and the lock goes again at once.
            Ok(_held_while_migrating) => migrator().run(&write).await?,
            Err(OpenError::Locked) => check_version(&write).await?,
            Err(other) => return Err(other),
        }
        Ok(Self::over((write, read), env, None, database, None))
    }

    /// Whether the directory holds a record. Makes nothing.
    pub fn is_in(dir: &Path) -> bool {
        dir.join(DATABASE_FILE).is_file()
    }

    fn over(
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

    /// A consistent copy into a new file, mode 0600 (`VACUUM INTO`). Refuses an existing file.
    pub async fn backup(&self, to: &Path) -> Result<(), RecordError> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        let mut own = options(&self.database).connect().await?;
        sqlx::query("vacuum into ?").bind(to.to_string_lossy().into_owned()).execute(&mut own).await?;
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

fn private_file(path: &Path) -> Result<File, std::io::Error> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn options(database: &PathBuf) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", WAL_LIMIT)
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

/// One connection that writes, a few that read.
fn connect(database: &PathBuf) -> (SqlitePool, SqlitePool) {
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

fn migrator() -> Migrator {
    let each = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(each).collect())
}

/// The file must be exactly as this version left it: the server beside us would not survive a migration.
async fn check_version(pool: &SqlitePool) -> Result<(), OpenError> {
    let newest = MIGRATIONS.last().map_or(0, |m| m.0);
    let applied: i64 =
        sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations").fetch_one(pool).await?;
    match applied.cmp(&newest) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(sqlx::migrate::MigrateError::VersionMissing(applied).into()),
        std::cmp::Ordering::Less => Err(sqlx::migrate::MigrateError::VersionTooNew(newest, applied).into()),
    }
}

/// One statement, so one transaction: two servers that slipped past the lock still get different numbers.
async fn take_epoch(pool: &SqlitePool, now: Timestamp) -> Result<i64, OpenError> {
    Ok(sqlx::query_scalar("update epoch set epoch = epoch + 1, opened_at = ? returning epoch")
        .bind(now.0)
        .fetch_one(pool)
        .await?)
}
