//! Owns how many of the supervisors' searches run at once: candidates, judgements, isochrones. Each takes a processor for long, and
//! the engine, whose batches find crews, must never wait behind them.

use super::App;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::sync::Semaphore;

/// Searches take at most this fraction of the processors.
const SHARE: usize = 2;

/// Leave to search.
pub struct Searches(Arc<Semaphore>);

impl Default for Searches {
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self::of((processors / SHARE).max(1))
    }
}

impl Searches {
    fn of(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// Waits for its turn, then runs off the async threads. A search whose caller has gone keeps its turn until it ends.
    async fn run<T: Send + 'static>(&self, search: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = Arc::clone(&self.0).acquire_owned().await.expect("the semaphore is never closed");
        let found = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            search()
        });
        found.await.expect("a search does not panic")
    }
}

impl App {
    /// What the search finds, when it is its turn.
    pub async fn search<T: Send + 'static>(&self, search: impl FnOnce() -> T + Send + 'static) -> T {
        self.searches.run(search).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_than_so_many_run_at_once_even_if_their_callers_go() {
        let searches = Searches::of(2);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let search = || {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Long enough for the others to be there.
                (0..200).for_each(|_| std::thread::yield_now());
                running.fetch_sub(1, Ordering::SeqCst);
            }
        };
        for _ in 0..20 {
            // The caller looks once and goes.
            let gone = futures_util::future::select(Box::pin(searches.run(search())), std::future::ready(())).await;
            drop(gone);
        }
        futures_util::future::join_all((0..20).map(|_| searches.run(search()))).await;
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }
}
