//! Owns the file that is written beside another, and takes its place when it is whole. Does not know what is in it.
//!
//! Invariant: nobody else writes into it. Of two imports to one path, in two containers perhaps, neither touches what the other writes
//! or has put there, which a server may have mapped; what a killed one left is removed by the next. A lock is on a file and not on its
//! name, so who has it looks whether the name is still that file's before anything else: until then another may have removed it and
//! begun one of that name.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
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
                    if let Some(own) = Self::held(file, path)? {
                        return Ok(own);
                    }
                }
                Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("too many imports to this path at once"))
    }

    /// Of a new file; `None` if another took it for left over before it was locked.
    fn held(file: File, path: PathBuf) -> io::Result<Option<Self>> {
        file.lock()?;
        Ok(is_at(&file, &path).then(|| Self { file, path }))
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
        // If it has taken its place the name may be another's by now. What cannot be removed is left over, which is harmless.
        if is_at(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
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
        {
            remove_unheld(&file, &entry.path());
        }
    }
}

fn remove_unheld(file: &File, path: &Path) {
    if file.try_lock().is_ok() && is_at(file, path) {
        let _ = std::fs::remove_file(path);
    }
}

/// Whether a name is that of an open file.
fn is_at(file: &File, path: &Path) -> bool {
    let number = |known: std::fs::Metadata| (known.dev(), known.ino());
    let (open, named) = (file.metadata().map(number), path.symlink_metadata().map(number));
    open.ok().zip(named.ok()).is_some_and(|(open, named)| open == named)
}

#[cfg(test)]
#[path = "beside_tests.rs"]
mod tests;
