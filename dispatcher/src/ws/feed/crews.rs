//! Owns the telling of where a trip's crew is and when they come, to the phones of that trip. It becomes due by the ticks gone by and is done
//! when the record was next read, in whichever round that is.

use super::changes::ROWS_PER_READ;
use super::{CREW_TICKS, Feed, Told};
use crate::http::App;
use crate::http::trips::mode_of;
use crate::record::{Member, RecordError, TripRow};
use crate::view::EtaView;
use crate::view::map::CrewAt;
use axum::extract::ws::Utf8Bytes;
use matcher::model::AccountId;
use serde::Serialize;
use std::sync::Arc;
use tokio::time::timeout;

/// How far the telling is.
#[derive(Default)]
pub(super) struct Crews {
    /// The tick at which where they are was last looked up.
    looked_up_at: u64,
    /// What was not sent then, for the record did not say in time whether they are still the crew.
    unsent: Vec<(Utf8Bytes, TripRow)>,
}

impl Crews {
    /// Nobody follows a trip.
    pub(super) fn forget(&mut self) {
        self.unsent.clear();
    }
}

impl Feed {
    /// Tells the crews' phones after a round in which the record was read, if it is time.
    pub(super) async fn tell_crews_when_due(&mut self, told: &Result<Told, RecordError>) {
        if !matches!(told, Ok(Told::All)) {
            return;
        }
        // That was read since these were made: who is still of the same crew by it may be told.
        let unsent = std::mem::take(&mut self.crews.unsent);
        let same = |row: &TripRow| self.crewed.get(&row.trip.id).is_some_and(|now| now.change_no == row.change_no);
        self.send_crews(unsent.into_iter().filter(|(_, row)| same(row)));
        if self.ticks - self.crews.looked_up_at >= CREW_TICKS {
            self.crews.looked_up_at = self.ticks;
            self.tell_crews().await;
        }
    }

    /// Crew positions to the phones of each trip that somebody follows; road searches leave the async threads.
    pub(super) async fn tell_crews(&mut self) {
        let hub = &self.app.hub;
        let followed: Vec<TripRow> =
            self.crewed.values().filter(|row| phones_of(row).any(|id| hub.phone(id).is_some())).cloned().collect();
        if followed.is_empty() {
            return;
        }
        let app = Arc::clone(&self.app);
        let texts = tokio::task::spawn_blocking(move || {
            followed.into_iter().map(|row| (crew_at(&app, &row), row)).collect::<Vec<_>>()
        })
        .await
        .unwrap_or_default();
        // Meanwhile a trip may have ended, or lost a member, whose phone is not to learn where the others are.
        let since = self.app.record.trips_changed_after(self.trips_after, ROWS_PER_READ);
        match timeout(self.read_wait, since).await {
            Ok(Ok(since)) if !since.is_full => {
                let passed_over = |row: &TripRow| since.passed_over.contains(&row.trip.id.0);
                let same = |row: &TripRow| {
                    !passed_over(row) && since.rows.iter().all(|changed| changed.trip.id != row.trip.id)
                };
                self.send_crews(texts.into_iter().filter(|(_, row)| same(row)));
            }
            _ => self.crews.unsent = texts,
        }
    }

    fn send_crews(&self, texts: impl Iterator<Item = (Utf8Bytes, TripRow)>) {
        for (text, row) in texts {
            for mailbox in phones_of(&row).filter_map(|id| self.app.hub.phone(id)) {
                mailbox.put_latest(row.trip.id, text.clone());
            }
        }
    }
}

fn phones_of(row: &TripRow) -> impl Iterator<Item = AccountId> + '_ {
    // Who is still with another rider is not to learn from their partner where this one waits.
    let crew = row.crew.iter().filter(|m| m.after.is_none()).map(|m| m.offer.staff);
    std::iter::once(row.trip.rider).chain(crew)
}

fn crew_at(app: &App, row: &TripRow) -> Utf8Bytes {
    #[derive(Serialize)]
    struct Body {
        t: &'static str,
        trip: uuid::Uuid,
        crew: Vec<CrewAt>,
        /// Where these are is another rider's way.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        later: Vec<Later>,
    }
    #[derive(Serialize)]
    struct Later {
        no: u32,
        #[serde(flatten)]
        eta: EtaView,
    }
    let now = app.env.now();
    let eta = |member: &Member| app.sight.eta(row, member, mode_of(app, member.offer.staff), now);
    let (here, later): (Vec<&Member>, Vec<&Member>) = row.crew.iter().partition(|member| member.after.is_none());
    let crew = here.into_iter().filter_map(|member| {
        let staff = member.offer.staff;
        let fix = app.sight.places.last_fix(staff)?;
        Some(CrewAt::of(member.no, &fix, eta(member), now))
    });
    let later = later.into_iter().map(|member| Later { no: member.no, eta: eta(member) });
    let body = Body { t: "crew_at", trip: row.trip.id.0, crew: crew.collect(), later: later.collect() };
    serde_json::to_string(&body).expect("views serialise").into()
}
