//! Owns what is known of each source of fixes: how fast it may send, and the session epochs that order what it sends. A person may have
//! several phones signed in and trackers beside. Of the phones the one whose session began last counts, and what any other sends is not
//! looked at: a phone left at home would else be where its owner is as soon as the one with them has no network. Between phone and
//! tracker the later epoch counts, and the other takes over when that has been silent.
//!
//! Invariant: epochs come from the record alone, so they are ordered across lives of the server and whatever Redis still holds.

use super::table::Table;
use crate::http::App;
use crate::http::limit::{Bucket, Rate};
use crate::http::problem::Answer;
use crate::live::TOO_OLD_MS;
use crate::record::Revocation;
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
/// Most sessions of a person's phones that are known: of more the one that began first is forgotten.
const SESSIONS_MAX: usize = 16;

/// Who sends. Both are rows of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A page or app, by the row of its sign-in.
    Phone(i64),
    /// A tracker, by the row of its secret.
    Tracker(i64),
}

/// How fixes came, which says by which count they are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By the account's socket, of which there is one.
    Socket,
    /// By a call: those of a phone go on with the numbers of its socket. A tracker has no other way.
    Call,
    /// By a call that names its session: whoever begins to count anew takes another number.
    Session(u32),
}

impl Via {
    const fn number(self) -> Option<u32> {
        match self {
            Self::Session(number) => Some(number),
            Self::Socket | Self::Call => None,
        }
    }
}

/// A session of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The row of its sign-in.
    pub token: i64,
    /// The number that the phone gave it, if it gave one.
    pub number: Option<u32>,
    /// Its latest epoch.
    pub epoch: u32,
}

/// The latest session epochs of the sources of one person, as far as they were issued in this life of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// Of phones.
    pub phones: Vec<Session>,
    /// Of trackers, by the row of their secret.
    pub trackers: Vec<(i64, u32)>,
}

/// What a source's epoch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Known(u32),
    /// It is to be issued.
    New,
    /// Another phone counts.
    Replaced,
}

impl Epochs {
    /// Of a source.
    pub fn of(&self, source: Source, via: Via) -> Option<u32> {
        match source {
            Source::Phone(token) => {
                let mut sessions = self.phones.iter();
                sessions.find(|known| (known.token, known.number) == (token, via.number())).map(|known| known.epoch)
            }
            Source::Tracker(row) => self.trackers.iter().find(|(of, _)| *of == row).map(|(_, epoch)| *epoch),
        }
    }

    /// The session of the phone that counts.
    pub fn phone(&self) -> Option<Session> {
        self.phones.iter().copied().max_by_key(|session| session.epoch)
    }

    /// The latest of all.
    pub fn latest(&self) -> Option<u32> {
        self.trackers.iter().map(|(_, epoch)| *epoch).chain(self.phone().map(|session| session.epoch)).max()
    }

    /// Of two phones the one whose session began last counts. A session begins with the welcome of a socket, with a number not heard
    /// before, and with the first call of a later sign-in; whatever else comes may be of a phone that lies somewhere. The socket of a later
    /// sign-in takes its place back: after a restart of the server the numbers of all are new.
    fn standing(&self, source: Source, via: Via) -> Standing {
        let own = self.of(source, via);
        let known = own.map_or(Standing::New, Standing::Known);
        let (Source::Phone(token), Some(counts)) = (source, self.phone()) else { return known };
        match via {
            Via::Socket if own == Some(counts.epoch) => known,
            Via::Socket if counts.token <= token => Standing::New,
            Via::Call | Via::Session(_) if counts.token == token => known,
            Via::Call if own.is_none() && counts.token < token => Standing::New,
            Via::Session(_) if own.is_none() => Standing::New,
            _ => Standing::Replaced,
        }
    }

    /// Takes note of one that was issued. Of two that were asked for at once the later one counts.
    fn issued(&mut self, source: Source, via: Via, epoch: u32) -> u32 {
        let epoch = epoch.max(self.of(source, via).unwrap_or(0));
        match source {
            Source::Phone(token) => {
                let number = via.number();
                self.phones.retain(|known| (known.token, known.number) != (token, number));
                if self.phones.len() >= SESSIONS_MAX
                    && let Some(first) = (0..self.phones.len()).min_by_key(|&at| self.phones[at].epoch)
                {
                    self.phones.swap_remove(first);
                }
                self.phones.push(Session { token, number, epoch });
            }
            Source::Tracker(row) => {
                self.trackers.retain(|(known, _)| *known != row);
                if self.trackers.len() >= TRACKERS_MAX {
                    self.trackers.remove(0);
                }
                self.trackers.push((row, epoch));
            }
        }
        epoch
    }
}

