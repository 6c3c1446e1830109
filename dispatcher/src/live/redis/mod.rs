//! Owns all that is said to Redis and heard from it: a task that writes this node's changes (`writer`, `link`, `parcel`) and one that
//! hears everybody's (`mirror`, `errand`). The only code that knows Redis. Answers no query: the in-process index does.
//!
//! What all nodes come to does not depend on who hears what first: members are ordered by (session epoch, sequence), the gone leave
//! theirs behind, and nothing is removed for being absent.

mod address;
mod books;
mod errand;
mod keys;
mod line;
mod link;
mod message;
mod mirror;
mod nodes;
mod packed;
mod parcel;
mod queue;
mod topology;
mod writer;

#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod cluster_fault_tests;
#[cfg(test)]
pub(super) mod cluster_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod mirror_tests;
#[cfg(test)]
mod redis_tests;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod sentinel_tests;
#[cfg(test)]
pub(super) mod test_server;
#[cfg(test)]
mod writing_tests;

pub use address::Address;
pub(super) use mirror::READ_EVERY;
pub(super) use queue::Queue;

use super::Shared;
use crate::clock::Env;
use ::redis::{ErrorKind, RedisError, RedisResult};
use books::Books;
use keys::Keys;
use link::Link;
use mirror::Mirror;
use nodes::Nodes;
use parcel::FUNCTIONS;
use queue::Side;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Why Redis cannot be used. Never holds the URL: it may carry a password.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Not a URL of a Redis.
    #[error("the redis url {0}")]
    BadUrl(&'static str),
    /// Wrong or missing credentials.
    #[error("redis refused the credentials in its url")]
    Refused,
}

/// What a node has to do with Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It writes its own and hears everybody's, reads every tag again so often, takes the silent out, and gives Redis its word.
    Whole { read_every: Duration },
    /// It writes its own.
    Writes,
}

/// The running tasks.
pub(super) struct Tasks {
    books: Arc<Books>,
    stop: CancellationToken,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Tasks {
    /// Reads everything back, then writes and listens. A Redis that is away is tried again by the tasks.
    pub(super) async fn start(
        address: &Address,
        prefix: &str,
        env: &Env,
        shared: Arc<Shared>,
        part: Part,
    ) -> Result<Self, LiveError> {
        let mut incarnation = [0; 8];
        env.entropy.fill(&mut incarnation);
        let incarnation = u64::from_be_bytes(incarnation);
        let books = Arc::new(Books::new(shared, env.clone()));
        let keys = match address.db() {
            0 => Keys::new(prefix),
            db => Keys::new(&format!("{prefix}{db}:")),
        };
        let nodes = Nodes::new(address.clone(), env.clone(), None, Some(FUNCTIONS));
        let mut link = Link::new(nodes, keys.clone(), Arc::clone(&books), incarnation, part);
        // The writer first: it brings the functions that the mirror calls.
        begun(&books, Side::Writer, link.first().await)?;
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();
        match part {
            Part::Whole { read_every } => {
                let nodes = |on_push| Nodes::new(address.clone(), env.clone(), Some(on_push), None);
                let mut mirror = Mirror::new(nodes, keys, Arc::clone(&books), incarnation, read_every);
                begun(&books, Side::Mirror, mirror.first().await)?;
                tasks.push(tokio::spawn(mirror.run(stop.clone())));
            }
            // There is nothing to be heard.
            Part::Writes => begun(&books, Side::Mirror, Ok(()))?,
        }
        tasks.push(tokio::spawn(writer::run(link, Arc::clone(&books), stop.clone())));
        Ok(Self { books, stop, running: Mutex::new(tasks) })
    }

    /// Forgets where Redis has those of whom nothing is known any more.
    pub(super) fn let_go(&self) {
        self.books.let_go();
    }

    /// Whether both run: they end by [`Self::stop`] only, or by a fault of their own.
    pub(super) fn run(&self) -> bool {
        let tasks = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        !tasks.is_empty() && tasks.iter().all(|task| !task.is_finished())
    }

    /// Ends them after the batch in hand.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        let tasks = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // A panic of a task has been reported by the runtime; there is nothing left to stop then.
            let _ = task.await;
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Notes what a first exchange came to. Only refused credentials are an error: they are to be told at the start.
fn begun(books: &Books, side: Side, first: RedisResult<()>) -> Result<(), LiveError> {
    match first {
        Ok(()) => {
            books.queue().set_up(side, true);
        }
        Err(error) if is_refusal(&error) => return Err(LiveError::Refused),
        Err(error) => tracing::warn!(redis.error = ?error.kind(), "redis is away; positions wait in memory"),
    }
    Ok(())
}

fn is_refusal(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}
