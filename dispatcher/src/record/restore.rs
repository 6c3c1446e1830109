//! Owns putting a backup back: checked first, the old record set aside, never overwritten. Only while nobody serves from the
//! directory.

use super::Record;
use super::open::{DATABASE_FILE, MIGRATIONS, take_lock};
use crate::record::OpenError;
use matcher::model::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What SQLite keeps beside the database; a leftover would be applied to the copy.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

/// Why a backup was not put back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A server runs on the directory, or it cannot be used.
    #[error(transparent)]
    Directory(#[from] OpenError),
    /// File system.
    #[error("cannot read or write: {0}")]
    Io(#[from] std::io::Error),
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
}

impl Record {
    /// Puts the copy in place of the directory's record. The old files stay beside it under names with the time; where, if there
    /// was one. The lock is held until the copy stands.
    pub async fn restore(dir: &Path, from: &Path, now: Timestamp) -> Result<Option<PathBuf>, RestoreError> {
        // Opened before anything is made: a mistyped file leaves no directory behind.
        File::open(from)?;
        check(from).await?;
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let _lock = take_lock(dir)?;
        let (database, partial) = (dir.join(DATABASE_FILE), dir.join("record.sqlite.partial"));
        copy(from, &partial)?;
        let aside = with_ending(&database, &format!(".before-{}", now.0));
        if aside.exists() {
            return Err(RestoreError::Exists(aside));
        }
        let was_there = database.exists();
        for ending in BESIDE {
            let file = with_ending(&database, ending);
            if file.exists() {
                std::fs::rename(&file, with_ending(&aside, ending))?;
            }
        }
        std::fs::rename(&partial, &database)?;
        File::open(dir)?.sync_all()?;
        Ok(was_there.then_some(aside))
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn copy(from: &Path, to: &Path) -> Result<(), std::io::Error> {
    let mut target = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    std::io::copy(&mut File::open(from)?, &mut target)?;
    target.sync_all()
}

/// A whole database with this service's tables, and not from a newer version.
async fn check(file: &Path) -> Result<(), RestoreError> {
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
