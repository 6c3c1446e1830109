//! Owns the file that is written beside another, and takes its place when it is whole. Does not know what is in it.
//!
//! Invariant: nobody else writes into it. Of two imports to one path, in two containers perhaps, neither touches what the other writes
//! or has put there, which a server may have mapped; what a killed one left is removed by the next.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Imports to one path at one time.
const WRITERS_MAX: u32 = 100;

/// A file that is not yet where it belongs. Locked while it lives.
pub(super) struct Beside {
    pub(super) file: File,
    path: PathBuf,
}

impl Beside {
    /// A new, empty one beside the path it is for.
    pub(super) fn create(of: &Path) -> io::Result<Self> {
        remove_left_over(of);
        for nth in 0..WRITERS_MAX {
            let path = of.with_file_name(name(of, &nth.to_string()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    file.lock()?;
                    // Before it was locked another could take it for left over.
                    if path.exists() {
                        return Ok(Self { file, path });
                    }
                }
                Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many imports to this path at once"))
    }

    /// Puts it where it belongs, on the disk for good.
    pub(super) fn take_place(self, of: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, of)?;
        // The new name is kept by the folder.
        File::open(folder(of))?.sync_all()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Gone if it has taken its place; else a leftover, which is harmless.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn name(of: &Path, nth: &str) -> OsString {
    let mut name = of.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{nth}.partial"));
    name
}

fn folder(of: &Path) -> &Path {
    of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What nobody holds is nobody's any more. That it cannot be removed is no reason not to import.
fn remove_left_over(of: &Path) {
    let entries = std::fs::read_dir(folder(of)).into_iter().flatten().filter_map(Result::ok);
    let own = of.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let nth = name.strip_prefix(&own).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".partial"));
        if nth.is_some_and(|nth| nth.parse::<u32>().is_ok())
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
#[path = "beside_tests.rs"]
mod tests;
