//! Owns whose position is the service's business: who is on shift, holds a trip, or is in an alarm that is followed. A yes is in the
//! roster at hand. A no is worth a look at the record, one look a second for everybody: trackers go on sending after the shift, and
//! what each of them sends is not to read anything.

use crate::http::App;
use crate::http::problem::Answer;
use crate::record::{Incident, RosterEntry};
use crate::view::incident::{FOLLOWED_S, follows_device};
use matcher::model::{AccountId, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// For so long a look at the record says no to whoever asks, milliseconds.
const LOOK_LIFE_MS: i64 = 1_000;

/// The last look at the record.
#[derive(Default)]
pub struct AtWork {
    last: RwLock<Option<Arc<Look>>>,
    /// One looks at a time.
    looking: tokio::sync::Mutex<()>,
    /// How often somebody came to be followed through this server.
    changes: AtomicU64,
}

struct Look {
    at: Timestamp,
    /// Those that it is of.
    changes: u64,
    alarms: Vec<Incident>,
}

impl AtWork {
    /// Somebody has gone on shift or raised an alarm, and it is on the record: their next fix counts.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether a staff member's position is the service's business.
    pub(in crate::http) async fn is_followed(&self, app: &App, staff: AccountId, now: Timestamp) -> Answer<bool> {
        if is_on_roster(app, staff, now) {
            return Ok(true);
        }
        let look = match self.good(now) {
            Some(look) => look,
            None => self.look(app, now).await?,
        };
        let in_alarm = |alarm: &Incident| alarm.raised_by == staff && follows_device(alarm, now);
        Ok(is_on_roster(app, staff, now) || look.alarms.iter().any(in_alarm))
    }

    fn last(&self) -> Option<Arc<Look>> {
        self.last.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn good(&self, now: Timestamp) -> Option<Arc<Look>> {
        let is_new = |look: &Arc<Look>| (0..LOOK_LIFE_MS).contains(&now.since_ms(look.at));
        let changes = self.changes.load(Ordering::Acquire);
        self.last().filter(|look| look.changes == changes && is_new(look))
    }

    async fn look(&self, app: &App, now: Timestamp) -> Answer<Arc<Look>> {
        let _one = self.looking.lock().await;
        if let Some(look) = self.good(now) {
            return Ok(look);
        }
        // Before the rows: who comes meanwhile causes one more look.
        let changes = self.changes.load(Ordering::Acquire);
        let read = async {
            app.roster.refresh(&app.record, now).await?;
            app.record.incidents_shown(now.plus_s(-FOLLOWED_S)).await
        };
        let alarms = match (read.await, self.last()) {
            (Ok(alarms), _) => alarms,
            // While the record is away nobody comes to work: what was known is.
            (Err(_), Some(last)) => last.alarms.clone(),
            (Err(error), None) => return Err(error.into()),
        };
        let look = Arc::new(Look { at: now, changes, alarms });
        *self.last.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&look));
        Ok(look)
    }
}

fn is_on_roster(app: &App, staff: AccountId, now: Timestamp) -> bool {
    app.roster.current().by_id.get(&staff).is_some_and(|entry| is_at_work(entry, now))
}

/// On shift now, or holding a trip.
pub fn is_at_work(entry: &RosterEntry, now: Timestamp) -> bool {
    entry.duty.is_some() || entry.shift.is_some_and(|shift| shift.starts_at <= now && now < shift.ends_at)
}
