//! Owns which directory holds the record, for commands that need no other setting. Decided as `serve` decides it.

use super::{ConfigProblem, DATA_DEFAULT, read_file};
use clap::Args;
use std::path::PathBuf;

/// Where the record is.
#[derive(Args, Clone, Debug, Default)]
pub struct Directory {
    // Shown last: they are the same for every command.
    /// Settings file of the server (TOML): its `data` is used unless --data is given
    #[arg(long, global = true, display_order = 100, env = "DONGHAENG_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory of the server [default: ./data]
    #[arg(long, global = true, display_order = 101, env = "DONGHAENG_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Directory {
    /// Flag, else environment, else file, else default. A file that cannot be used is a problem also where a flag would win.
    pub fn decide(&self) -> Result<PathBuf, ConfigProblem> {
        let in_file = self.config.as_deref().map(read_file).transpose()?.and_then(|file| file.data);
        Ok(self.data.clone().or(in_file).unwrap_or_else(|| PathBuf::from(DATA_DEFAULT)))
    }
}
