//! Owns the registry of open sockets: one per phone account, several per supervisor. Hands rows and frames to their mailboxes,
//! closes those whose rights ended, and keeps acknowledgements until they are on the record.

use super::close::Close;
use super::mailbox::Mailbox;
use super::message::FIX_WORD;
use super::screen::Screen;
use crate::http::App;
use crate::record::{Numbered, OutboxRow, Revocation, Role, SignedIn};
use crate::telemetry;
use matcher::model::{AccountId, AgencyId};
use metrics::Counter;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Revocations remembered, so that a socket that was signing in meanwhile is refused too.
const REVOCATIONS_KEPT: usize = 4_096;
/// Sockets of one supervisor; the oldest is replaced.
const CONSOLES_PER_ACCOUNT: usize = 8;
/// Over which time a draining server closes its sockets.
const DRAIN_SPREAD: Duration = Duration::from_secs(5);
/// Steps of the drain.
const DRAIN_STEPS: u32 = 50;

/// One open socket.
#[derive(Clone)]
pub struct Seat {
    id: u64,
    signed_in: Arc<SignedIn>,
    /// What waits for it.
    pub mailbox: Arc<Mailbox>,
    /// `None` for a phone, which shows no map of the staff.
    look: Option<Arc<Mutex<Look>>>,
}

/// What a console looks at.
#[derive(Default)]
struct Look {
    /// `None` is everybody, as consoles are told that never say what they show.
    screen: Option<Screen>,
    /// It has not had a whole picture of that.
    is_new: bool,
}

impl Seat {
    /// Whether it has said what its screen shows.
    pub(super) fn has_screen(&self) -> bool {
        self.looking().is_some_and(|look| look.screen.is_some())
    }

    /// What it looks at, and whether it is owed a whole picture of that, which it is taken to be given now; `None` is a console
    /// that is told of everybody.
    pub(super) fn take_look(&self) -> Option<(Screen, bool)> {
        let mut look = self.looking()?;
        let is_new = std::mem::take(&mut look.is_new);
        look.screen.clone().map(|screen| (screen, is_new))
    }

    /// A console that fell behind is owed a whole picture of its screen.
    pub(super) fn owe_screen(&self) {
        if let Some(mut look) = self.looking() {
            look.is_new = true;
        }
    }

    fn looking(&self) -> Option<MutexGuard<'_, Look>> {
        self.look.as_ref().map(|look| look.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whose side of the wall it is on.
    pub fn side(&self) -> Option<AgencyId> {
        crate::http::console::side(&self.signed_in.account)
    }
}

#[derive(Default)]
struct Seats {
    next: u64,
    phones: HashMap<AccountId, Seat>,
    consoles: Vec<Seat>,
    joined: Vec<u64>,
    revoked: VecDeque<Revocation>,
}

impl Seats {
    fn has_ended(&self, account: AccountId, token: i64) -> bool {
        self.revoked.iter().any(|revocation| concerns(revocation, account, token))
    }
}

/// The registry.
#[derive(Default)]
pub struct Hub {
    seats: Mutex<Seats>,
    acks: Mutex<HashMap<AccountId, i64>>,
    /// Woken when a socket opens.
    pub(super) arrivals: Notify,
    /// Woken when an acknowledgement came.
    pub(super) acked: Notify,
    pub(super) fix_messages: FixMessages,
}

/// How many messages with fixes were heard: what comes often is not looked up among all that is counted.
pub(super) struct FixMessages(pub(super) Counter);

impl Default for FixMessages {
    fn default() -> Self {
        Self(metrics::counter!(telemetry::SOCKET_MESSAGES, "t" => FIX_WORD))
    }
}

/// An open socket's place in the registry; leaving it frees the place.
pub struct Registration {
    hub: Arc<Hub>,
    seat: Seat,
}

impl Registration {
    /// What waits for this socket.
    pub fn mailbox(&self) -> &Mailbox {
        &self.seat.mailbox
    }

    /// What this console shows from now on.
    pub fn look(&self, screen: Screen) {
        if let Some(mut look) = self.seat.looking() {
            *look = Look { screen: Some(screen), is_new: true };
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.hub.leave(&self.seat);
    }
}

impl Hub {
    /// Takes a signed-in socket in; older ones of the same phone are told that they are replaced.
    pub fn join(self: &Arc<Self>, signed_in: &Arc<SignedIn>) -> Registration {
        let mailbox = Arc::new(Mailbox::default());
        let account = &signed_in.account;
        let seat = self.with(|seats| {
            seats.next += 1;
            let seat = Seat {
                id: seats.next,
                signed_in: Arc::clone(signed_in),
                mailbox: Arc::clone(&mailbox),
                look: (account.role == Role::Supervisor).then(Arc::default),
            };
            if seats.has_ended(account.id, signed_in.token) {
                mailbox.close(Close::Revoked);
            }
            if account.role == Role::Supervisor {
                let same = |s: &Seat| s.signed_in.account.id == account.id;
                if seats.consoles.iter().filter(|s| same(s)).count() >= CONSOLES_PER_ACCOUNT
                    && let Some(oldest) = seats.consoles.iter().find(|s| same(s))
                {
                    oldest.mailbox.close(Close::Replaced);
                }
                seats.consoles.push(seat.clone());
                seats.joined.push(seat.id);
            } else if let Some(older) = seats.phones.insert(account.id, seat.clone()) {
                older.mailbox.close(Close::Replaced);
            }
            seat
        });
        self.arrivals.notify_waiters();
        self.arrivals.notify_one();
        Registration { hub: Arc::clone(self), seat }
    }

