//! Owns the making of a backup: a consistent copy beside whoever serves, under its name whole or not at all. Only reads the record:
//! whatever schema it is of, it stays as it is.

use super::Record;
use super::files::{DATABASE_FILE, new_private_file, remove, sync_names, with_ending};
use super::open::BUSY_TIMEOUT;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why there is no backup. Nothing is left under its name.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The name is taken.
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    /// Another backup of this name is being written, or was cut off.
    #[error("{} exists: another backup is writing it, or one was cut off; in that case remove it", .0.display())]
    Partial(PathBuf),
    /// A name that SQLite does not take.
    #[error("the name is not UTF-8")]
    Name,
    /// The record could not be read whole.
    #[error("cannot read the record: {0}")]
    Sql(#[from] sqlx::Error),
    /// File system.
    #[error("cannot write the copy: {0}")]
    Io(#[from] std::io::Error),
}

impl Record {
    /// A consistent copy of the directory's record into a new file, mode 0600, checked to be a record (`VACUUM INTO`).
    pub async fn backup(dir: &Path, to: &Path) -> Result<(), BackupError> {
        // SQLite takes a name that begins with `file:` for an address; an absolute one never does.
        let to = std::path::absolute(to)?;
        if to.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(to));
        }
        let partial = with_ending(&to, ".partial");
        new_private_file(&partial).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Partial(partial.clone()),
            _ => error.into(),
        })?;
        let written = match copy(&dir.join(DATABASE_FILE), &partial).await {
            Ok(()) => publish(&partial, &to),
            Err(error) => Err(error),
        };
        // It has its name by now, or is of no use.
        remove(&partial)?;
        written
    }
}

/// Opened for reading only, so that closing does not fold the log in either.
async fn copy(database: &Path, to: &Path) -> Result<(), BackupError> {
    let to = to.to_str().ok_or(BackupError::Name)?;
    let options = SqliteConnectOptions::new()
        .filename(database)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let mut record = options.connect().await?;
    sqlx::query("select max(version) from _sqlx_migrations").execute(&mut record).await?;
    sqlx::query("vacuum into ?").bind(to).execute(&mut record).await?;
    record.close().await?;
    Ok(())
}

/// Never over a file that came meanwhile.
fn publish(partial: &Path, to: &Path) -> Result<(), BackupError> {
    File::open(partial)?.sync_all()?;
    match std::fs::hard_link(partial, to) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(BackupError::Exists(to.to_owned())),
        // A file system without second names, such as a memory stick's: looking first is all that can be done.
        Err(_) if to.symlink_metadata().is_ok() => return Err(BackupError::Exists(to.to_owned())),
        Err(_) => std::fs::rename(partial, to)?,
    }
    Ok(to.parent().map_or(Ok(()), sync_names)?)
}
