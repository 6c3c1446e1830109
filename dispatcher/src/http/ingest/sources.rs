//! Owns what is known of each source of fixes: how fast it may send, and the session epoch that orders what it sends. A person may
//! have two, a phone and a tracker; the one with the later epoch counts, and the other takes over when that has been silent.

use super::table::Table;
use crate::http::App;
use crate::http::limit::{Bucket, Rate};
use crate::http::problem::Answer;
use crate::live::TOO_OLD_MS;
use geo::Fix;
use matcher::model::{AccountId, Timestamp};

/// Fixes of one source, over HTTP and sockets together, each of a batch counted: five minutes of a phone that measured every second
/// and had no network, then five a second.
pub const FIX_RATE: Rate = Rate { per_s: 5.0, burst: 300.0 };
/// Another source of the same person takes over when the one that counts has been silent so long, milliseconds: several fixes of a
/// phone, and long before anybody is taken for silent.
const TAKE_OVER_MS: i64 = 20_000;
/// Most trackers of a person whose epochs are known: twice as many as may work at a time.
const TRACKERS_MAX: usize = 8;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The page or app of the account, with its own numbers.
    Phone(AccountId),
    /// A tracker, by the row of its secret.
    Tracker(i64),
}

/// The latest session epoch of each source of one person; `None` and absent until one was issued in this life of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// Of the page or app.
    pub phone: Option<u32>,
    /// Of trackers, by the row of their secret.
    pub trackers: Vec<(i64, u32)>,
}

impl Epochs {
    /// Of a source.
    pub fn of(&self, source: Source) -> Option<u32> {
        match source {
            Source::Phone(_) => self.phone,
            Source::Tracker(row) => self.trackers.iter().find(|(of, _)| *of == row).map(|(_, epoch)| *epoch),
        }
    }

    /// The latest of all.
    pub fn latest(&self) -> Option<u32> {
        self.trackers.iter().map(|(_, epoch)| *epoch).chain(self.phone).max()
    }

    /// Takes note of one that was issued. Of two that were asked for at once the later one counts.
    fn issued(&mut self, source: Source, epoch: u32) -> u32 {
        let known = match source {
            Source::Phone(_) => self.phone.get_or_insert(epoch),
            Source::Tracker(row) => {
                let at = self.trackers.iter().position(|(of, _)| *of == row).unwrap_or_else(|| {
                    if self.trackers.len() >= TRACKERS_MAX {
                        self.trackers.remove(0);
                    }
                    self.trackers.push((row, epoch));
                    self.trackers.len() - 1
                });
                &mut self.trackers[at].1
            }
        };
        *known = epoch.max(*known);
        *known
    }
}

/// How fast each source has sent.
#[derive(Default)]
pub(super) struct Rates(Table<Source, Bucket>);

impl Rates {
    /// Takes so many fixes of the source's rate; `Err` holds whole seconds after which they will be there.
    pub(super) fn count(&self, source: Source, fixes: usize, now: Timestamp) -> Result<(), u32> {
        let take = |bucket: &mut Bucket| bucket.take_many(FIX_RATE, fixes as f64, now.0);
        let taken = self.0.with(source, || Bucket::full(FIX_RATE, now.0), take);
        taken.map_err(|seconds| seconds.ceil().max(1.0) as u32)
    }
}

/// Whether a source needs a new epoch before its fixes count: it was overtaken by another, which has been silent, and it knows something
/// newer. `last` is what the live index knows, `newest_ms` when the newest of the fixes was taken.
fn takes_over(own: u32, last: Option<&Fix>, newest_ms: i64, now: Timestamp) -> bool {
    last.is_some_and(|last| {
        let silent_ms = now.0.saturating_sub(last.taken_at_ms);
        last.session_epoch > own && silent_ms > TAKE_OVER_MS && newest_ms > last.taken_at_ms
    })
}

/// All that send.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) rates: Rates,
    epochs: Table<AccountId, Used>,
}

/// The epochs of a person's sources, and when one of them was last asked for.
struct Used {
    epochs: Epochs,
    at: Timestamp,
}

impl Sources {
    /// The epochs of a person's sources.
    pub(super) fn epochs(&self, account: AccountId) -> Epochs {
        self.epochs.look(&account, |used| used.epochs.clone()).unwrap_or_default()
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
        let known = self.epochs.look(&account, |used| {
            used.at = now;
            used.epochs.of(source)
        });
        let known = known.flatten();
        let last = app.sight.places.last_fix(account);
        match known.filter(|own| !takes_over(*own, last.as_ref(), newest_ms, now)) {
            Some(epoch) => Ok(epoch),
            None => self.new_epoch(app, source, account).await,
        }
    }

    /// A new one.
    pub(super) async fn new_epoch(&self, app: &App, source: Source, account: AccountId) -> Answer<u32> {
        let epoch = app.record.next_session_epoch(account).await?;
        let now = app.env.now();
        let make = || Used { epochs: Epochs::default(), at: now };
        Ok(self.epochs.with(account, make, |used| {
            used.at = now;
            used.epochs.issued(source, epoch)
        }))
    }

    /// Forgets those of whom nothing came for so long that nothing they still hold would be taken. What they send next gets a new
    /// epoch, one write.
    pub(super) fn forget_unused(&self, now: Timestamp) {
        self.epochs.retain(|_, used| now.since_ms(used.at) <= TOO_OLD_MS);
    }
}
