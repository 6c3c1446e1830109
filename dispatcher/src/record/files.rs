//! Owns the files of the data directory as files: their names, rights and owner, and when a name is durable. Knows nothing of what is
//! in them.

use std::fs::{File, OpenOptions};
use std::io::Error;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

/// The database's name in the data directory.
pub(super) const DATABASE_FILE: &str = "record.sqlite";
/// A copy that is to become the record.
pub(super) const PARTIAL_FILE: &str = "record.sqlite.partial";
/// The lock's name in the data directory.
pub(super) const LOCK_FILE: &str = "lock";
/// What SQLite keeps beside a database: a leftover would be applied to another file of the name.
pub(super) const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// The path with more at the end of its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opened, or made for its owner alone.
pub(super) fn private_file(path: &Path) -> Result<File, Error> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    give_to_owner(path)?;
    Ok(file)
}

/// Made for its owner alone; an error if it is there.
pub(super) fn new_private_file(path: &Path) -> Result<File, Error> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// What root made in another's directory becomes the other's: the server runs as them and could not open it.
pub(super) fn give_to_owner(path: &Path) -> Result<(), Error> {
    let Some(dir) = path.parent() else { return Ok(()) };
    let (file, dir) = (std::fs::metadata(path)?, std::fs::metadata(dir)?);
    if file.uid() == 0 && dir.uid() != 0 {
        chown(path, Some(dir.uid()), Some(dir.gid()))?;
    }
    Ok(())
}

/// Gone; also if it was not there.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether it is there and holds something.
pub(super) fn holds_something(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

/// The names in the directory, as they are now, outlast a loss of power.
pub(super) fn sync_names(dir: &Path) -> Result<(), Error> {
    File::open(dir)?.sync_all()
}
