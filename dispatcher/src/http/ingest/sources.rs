//! Owns what is known of each source of fixes: how fast it may send, and the session epochs that order what it sends. A person may have
//! several phones signed in and trackers beside. Of the phones the one whose session began last counts, and what any other sends is not
//! looked at: a phone left at home would else be where its owner is as soon as the one with them has no network. Beside that phone a
//! tracker counts only while it is silent or knows no more than a circle, and of two trackers the other only while the one is so.
//!
//! Invariant: epochs come from the record alone, so they are ordered across lives of the server and whatever Redis still holds; and which
//! phone counts is on it in the same write, so that a restart puts none back that was replaced.

use super::table::Table;
use crate::http::App;
use crate::http::limit::{Bucket, Rate};
use crate::http::problem::{Answer, Code};
use crate::live::{LastOrder, TOO_OLD_MS, Verdict};
use crate::record::{Issued, PhoneSession, Revocation};
use geo::{ACCURACY_M_MAX, FUTURE_MS_MAX, Fix};
use matcher::model::{AccountId, Timestamp};

/// Fixes of one source, over HTTP and sockets together, each of a batch counted: five minutes of a phone that measured every second
/// and had no network, then five a second.
pub const FIX_RATE: Rate = Rate { per_s: 5.0, burst: 300.0 };
/// A tracker takes over when the source that counts has been silent so long, milliseconds: several fixes of a phone, and long before
/// anybody is taken for silent. A phone waits so long for its own last number, and for one place that came with an alarm.
const TAKE_OVER_MS: i64 = 20_000;
/// Before every epoch that is issued: what is numbered in it is old wherever anything is known.
const BEFORE_ALL: u32 = 0;
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
    /// This one.
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

    /// What the source's epoch is for what it has to tell now; `last` is what the live index knows. One that was overtaken needs a new one
    /// to take over. `newest` is `None` if nothing of it can be believed: that takes nothing from anybody.
    fn claim(
        &self,
        (source, via): (Source, Via),
        last: Option<LastOrder>,
        newest: Option<Newest>,
        now: Timestamp,
    ) -> Standing {
        let is_tracker = matches!(source, Source::Tracker(_));
        match (self.standing(source, via), last, newest) {
            (Standing::Known(own), Some(last), Some(newest)) if self.takes_over(source, own, last, newest, now) => {
                Standing::New
            }
            // Its epoch was issued while the phone was silent, and then nothing of it was believed: the phone is heard again.
            (Standing::Known(own), Some(last), newest)
                if is_tracker && own > last.order.0 && self.is_of_phone(last) =>
            {
                Standing::Known(if may_be_followed(last, newest, now) { own } else { BEFORE_ALL })
            }
            (Standing::New, last, newest) if is_tracker => self.of_new_tracker(last, newest, now),
            (standing, ..) => standing,
        }
    }

    /// Whether a source takes over from what was believed last: what it numbers comes before that, since another source was heard meanwhile
    /// or it has begun to count anew and does not say so, and it knows something newer. From a tracker the phone that counts takes over
    /// at once, but not with a circle from a place: it is in somebody's hand. Else the one that counts must have been silent, or gone
    /// at a shift's end; so two that report all the time do not take turns.
    fn takes_over(&self, source: Source, own: u32, last: LastOrder, newest: Newest, now: Timestamp) -> bool {
        let is_over_tracker = matches!(source, Source::Phone(_))
            && self.trackers.iter().any(|(_, epoch)| *epoch == last.order.0)
            && (last.is_coarse || !newest.is_coarse);
        (own, newest.seq) < last.order
            && newest.taken_ms > last.taken_at_ms
            && (is_over_tracker || may_be_followed(last, Some(newest), now))
    }

    /// Whether the phone that counts told it, or one before it.
    fn is_of_phone(&self, last: LastOrder) -> bool {
        self.phone().is_some_and(|counts| last.order.0 <= counts.epoch)
    }

    /// Of a tracker that was not heard in this life of the server. It waits as it would had it been, for a new epoch is the latest, and would
    /// silence the phone that reports; not after a report of its own in an earlier life.
    fn of_new_tracker(&self, last: Option<LastOrder>, newest: Option<Newest>, now: Timestamp) -> Standing {
        let Some(last) = last else { return newest.map_or(Standing::Known(BEFORE_ALL), |_| Standing::New) };
        let is_of_another = self.is_of_phone(last) || self.trackers.iter().any(|(_, epoch)| *epoch == last.order.0);
        match newest {
            _ if is_of_another && !may_be_followed(last, newest, now) => Standing::Known(BEFORE_ALL),
            // Why it is not believed, `future` say, is told of what comes after the last.
            None => Standing::Known(last.order.0),
            Some(newest) if newest.taken_ms <= last.taken_at_ms => Standing::Known(BEFORE_ALL),
            Some(_) => Standing::New,
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

/// Whether what was believed last stands in another source's way no more: its own was silent, or it is a circle and the other knows a place.
fn may_be_followed(last: LastOrder, newest: Option<Newest>, now: Timestamp) -> bool {
    let is_silent = last.is_gone || now.0.saturating_sub(last.taken_at_ms) > TAKE_OVER_MS;
    is_silent || last.is_coarse && newest.is_some_and(|newest| !newest.is_coarse)
}

/// The end of a message's fixes.
#[derive(Clone, Copy)]
pub(super) struct Newest {
    taken_ms: i64,
    seq: u32,
    /// The latest of them is no place but a circle.
    is_coarse: bool,
}

impl Newest {
    /// The latest time and the highest number of those that can be believed by what they say alone; `None` if there is none: a clock that
    /// is ahead makes nobody the newest.
    pub(super) fn of(fixes: &[Fix], now: Timestamp) -> Option<Self> {
        let is_sane = |fix: &&Fix| {
            fix.taken_at_ms.saturating_sub(now.0) <= FUTURE_MS_MAX && (0.0..=ACCURACY_M_MAX).contains(&fix.accuracy_m)
        };
        let latest = fixes.iter().filter(is_sane).max_by_key(|fix| fix.taken_at_ms)?;
        let seq = fixes.iter().filter(is_sane).map(|fix| fix.seq).max()?;
        let is_coarse = Verdict::believed(latest) == Verdict::Coarse;
        Some(Self { taken_ms: latest.taken_at_ms, seq, is_coarse })
    }
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

    /// The source is in use: one that does not count keeps nobody from being forgotten.
    fn note(&mut self, standing: Standing, now: Timestamp) -> Standing {
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

    /// The session epoch that the source's fixes are ordered by; `None` of a phone that does not count. A source that takes over gets a new
    /// one.
    pub(super) async fn epoch(
        &self,
        app: &App,
        account: AccountId,
        from: (Source, Via),
        newest: Option<Newest>,
        now: Timestamp,
    ) -> Answer<Option<u32>> {
        let last = app.sight.places.last_order(account);
        let claim = |used: &mut Used| used.note(used.epochs.claim(from, last, newest, now), now);
        let mut known = self.epochs.look(&account, claim);
        if known.is_none() {
            self.load(app, account).await?;
            known = self.epochs.look(&account, claim);
        }
        match known.unwrap_or(Standing::New) {
            Standing::Replaced => Ok(None),
            Standing::Known(own) => Ok(Some(own)),
            Standing::New => self.new_epoch(app, account, from.0, from.1).await.map(Some),
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
