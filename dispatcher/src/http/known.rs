//! Owns who was let in lately: what the record said of a token or tracker secret, so that a fix costs no look into the record. Good
//! only while the list of revocations is followed (`ws::outbox::revoke`): who was revoked is forgotten as soon as that is read, and
//! when nobody reads it, nothing here counts.
//!
//! Invariant: an entry is given out only if all revocations committed more than [`GOOD_FOR`] ago have been taken into account.

use super::App;
use crate::record::{RecordError, Revocation, SignedIn};
use matcher::model::{AccountId, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A right that was taken back works nowhere after a second: with the list last read so long ago, the record is asked.
pub const GOOD_FOR: Duration = Duration::from_millis(900);
/// Most that are known; beyond it all are read anew.
const KNOWN_MAX: usize = 50_000;

/// What a secret is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A sign-in.
    Token,
    /// A tracker.
    Device,
}

/// A secret, by what it is good for and its hash.
pub type Key = (Kind, [u8; 32]);

/// The key of a secret.
pub fn key_of(kind: Kind, secret: &str) -> Key {
    (kind, Sha256::digest(secret.as_bytes()).into())
}

/// Who was let in.
#[derive(Default)]
pub struct Known(Mutex<State>);

#[derive(Default)]
struct State {
    known: HashMap<Key, Arc<SignedIn>>,
    /// When the list of revocations was last read to its end.
    read_at: Option<Instant>,
    /// How often somebody was revoked: who asked the record before may have been told too early.
    revoked: u64,
}

impl Known {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list of revocations was found read to its end by a look that began then.
    pub fn is_read(&self, began: Instant) {
        self.state().read_at = Some(began);
    }

    /// Forgets those who lost their rights.
    pub fn revoke(&self, revocations: &[Revocation]) {
        let mut state = self.state();
        state.revoked += 1;
        state.known.retain(|_, signed_in| {
            !revocations
                .iter()
                .any(|r| r.account == signed_in.account.id && r.token.is_none_or(|t| t == signed_in.token))
        });
    }

    /// Forgets all of an account, at once and not with the list.
    pub fn forget(&self, account: AccountId) {
        let mut state = self.state();
        state.revoked += 1;
        state.known.retain(|_, signed_in| signed_in.account.id != account);
    }

    /// Forgets everybody.
    pub fn forget_all(&self) {
        let mut state = self.state();
        state.revoked += 1;
        state.known.clear();
        state.read_at = None;
    }

    /// Forgets one secret.
    pub fn forget_secret(&self, key: &Key) {
        self.state().known.remove(key);
    }

    /// Who is known by the secret, and how often somebody was revoked by now.
    pub fn look(&self, key: &Key, now: Timestamp) -> (Option<Arc<SignedIn>>, u64) {
        let state = self.state();
        let is_good = state.read_at.is_some_and(|at| at.elapsed() < GOOD_FOR);
        let known = state.known.get(key).filter(|signed_in| is_good && signed_in.expires_at > now);
        (known.cloned(), state.revoked)
    }

    /// Takes note of whose a secret is, unless somebody was revoked since it was asked for.
    pub fn learn(&self, key: Key, signed_in: &Arc<SignedIn>, revoked_before: u64) {
        let mut state = self.state();
        if state.revoked != revoked_before {
            return;
        }
        if state.known.len() >= KNOWN_MAX {
            state.known.clear();
        }
        state.known.insert(key, Arc::clone(signed_in));
    }
}

/// Whose secret it is, if it is good.
pub async fn authenticate(
    app: &App,
    now: Timestamp,
    kind: Kind,
    secret: &str,
) -> Result<Option<Arc<SignedIn>>, RecordError> {
    let key = key_of(kind, secret);
    let (known, revoked) = app.known.look(&key, now);
    if known.is_some() {
        return Ok(known);
    }
    let found = match kind {
        Kind::Token => app.record.authenticate(now, secret).await?,
        Kind::Device => app.record.authenticate_device(now, secret).await?,
    };
    let Some(found) = found.map(Arc::new) else { return Ok(None) };
    app.known.learn(key, &found, revoked);
    Ok(Some(found))
}

/// The same token after it was made to last: it need not be renewed again at once.
pub fn renewed(app: &App, secret: &str, signed_in: &SignedIn, until: Timestamp) {
    let key = key_of(Kind::Token, secret);
    let mut state = app.known.state();
    if let Some(known) = state.known.get_mut(&key) {
        *known = Arc::new(SignedIn { expires_at: until, ..signed_in.clone() });
    }
}
