//! Owns the course of one trip as the audit chain tells it, and the noting of what the watch saw of it: that a member of the crew
//! came into a zone or out of one, never which or where. Who may read it is `http::history`.

use super::row::{Columns, blob};
use super::write::About;
use super::{OutboxKind, Record, RecordError, Role};
use matcher::model::{AccountId, HoldState, Timestamp, TripId};

/// Most events of a trip that are told; the latest.
pub const EVENTS_MAX: u32 = 200;

/// What became of a member and their rider's zones, one for all that lie over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossed {
    /// Is in one.
    In,
    /// Is in none any more.
    Out,
    /// The one they were in was taken back.
    Lifted,
}

impl Crossed {
    /// The audit's word.
    const fn action(self) -> &'static str {
        match self {
            Self::In => "zone_entered",
            Self::Out => "zone_left",
            Self::Lifted => "zone_lifted",
        }
    }
}

/// A member of a trip's crew came into a zone of its rider, or out of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneCrossing {
    /// The trip.
    pub trip: TripId,
    /// Whose fix told it.
    pub staff: AccountId,
    /// What.
    pub what: Crossed,
    /// When that fix was taken.
    pub at: Timestamp,
}

/// A row of the chain about a trip.
#[derive(Clone, Debug)]
pub struct TripEvent {
    /// When it was written.
    pub at: Timestamp,
    /// What.
    pub action: String,
    /// A fixed word, an id or an instant; mostly nothing.
    pub detail: String,
    /// Whose deed it was; `None` is the engine.
    pub role: Option<Role>,
    /// Unit number, of staff.
    pub no: Option<u32>,
}

impl Record {
    /// Notes a crossing and tells the phones of the crew as it is now. What the chain says already is not said again,
    /// as after a restart, when a watch that knows nothing finds them inside; the phones are told all the same. One transaction.
    pub async fn note_crossing(&self, now: Timestamp, crossing: &ZoneCrossing) -> Result<(), RecordError> {
        let ZoneCrossing { trip, staff, what, at } = *crossing;
        let was_in = self.is_noted_in_a_zone(trip, staff).await?;
        if !was_in && what != Crossed::In {
            return Ok(());
        }
        let mut write = self.begin(now).await?;
        if was_in != (what == Crossed::In) {
            write.audit_seen(staff, what.action(), trip.0, at).await?;
        }
        // Of a trip that has ended nobody holds a slot.
        for hold in write.holds(trip).await? {
            if hold.state == HoldState::Active && hold.after.is_none() {
                write.tell(hold.staff, OutboxKind::Trip, About::trip(trip)).await?;
            }
        }
        write.commit().await
    }

    /// Whether the last that the chain says of this member is that they came into a zone. One read.
    async fn is_noted_in_a_zone(&self, trip: TripId, staff: AccountId) -> Result<bool, RecordError> {
        let last: Option<String> = sqlx::query_scalar(
            "select action from audit where subject = ? and actor = ?
                and action in ('zone_entered', 'zone_left', 'zone_lifted') order by id desc limit 1",
        )
        .bind(blob(trip.0))
        .bind(blob(staff.0))
        .fetch_optional(&self.read)
        .await?;
        Ok(last.as_deref() == Some(Crossed::In.action()))
    }

    /// What the chain says of a trip, oldest first, the latest [`EVENTS_MAX`]. One read.
    pub async fn history_of(&self, trip: TripId) -> Result<Vec<TripEvent>, RecordError> {
        let mut rows = sqlx::query(
            "select a.at, a.action, a.detail, c.role, c.no from audit a left join accounts c on c.id = a.actor
             where a.subject = ? order by a.id desc limit ?",
        )
        .bind(blob(trip.0))
        .bind(EVENTS_MAX)
        .fetch_all(&self.read)
        .await?;
        rows.reverse();
        rows.iter()
            .map(|row| {
                // Whose deed it was may be unknown; that it was done is not.
                let no = row.int_or_none("no").ok().flatten().and_then(|no| u32::try_from(no).ok());
                Ok(TripEvent {
                    at: row.time("at")?,
                    action: row.text("action")?,
                    detail: row.text("detail")?,
                    role: row.word_or_none("role", Role::from_word).unwrap_or_default(),
                    no,
                })
            })
            .collect()
    }
}
