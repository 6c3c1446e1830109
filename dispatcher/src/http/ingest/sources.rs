//! Owns what is known of each source of fixes: how fast it may send, and the session epochs that order what it sends. A person may have
//! several phones signed in and trackers beside. Of the phones the one whose session began last counts, and what any other sends is not
//! looked at: a phone left at home would else be where its owner is as soon as the one with them has no network. Between phone and
//! tracker the later epoch counts, and the other takes over when that has been silent.
//!
//! Invariant: epochs come from the record alone, so they are ordered across lives of the server and whatever Redis still holds; and which
//! phone counts is on it in the same write, so that a restart puts none back that was replaced.

use super::table::Table;
use crate::http::App;
use crate::http::limit::{Bucket, Rate};
use crate::http::problem::{Answer, Code};
use crate::live::{LastOrder, TOO_OLD_MS};
use crate::record::{Issued, PhoneSession, Revocation};
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
    /// By a call of a phone that says that it sends no more: it is where it is, and replaces none that goes on.
    Once,
}

impl Via {
    const fn number(self) -> Option<u32> {
        match self {
            Self::Session(number) => Some(number),
            Self::Socket | Self::Call | Self::Once => None,
        }
    }
}

/// The latest session epochs of the sources of one person: of trackers as far as they were issued in this life of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epochs {
    /// Of phones.
    pub phones: Vec<PhoneSession>,
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
            Source::Phone(_) if via == Via::Once => None,
            Source::Phone(token) => {
                let mut sessions = self.phones.iter();
                sessions.find(|known| (known.token, known.number) == (token, via.number())).map(|known| known.epoch)
            }
            Source::Tracker(row) => self.trackers.iter().find(|(of, _)| *of == row).map(|(_, epoch)| *epoch),
        }
    }

    /// The session of the phone that counts.
    pub fn phone(&self) -> Option<PhoneSession> {
        self.phones.iter().copied().max_by_key(|session| session.epoch)
    }

    /// The latest of all.
    pub fn latest(&self) -> Option<u32> {
        self.trackers.iter().map(|(_, epoch)| *epoch).chain(self.phone().map(|session| session.epoch)).max()
    }

    /// Of two phones the one whose session began last counts. A session begins with the welcome of a socket, with a number not heard
    /// before, and with the first call of a later sign-in; whatever else comes may be of a phone that lies somewhere. The socket of a later
    /// sign-in takes its place back from one that has begun a session over REST.
    fn standing(&self, source: Source, via: Via) -> Standing {
        let own = self.of(source, via);
        let known = own.map_or(Standing::New, Standing::Known);
        let (Source::Phone(token), Some(counts)) = (source, self.phone()) else { return known };
        match via {
            Via::Once => Standing::New,
            Via::Socket if own == Some(counts.epoch) => known,
            Via::Socket if counts.token <= token => Standing::New,
            Via::Call | Via::Session(_) if counts.token == token => known,
            Via::Call if own.is_none() && counts.token < token => Standing::New,
            Via::Session(_) if own.is_none() => Standing::New,
            _ => Standing::Replaced,
        }
    }

    /// Whether a socket that goes on by itself, after a session of that epoch, is of a phone that was put down: another was taken up since.
    /// Not if its own next fix would take its place back.
    pub fn is_left_behind(&self, token: i64, resumed: u32) -> bool {
        self.phone().is_some_and(|counts| {
            let takes_back = counts.number.is_some() && counts.token < token;
            counts.token != token && counts.epoch > resumed && !takes_back
        })
    }

    /// Takes note of one that was issued to a tracker. Of two that were asked for at once the later one counts.
    fn tracker_issued(&mut self, row: i64, epoch: u32) {
        let epoch = epoch.max(self.of(Source::Tracker(row), Via::Call).unwrap_or(0));
        self.trackers.retain(|(known, _)| *known != row);
        if self.trackers.len() >= TRACKERS_MAX {
            self.trackers.remove(0);
        }
        self.trackers.push((row, epoch));
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
/// was heard meanwhile or it has begun to count anew and does not say so, that has been silent, and it knows something newer. Whoever is
/// gone, at a shift's end, is heard again at once. `last` is what the live index knows.
fn takes_over(own: u32, last: Option<LastOrder>, newest: Newest, now: Timestamp) -> bool {
    last.is_some_and(|last| {
        let silent_ms = now.0.saturating_sub(last.taken_at_ms);
        (own, newest.seq) < last.order
            && (last.is_gone || silent_ms > TAKE_OVER_MS)
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
    /// The epoch at which those of phones were read from the record.
    as_of: u32,
    at: Timestamp,
}

impl Used {
    fn new(at: Timestamp) -> Self {
        Self { epochs: Epochs::default(), as_of: 0, at }
    }

    /// What the record said of phones, unless something later is known.
    fn learn(&mut self, as_of: u32, phones: Vec<PhoneSession>) {
        if as_of >= self.as_of {
            (self.as_of, self.epochs.phones) = (as_of, phones);
        }
    }

    /// What a source is, which is then in use: one that does not count keeps nobody from being forgotten.
    fn standing(&mut self, source: Source, via: Via, now: Timestamp) -> Standing {
        let standing = self.epochs.standing(source, via);
        if standing != Standing::Replaced {
            self.at = now;
        }
        standing
    }
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
        let look = || self.epochs.look(&account, |used| used.standing(source, via, now));
        let mut known = look();
        if known.is_none() {
            self.load(app, account).await?;
            known = look();
        }
        let last = app.sight.places.last_order(account);
        match known.unwrap_or(Standing::New) {
            Standing::Replaced => Ok(None),
            Standing::Known(own) if !takes_over(own, last, newest, now) => Ok(Some(own)),
            Standing::Known(_) | Standing::New => self.new_epoch(app, account, source, via).await.map(Some),
        }
    }

    /// Whether a socket that goes on by itself is of a phone that was put down.
    pub(super) async fn is_left_behind(&self, app: &App, account: AccountId, token: i64, resumed: u32) -> Answer<bool> {
        let look = || self.epochs.look(&account, |used| used.epochs.is_left_behind(token, resumed));
        if let Some(known) = look() {
            return Ok(known);
        }
        self.load(app, account).await?;
        Ok(look().unwrap_or(false))
    }

    /// Reads what the record knows of a person of whom nothing is known here: one read, with the first that comes of them in a life of the
    /// server, where an epoch would be issued anyway.
    async fn load(&self, app: &App, account: AccountId) -> Answer<()> {
        let phones = app.record.phone_sessions(account).await?;
        let as_of = phones.iter().map(|session| session.epoch).max().unwrap_or(0);
        let make = || Used::new(app.env.now());
        self.epochs.with(account, make, |used| used.learn(as_of, still(app, account, phones)));
        Ok(())
    }

    /// A new one.
    pub(super) async fn new_epoch(&self, app: &App, account: AccountId, source: Source, via: Via) -> Answer<u32> {
        let phone = match source {
            Source::Phone(token) if via != Via::Once => Some((token, via.number())),
            Source::Phone(_) | Source::Tracker(_) => None,
        };
        let issued = app.record.next_session_epoch(account, phone).await?;
        let Issued { epoch, phones } = issued.ok_or(Code::BadToken)?;
        let now = app.env.now();
        self.epochs.with(
            account,
            || Used::new(now),
            |used| {
                used.at = now;
                used.learn(epoch, still(app, account, phones));
                if let Source::Tracker(row) = source {
                    used.epochs.tracker_issued(row, epoch);
                }
            },
        );
        Ok(epoch)
    }

    /// A phone that was signed out no longer stands before another.
    pub(super) fn revoke(&self, revocations: &[Revocation]) {
        for revoked in revocations {
            self.epochs.look(&revoked.account, |used| {
                used.epochs.phones.retain(|known| revoked.token.is_some_and(|token| token != known.token));
            });
        }
    }

    /// Forgets those of whom nothing came for so long that nothing they still hold would be taken. Who sends next is looked up on the
    /// record.
    pub(super) fn forget_unused(&self, now: Timestamp) {
        self.epochs.retain(|_, used| now.since_ms(used.at) <= TOO_OLD_MS);
    }
}

/// Of what was read those that have not been signed out meanwhile.
fn still(app: &App, account: AccountId, mut phones: Vec<PhoneSession>) -> Vec<PhoneSession> {
    phones.retain(|known| !app.hub.has_ended(account, known.token));
    phones
}
