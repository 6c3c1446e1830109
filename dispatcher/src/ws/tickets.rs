//! Owns the one-use tickets by which a page's socket signs in: 256 random bits, kept hashed in memory for 30 s. A restart
//! loses them, and the page asks for another.

use crate::clock::Env;
use crate::record::SignedIn;
use matcher::model::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a ticket works, seconds.
pub const TICKET_LIFE_S: u32 = 30;
/// Most tickets at a time; when full, the expired ones go, then all.
const TICKETS_MAX: usize = 50_000;

type Hash = [u8; 32];

/// The tickets out.
#[derive(Default)]
pub struct Tickets(Mutex<HashMap<Hash, (Timestamp, Arc<SignedIn>)>>);

impl Tickets {
    /// A new ticket for whoever is signed in.
    pub fn issue(&self, env: &Env, signed_in: Arc<SignedIn>) -> String {
        let mut random = [0; 32];
        env.entropy.fill(&mut random);
        let ticket = random.iter().fold(String::with_capacity(64), |mut text, b| {
            let _ = write!(text, "{b:02x}");
            text
        });
        let now = env.now();
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if out.len() >= TICKETS_MAX {
            out.retain(|_, (until, _)| *until > now);
            if out.len() >= TICKETS_MAX {
                out.clear();
            }
        }
        out.insert(hash(&ticket), (now.plus_s(i64::from(TICKET_LIFE_S)), signed_in));
        ticket
    }

    /// Whose it is; gone afterwards.
    pub fn redeem(&self, ticket: &str, now: Timestamp) -> Option<Arc<SignedIn>> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&hash(ticket))?;
        (now < taken.0).then_some(taken.1)
    }
}

fn hash(ticket: &str) -> Hash {
    Sha256::digest(ticket.as_bytes()).into()
}
