//! Owns `backup` and `restore`: the record copied beside a running server, and put back under none.

use super::{Misuse, decide_directory, need_record, say};
use crate::clock::Env;
use crate::config::Directory;
use crate::record::{BackupError, Record, RestoreError, RestoreHow, Restored};
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What to copy, whereto.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  dispatcher backup --data /var/lib/donghaeng backup-2026-11-24.sqlite\nWritten as OUT.partial and named OUT when it is whole. To put it back: dispatcher restore"
)]
pub struct BackupArgs {
    #[command(flatten)]
    directory: Directory,
    /// New file; must not exist
    out: PathBuf,
}

/// What to put back, where.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  dispatcher restore --data /var/lib/donghaeng backup-2026-11-24.sqlite --sign-out-all\nThe copy is checked first. The old record is kept beside it as record.sqlite.before-TIME.\nWho was signed in when the copy was made is so again, also where that was taken back since: --sign-out-all ends every sign-in.\nWith Redis, also empty the service's keys (dh:*): session numbers begin again from the copy's."
)]
pub struct RestoreArgs {
    #[command(flatten)]
    directory: Directory,
    /// The copy
    file: PathBuf,
    /// Also where the data directory is a new one, or holds no record
    #[arg(long)]
    create: bool,
    /// End every sign-in and use up every code of the copy: everybody needs a new code
    #[arg(long)]
    sign_out_all: bool,
}

/// Copies.
pub async fn backup(args: &BackupArgs) -> Result<()> {
    let data = decide_directory(&args.directory)?;
    need_record(&data)?;
    match Record::backup(&data, &args.out).await {
        Ok(()) => say(&format!("the record was copied to {}\n", args.out.display())),
        Err(taken @ (BackupError::Exists(_) | BackupError::Partial(_))) => Err(Misuse(taken.to_string()).into()),
        Err(other) => Err(other).context("the copy failed"),
    }
}

/// Puts back.
pub async fn restore(args: &RestoreArgs) -> Result<()> {
    let data = decide_directory(&args.directory)?;
    let how = RestoreHow { create: args.create, sign_out_all: args.sign_out_all };
    let restored = match Record::restore(&data, &args.file, how, &Env::system()).await {
        Err(nothing @ RestoreError::NothingThere(_)) => {
            return Err(Misuse(format!("{nothing} (--create)")).into());
        }
        other => other.with_context(|| format!("{} was not put back", args.file.display()))?,
    };
    say(&told(&restored, how, &data, &args.file))
}

fn told(restored: &Restored, how: RestoreHow, data: &Path, file: &Path) -> String {
    let mut text = String::new();
    let mut line = |said: String| writeln!(text, "{said}").expect("a String takes every write");
    if let Some(aside) = &restored.aside {
        line(format!("the record before it is kept as {}", aside.display()));
    }
    line(format!("the record of {} is now the copy {}", data.display(), file.display()));
    let (tokens, codes) = (restored.tokens, restored.codes);
    if how.sign_out_all {
        line(format!(
            "every sign-in of the copy was ended ({tokens}) and every code used up ({codes}): everybody needs a new code"
        ));
    } else {
        line(format!("EVERY SIGN-IN OF THE COPY WORKS AGAIN: {tokens} tokens and {codes} one-time codes"));
    }
    match restored.revived {
        Some(revived) if how.sign_out_all => {
            line(format!("of them {} had been revoked in the record before it", revived.tokens));
        }
        Some(revived) => line(format!("  of them {} tokens had been revoked in the record before it", revived.tokens)),
        None => line("  how many had been revoked since the copy was made is not known".to_owned()),
    }
    if let Some(accounts) = restored.revived.map(|r| r.accounts).filter(|accounts| *accounts > 0) {
        line(format!("  {accounts} accounts that had been suspended are not any more: suspend them again"));
    }
    if !how.sign_out_all {
        line("  to end them all, stop the server and restore again with --sign-out-all".to_owned());
    }
    text
}
