//! Owns the telling of where a trip's crew is and when they come, to the phones of that trip.

use super::Feed;
use super::changes::ROWS_PER_READ;
use crate::http::App;
use crate::http::trips::mode_of;
use crate::record::{Member, TripRow};
use crate::view::EtaView;
use crate::view::map::CrewAt;
use axum::extract::ws::Utf8Bytes;
use matcher::model::AccountId;
use serde::Serialize;
use std::sync::Arc;
use tokio::time::timeout;

impl Feed {
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
        let Ok(Ok(since)) = timeout(self.read_wait, since).await else { return };
        if since.len() == ROWS_PER_READ as usize {
            return;
        }
        let same = |row: &TripRow| since.iter().all(|changed| changed.trip.id != row.trip.id);
        for (text, row) in texts.into_iter().filter(|(_, row)| same(row)) {
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
