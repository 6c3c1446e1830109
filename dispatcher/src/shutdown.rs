//! Owns the wish to stop: SIGTERM and Ctrl-C drain, a second one ends at once; and a server that has lost a part it cannot do
//! without drains too, and ends with an error, so that whoever keeps it running starts it anew.

use anyhow::{Context, Result, ensure};
use std::sync::{Arc, OnceLock};
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

/// Watches the parts that only end when the server does.
#[derive(Clone)]
pub struct Vital {
    stop: CancellationToken,
    lost: Arc<OnceLock<&'static str>>,
}

/// Held by a vital part for as long as it runs; dropped by a panic too.
pub struct Running {
    part: &'static str,
    vital: Vital,
}

impl Vital {
    /// Parts of a server that stops by `stop`.
    pub fn new(stop: CancellationToken) -> Self {
        Self { stop, lost: Arc::default() }
    }

    /// What a part holds while it runs.
    pub fn running(&self, part: &'static str) -> Running {
        Running { part, vital: self.clone() }
    }

    /// Work that is to go on until the server stops.
    pub fn keep<F: Future>(&self, part: &'static str, work: F) -> impl Future<Output = F::Output> + use<F> {
        let running = self.running(part);
        async move {
            let _running = running;
            work.await
        }
    }

    /// Fails if a part ended before the server was to stop.
    pub fn whole(&self) -> Result<()> {
        let lost = self.lost.get();
        ensure!(lost.is_none(), "{} ended; the server stopped, because it cannot do without", lost.unwrap_or(&""));
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.vital.stop.is_cancelled() {
            tracing::error!(part = self.part, "a part ended that the server cannot do without; draining");
            let _ = self.vital.lost.set(self.part);
            self.vital.stop.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_loses_a_part_stops_and_says_which() {
        let vital = Vital::new(CancellationToken::new());
        let ended = tokio::spawn(vital.keep("the engine", async { panic!("as a bug would") })).await;
        assert!(ended.is_err() && vital.stop.is_cancelled());
        assert!(vital.whole().unwrap_err().to_string().starts_with("the engine ended"));
    }

    #[test]
    fn a_thread_counts_as_a_task_does() {
        let vital = Vital::new(CancellationToken::new());
        let running = vital.running("the field");
        let thread = std::thread::spawn(move || {
            let _running = running;
            panic!("as a bug would")
        });
        assert!(thread.join().is_err() && vital.stop.is_cancelled() && vital.whole().is_err());
    }

    #[tokio::test]
    async fn parts_that_end_with_the_server_are_no_loss() {
        let vital = Vital::new(CancellationToken::new());
        vital.stop.cancel();
        vital.keep("the engine", async {}).await;
        vital.whole().unwrap();
    }
}