    fn leave(&self, seat: &Seat) {
        self.with(|seats| {
            let account = seat.signed_in.account.id;
            if seats.phones.get(&account).is_some_and(|s| s.id == seat.id) {
                seats.phones.remove(&account);
            }
            seats.consoles.retain(|s| s.id != seat.id);
            seats.joined.retain(|id| *id != seat.id);
        });
    }

    /// Open sockets.
    pub fn len(&self) -> usize {
        self.with(|seats| seats.phones.len() + seats.consoles.len())
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether any phone is connected.
    pub fn has_phones(&self) -> bool {
        self.with(|seats| !seats.phones.is_empty())
    }

    /// Hands a message to its recipient, if connected. The outbox keeps it otherwise.
    pub fn deliver(&self, message: Numbered) {
        let (Numbered::Row(OutboxRow { recipient, .. }) | Numbered::Unreadable { recipient, .. }) = message;
        match (self.phone(recipient), message) {
            (Some(mailbox), Numbered::Row(row)) => mailbox.push_row(row),
            (Some(mailbox), Numbered::Unreadable { seq, .. }) => mailbox.push_lost(seq),
            (None, _) => {}
        }
    }

    /// The mailbox of a phone, if connected.
    pub fn phone(&self, account: AccountId) -> Option<Arc<Mailbox>> {
        self.with(|seats| seats.phones.get(&account).map(|s| Arc::clone(&s.mailbox)))
    }

    /// The consoles, and of them those that have not had a whole picture.
    pub(super) fn consoles(&self) -> (Vec<Seat>, Vec<Seat>) {
        self.with(|seats| {
            let joined = std::mem::take(&mut seats.joined);
            let fresh = |s: &&Seat| joined.contains(&s.id);
            (seats.consoles.clone(), seats.consoles.iter().filter(fresh).cloned().collect())
        })
    }

    /// The consoles, without taking note of who is new.
    pub(super) fn peek_consoles(&self) -> Vec<Seat> {
        self.with(|seats| seats.consoles.clone())
    }

    /// Closes every socket that the revocations concern, now and while they are remembered.
    pub fn revoke(&self, revocations: &[Revocation]) {
        self.with(|seats| {
            for revocation in revocations {
                for seat in seats
                    .phones
                    .values()
                    .chain(&seats.consoles)
                    .filter(|s| concerns(revocation, s.signed_in.account.id, s.signed_in.token))
                {
                    seat.mailbox.close(Close::Revoked);
                }
                if seats.revoked.len() == REVOCATIONS_KEPT {
                    seats.revoked.pop_front();
                }
                seats.revoked.push_back(*revocation);
            }
        });
    }

    /// Whether the end of that sign-in is remembered.
    pub fn has_ended(&self, account: AccountId, token: i64) -> bool {
        self.with(|seats| seats.has_ended(account, token))
    }

    /// Keeps an acknowledgement for the next batch.
    pub fn ack(&self, account: AccountId, seq: i64) {
        let mut acks = self.acks.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = acks.entry(account).or_insert(seq);
        *kept = seq.max(*kept);
        drop(acks);
        self.acked.notify_one();
    }

    /// The batch.
    pub(super) fn take_acks(&self) -> Vec<(AccountId, i64)> {
        self.acks.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Seats) -> T) -> T {
        change(&mut self.seats.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn concerns(revocation: &Revocation, account: AccountId, token: i64) -> bool {
    match revocation.token {
        Some(revoked) => token == revoked,
        None => account == revocation.account,
    }
}

/// Waits for the drain, then closes every socket, a few at a time, so that they do not all come back at once.
pub async fn drain(app: Arc<App>) {
    app.drain.cancelled().await;
    let seats: Vec<Seat> = app.hub.with(|s| s.phones.values().chain(&s.consoles).cloned().collect());
    let step = seats.len().div_ceil(DRAIN_STEPS as usize).max(1);
    for some in seats.chunks(step) {
        for seat in some {
            seat.mailbox.close(Close::Restart);
        }
        tokio::time::sleep(DRAIN_SPREAD / DRAIN_STEPS).await;
    }
    app.hub.with(|s| s.phones.values().chain(&s.consoles).for_each(|seat| seat.mailbox.close(Close::Restart)));
}
