//! Owns the wish to stop: SIGTERM and Ctrl-C drain, a second one ends at once.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a stop that did not wait.
const STOPPED_HARD: i32 = 130;

/// Cancels `stop` at the first signal; ends the process at the second.
pub fn on_signal(stop: CancellationToken) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    tokio::spawn(async move {
        for hard in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if hard {
                std::process::exit(STOPPED_HARD);
            }
            tracing::info!("draining: no new connections, sockets are asked to come back later");
            stop.cancel();
        }
    });
    Ok(())
}
