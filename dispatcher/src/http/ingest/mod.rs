//! Owns the way of a fix from any source into the live index and onto the trip's track: rate, order, plausibility, a verdict for
//! each. Sources are phones (`/v1/fixes`, the socket) and trackers (`owntracks`, `traccar`); what is believed is decided in
//! `live`. Nothing here waits for the record, but for a source's first number, and once a second for all who are not at work (`at_work`).

pub mod at_work;
pub mod desk;
pub mod device;
pub mod heard;
pub mod owntracks;
pub mod sources;
pub mod table;
pub mod traccar;
pub mod tracks;

#[cfg(test)]
mod at_work_tests;
#[cfg(test)]
mod ingest_tests;
#[cfg(test)]
mod sessions_tests;
#[cfg(test)]
mod trackers_tests;

use super::App;
use super::auth::too_many;
use super::problem::{Answer, Problem};
use crate::live::{Sense, Verdict};
use crate::record::{Account, Revocation, Role, SignedIn};
use crate::telemetry;
use at_work::AtWork;
use geo::{Fix, FixKind};
use heard::People;
use matcher::model::{AccountId, Phase, Timestamp};
use metrics::Counter;
use sources::{Epochs, Newest, Source, Sources, Via};
use tracks::Tracks;

/// Most fixes in one message: five minutes of a phone that was in the subway, at one every 5 s.
pub const FIXES_MAX: usize = 60;

/// What is known of who sends fixes.
#[derive(Default)]
pub struct Ingest {
    sources: Sources,
    /// What was heard of each person.
    pub people: People,
    /// Whose fixes count.
    pub at_work: AtWork,
    /// Fixes on their way to the tracks of trips.
    pub tracks: Tracks,
    counts: Counts,
}

/// How many fixes there were of each verdict.
struct Counts(Vec<Counter>);

impl Default for Counts {
    fn default() -> Self {
        let count = |verdict: &Verdict| metrics::counter!(telemetry::FIXES, "verdict" => verdict.word());
        Self(Verdict::ALL.iter().map(count).collect())
    }
}

impl Counts {
    fn count(&self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            self.0[*verdict as usize].increment(1);
        }
    }
}

impl Ingest {
    /// Issues the session epoch of a phone's socket, and orders its later fixes by it.
    pub async fn new_epoch(&self, app: &App, signed_in: &SignedIn) -> Answer<u32> {
        self.sources.new_epoch(app, signed_in.account.id, Source::Phone(signed_in.token), Via::Socket).await
    }

    /// The number of the last fix of a session that was heard, here or by another node; `None` if none was, or another session since.
    pub fn heard_of(&self, app: &App, account: AccountId, epoch: u32) -> Option<u32> {
        let known = app.sight.places.last_order(account).map(|last| last.order);
        let last = known.max(self.people.order(account))?;
        (last.0 == epoch).then_some(last.1)
    }

    /// Whether the socket of a phone that goes on by itself, after a session of that epoch, is of one that was put down: another of the same
    /// person was taken up since.
    pub async fn is_left_behind(&self, app: &App, signed_in: &SignedIn, resumed: u32) -> Answer<bool> {
        self.sources.is_left_behind(app, signed_in.account.id, signed_in.token, resumed).await
    }

    /// Phones whose sign-in is over do not count any more.
    pub fn revoke(&self, revocations: &[Revocation]) {
        self.sources.revoke(revocations);
    }

    /// The session epochs of a person's sources, as far as they are known here.
    pub fn epochs(&self, account: AccountId) -> Epochs {
        self.sources.epochs(account)
    }

    /// Forgets the session epochs of those who have sent nothing for long.
    pub fn forget_unused(&self, now: Timestamp) {
        self.sources.forget_unused(now);
    }

    /// Forgets what was heard of somebody who has gone off shift.
    pub fn forget(&self, account: AccountId) {
        self.people.forget(account);
    }
}

