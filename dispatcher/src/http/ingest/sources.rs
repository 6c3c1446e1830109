//! Owns what is known of each source of fixes: how fast it may send, and the session epoch that orders what it sends. A person may
//! have two, a phone and a tracker; the one with the later epoch counts, and the other takes over when that has been silent.

use super::table::Table;
use crate::http::App;
use crate::http::limit::{Bucket, Rate};
use crate::http::problem::Answer;
use matcher::model::{AccountId, Timestamp};

/// Fixes of one source, over HTTP and sockets together, each of a batch counted: five minutes of a phone that measured every second
/// and had no network, then five a second.
pub const FIX_RATE: Rate = Rate { per_s: 5.0, burst: 300.0 };
/// Another source of the same person takes over when the one that counts has been silent so long, milliseconds: several fixes of a
/// phone, and long before anybody is taken for silent.
const TAKE_OVER_MS: i64 = 20_000;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The page or app of the account, with its own numbers.
    Phone(AccountId),
    /// A tracker, by the row of its secret.
    Tracker(i64),
}

struct Sending {
    bucket: Bucket,
    /// `None` until one was issued in this life of the server.
    epoch: Option<u32>,
}

/// All that send.
#[derive(Default)]
pub(super) struct Sources(Table<Source, Sending>);

impl Sources {
    fn with<R>(&self, source: Source, now: Timestamp, change: impl FnOnce(&mut Sending) -> R) -> R {
        let make = || Sending { bucket: Bucket::full(FIX_RATE, now.0), epoch: None };
        self.0.with(source, make, change)
    }

    /// Takes so many fixes of the source's rate; `Err` holds whole seconds after which they will be there.
    pub(super) fn count(&self, source: Source, fixes: usize, now: Timestamp) -> Result<(), u32> {
        let taken = self.with(source, now, |sending| sending.bucket.take_many(FIX_RATE, fixes as f64, now.0));
        taken.map_err(|seconds| seconds.ceil().max(1.0) as u32)
    }

    /// The session epoch that the source's fixes are ordered by. `newest_ms` is when the newest of them was taken: a source that
    /// was overtaken gets a new epoch when the other has been silent and it knows something newer.
    pub(super) async fn epoch(
        &self,
        app: &App,
        source: Source,
        account: AccountId,
        newest_ms: i64,
        now: Timestamp,
    ) -> Answer<u32> {
        let last = app.sight.places.last_fix(account);
        let takes_over = |own: u32| {
            last.is_some_and(|last| {
                let silent_ms = now.0.saturating_sub(last.taken_at_ms);
                last.session_epoch > own && silent_ms > TAKE_OVER_MS && newest_ms > last.taken_at_ms
            })
        };
        match self.with(source, now, |sending| sending.epoch.filter(|own| !takes_over(*own))) {
            Some(epoch) => Ok(epoch),
            None => self.new_epoch(app, source, account).await,
        }
    }

    /// A new one.
    pub(super) async fn new_epoch(&self, app: &App, source: Source, account: AccountId) -> Answer<u32> {
        let epoch = app.record.next_session_epoch(account).await?;
        // Of two that were asked for at once the later one counts.
        Ok(self.with(source, app.env.now(), |sending| *sending.epoch.insert(sending.epoch.unwrap_or(0).max(epoch))))
    }
}
