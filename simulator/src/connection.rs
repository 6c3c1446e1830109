//! Owns staying connected: opens the socket again with full jitter, resumes where it was, and stops where a close code says so.
//! Does not read messages.

use crate::ledger::absorb;
use crate::socket::{Closed, Counts, Credentials, Resume, Socket, backoff};
use crate::world::{Stage, World};
use rand::rngs::StdRng;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A socket that was up this long starts its next wait from the beginning.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// One account's way to the server.
#[derive(Debug)]
pub struct Connection {
    world: Arc<World>,
    index: usize,
    who: String,
    source: Option<IpAddr>,
    resume: Option<Resume>,
    attempt: u32,
}

/// What a conversation was ended by.
#[derive(Clone, Debug)]
pub enum Ended {
    /// The server or the wire.
    Closed(Closed),
    /// This side dropped the connection on purpose.
    Dropped,
    /// The run is over.
    Over,
}

/// A socket whose counts go into the run's tally.
#[derive(Debug)]
pub struct Line {
    /// The socket itself.
    pub socket: Socket,
    world: Arc<World>,
    seen: Counts,
}

impl Connection {
    /// For the account of a token; `index` picks the source address and the node.
    pub fn new(world: Arc<World>, token: &str, index: usize) -> Self {
        let source = world.source(index);
        Self { world, index, who: token.to_owned(), source, resume: None, attempt: 0 }
    }

    /// An open socket; `None` when the run is over or the server will not have this account.
    pub async fn open(&mut self, rng: &mut StdRng) -> Option<Line> {
        loop {
            if *self.world.stage.borrow() == Stage::Over {
                return None;
            }
            if self.attempt > 0 {
                tokio::time::sleep(backoff(self.attempt - 1, rng)).await;
            }
            self.attempt += 1;
            let who = Credentials::Bearer(self.who.clone());
            match Socket::open(self.world.node(self.index).target(), &who, self.resume, self.source).await {
                Ok(socket) => {
                    let tally = &self.world.ledger.tally;
                    tally.opened.fetch_add(1, Ordering::Relaxed);
                    tally.open.fetch_add(1, Ordering::Relaxed);
                    return Some(Line { socket, world: Arc::clone(&self.world), seen: Counts::default() });
                }
                Err(e) => {
                    self.world.ledger.error(&e.word());
                    if !e.may_retry() {
                        return None;
                    }
                }
            }
        }
    }

    /// Takes note of how a conversation ended; true if it may go on.
    pub fn ended(&mut self, line: &Line, ended: &Ended, lasted: Duration) -> bool {
        self.resume = Some(line.socket.resume());
        if lasted >= STABLE_AFTER {
            self.attempt = 1;
        }
        match ended {
            Ended::Over => false,
            Ended::Dropped => true,
            Ended::Closed(closed) => {
                self.world.ledger.error(&closed.word());
                closed.may_reconnect()
            }
        }
    }
}

impl Line {
    /// Brings the run's counters up to date.
    pub fn count(&mut self) {
        absorb(&self.world.ledger.tally, &mut self.seen, self.socket.counts);
        if let Some(took) = self.socket.answered() {
            self.world.ledger.fix_taken(took);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.count();
        self.world.ledger.tally.open.fetch_sub(1, Ordering::Relaxed);
    }
}