/// How fast each source has sent.
#[derive(Default)]
pub struct Rates(Table<Source, Bucket>);

impl Rates {
    /// Takes so many fixes of the source's rate; `Err` holds whole seconds after which they will be there.
    pub fn count(&self, source: Source, fixes: usize, now: Timestamp) -> Result<(), u32> {
        let take = |bucket: &mut Bucket| bucket.take_many(FIX_RATE, fixes as f64, now.0);
        let taken = self.0.with(source, || Bucket::full(FIX_RATE, now.0), take);
        taken.map_err(|seconds| seconds.ceil().max(1.0) as u32)
    }
}

/// The end of a message's fixes.
#[derive(Clone, Copy)]
pub(super) struct Newest {
    taken_ms: i64,
    seq: u32,
}

impl Newest {
    /// The latest time and the highest number of them.
    pub(super) fn of(fixes: &[Fix]) -> Self {
        let taken_ms = fixes.iter().map(|fix| fix.taken_at_ms).max().unwrap_or(i64::MIN);
        Self { taken_ms, seq: fixes.iter().map(|fix| fix.seq).max().unwrap_or(0) }
    }
}

/// Whether a source needs a new epoch before its fixes count: what it numbers comes before what was believed last, since another source
/// was heard meanwhile or it has begun to count anew and does not say so, that has been silent, and it knows something newer. `last` is
/// what the live index knows.
fn takes_over(own: u32, last: Option<&Fix>, newest: Newest, now: Timestamp) -> bool {
    last.is_some_and(|last| {
        let silent_ms = now.0.saturating_sub(last.taken_at_ms);
        (own, newest.seq) < (last.session_epoch, last.seq)
            && silent_ms > TAKE_OVER_MS
            && newest.taken_ms > last.taken_at_ms
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

    /// The session epoch that the source's fixes are ordered by; `None` of a phone that does not count. A source that was overtaken gets a
    /// new epoch when the other has been silent and it knows something newer.
    pub(super) async fn epoch(
        &self,
        app: &App,
        account: AccountId,
        (source, via): (Source, Via),
        newest: Newest,
        now: Timestamp,
    ) -> Answer<Option<u32>> {
        let known = self.epochs.look(&account, |used| {
            let standing = used.epochs.standing(source, via);
            // One that does not count keeps nobody from being forgotten.
            if standing != Standing::Replaced {
                used.at = now;
            }
            standing
        });
        let last = app.sight.places.last_fix(account);
        match known.unwrap_or(Standing::New) {
            Standing::Replaced => Ok(None),
            Standing::Known(own) if !takes_over(own, last.as_ref(), newest, now) => Ok(Some(own)),
            Standing::Known(_) | Standing::New => self.new_epoch(app, account, source, via).await.map(Some),
        }
    }

    /// A new one.
    pub(super) async fn new_epoch(&self, app: &App, account: AccountId, source: Source, via: Via) -> Answer<u32> {
        let epoch = app.record.next_session_epoch(account).await?;
        let now = app.env.now();
        let make = || Used { epochs: Epochs::default(), at: now };
        Ok(self.epochs.with(account, make, |used| {
            used.at = now;
            used.epochs.issued(source, via, epoch)
        }))
    }

    /// A phone that was signed out no longer stands before another.
    pub(super) fn revoke(&self, revocations: &[Revocation]) {
        for revoked in revocations {
            self.epochs.look(&revoked.account, |used| {
                used.epochs.phones.retain(|known| revoked.token.is_some_and(|token| token != known.token));
            });
        }
    }

    /// Forgets those of whom nothing came for so long that nothing they still hold would be taken. What they send next gets a new
    /// epoch, one write.
    pub(super) fn forget_unused(&self, now: Timestamp) {
        self.epochs.retain(|_, used| now.since_ms(used.at) <= TOO_OLD_MS);
    }
}