/// Takes a source's fixes, oldest first; a verdict for each.
pub async fn take(
    app: &App,
    account: &Account,
    (source, via): (Source, Via),
    mut fixes: Vec<Fix>,
) -> Answer<Vec<Verdict>> {
    if fixes.is_empty() || fixes.len() > FIXES_MAX {
        return Err(Problem::bad_field("fixes"));
    }
    if !app.config.demo
        && let Some(i) = fixes.iter().position(|fix| fix.kind == FixKind::Demo)
    {
        return Err(Problem::bad_field(format!("fixes[{i}].kind")));
    }
    let (ingest, now) = (&app.ingest, app.env.now());
    ingest.sources.rates.count(source, fixes.len(), now).map_err(too_many)?;
    let newest = Newest::of(&fixes, now);
    let Some(epoch) = ingest.sources.epoch(app, account.id, (source, via), newest, now).await? else {
        let verdicts = vec![Verdict::Replaced; fixes.len()];
        note_refused(app, account, &verdicts, now);
        ingest.counts.count(&verdicts);
        return Ok(verdicts);
    };
    for fix in &mut fixes {
        fix.session_epoch = epoch;
    }
    let verdicts = if account.role == Role::Staff && !ingest.at_work.is_followed(app, account.id, now).await? {
        // A trip that was over before the phone could say where it had led.
        ingest.people.with(account.id, |heard| heard.note_after_work(ingest, account.id, &fixes, now));
        vec![Verdict::NotOnShift; fixes.len()]
    } else {
        hear(app, account, &fixes, now)
    };
    ingest.counts.count(&verdicts);
    Ok(verdicts)
}

/// Judges each, in order, and puts what is believed into the live index.
fn hear(app: &App, account: &Account, fixes: &[Fix], now: Timestamp) -> Vec<Verdict> {
    let (ingest, places) = (&app.ingest, &app.sight.places);
    let duty = duty(app, account.id);
    let verdicts = ingest.people.with(account.id, |heard| {
        let news = heard.catch_up(places.last_fix(account.id), now);
        let news = news.filter(|_| duty.is_some());
        if let Some(news) = &news {
            heard.track(ingest, account.id, duty, news, Verdict::believed(news), now);
        }
        let judged = fixes.iter().map(|fix| {
            let verdict = judge(&mut heard.sense, fix, now, app.sight.serves(fix.position), || match account.no {
                Some(no) => places.put_staff(account.id, no, *fix),
                None => places.put_rider(account.id, *fix),
            });
            heard.note(fix, verdict, now);
            if account.no.is_some() {
                heard.track(ingest, account.id, duty, fix, verdict, now);
            }
            verdict
        });
        let verdicts: Vec<Verdict> = judged.collect();
        // Every one that is kept, in its order: a way through a zone between two looks is a way through it. Still in this person's turn: of two
        // calls at once the watch would hear the later first, and pass over the other.
        let kept = fixes.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_kept()).map(|(fix, _)| fix);
        app.watch.fixes(account.id, news.iter().chain(kept), now);
        verdicts
    });
    note_refused(app, account, &verdicts, now);
    verdicts
}

/// Of a crew what says nowhere to be put is counted on the record, so that an empty track says why.
fn note_refused(app: &App, account: &Account, verdicts: &[Verdict], now: Timestamp) {
    let is_nowhere = |verdict: &&Verdict| {
        matches!(verdict, Verdict::Future | Verdict::TooOld | Verdict::Inaccurate | Verdict::Replaced)
    };
    let mut nowhere = verdicts.iter().filter(is_nowhere).peekable();
    if nowhere.peek().is_some() && account.no.is_some() && duty(app, account.id).is_some() {
        nowhere.for_each(|verdict| app.ingest.tracks.refuse(account.id, *verdict, now));
    }
}

/// Judges one, and puts it if it is believed.
fn judge(sense: &mut Sense, fix: &Fix, now: Timestamp, in_area: bool, put: impl FnOnce() -> Verdict) -> Verdict {
    let verdict = sense.judge(fix, now, in_area);
    if !verdict.is_kept() {
        return verdict;
    }
    // Another node may know a later one.
    let put = put();
    if put.is_kept() { verdict } else { put }
}

/// A fix that another node believed, of somebody who is of a crew: onto the trip's track and to the watch, once.
pub fn take_over(app: &App, staff: AccountId, last: Fix, now: Timestamp) {
    let Some(phase) = duty(app, staff) else { return };
    app.ingest.people.with(staff, |heard| {
        let Some(news) = heard.catch_up(Some(last), now) else { return };
        heard.track(&app.ingest, staff, Some(phase), &news, Verdict::believed(&news), now);
        app.watch.fixes(staff, [&news], now);
    });
}

/// How far the trip is whose crew the staff member is of, or may be since a moment: the view at hand is a little old, and the record
/// knows of each fix on a track whether it was of the trip.
fn duty(app: &App, staff: AccountId) -> Option<Phase> {
    app.roster.current().by_id.get(&staff)?.duty.map(|(_, phase)| phase)
}
