//! Owns the look for crew members whom no way leads to the meeting point any more: the watch knows no street, and is told. Closures
//! come and go while nobody moves, so it is by the clock; the estimates are those the phones are told, and cost no search of their own.

use super::{Feed, Told};
use crate::http::App;
use crate::http::trips::mode_of;
use crate::record::{Member, RecordError, TripRow};
use crate::view::EtaView;
use crate::view::trip::is_coming;
use matcher::model::AccountId;
use std::sync::Arc;

/// Ticks between two looks.
const LOOK_TICKS: u64 = 20;

impl Feed {
    /// Tells the watch after a round in which the record was read, if it is time.
    pub(super) async fn look_for_cut_off_when_due(&mut self, told: &Result<Told, RecordError>) {
        if matches!(told, Ok(Told::All)) && self.ticks - self.cut_off_at >= LOOK_TICKS {
            self.cut_off_at = self.ticks;
            self.look_for_cut_off().await;
        }
    }

    pub(super) async fn look_for_cut_off(&self) {
        let coming: Vec<TripRow> = self.crewed.values().filter(|row| is_coming(row.trip.phase)).cloned().collect();
        if coming.is_empty() {
            return;
        }
        let app = Arc::clone(&self.app);
        let look = move || {
            let now = app.env.now();
            for row in &coming {
                app.watch.cut_off(row.trip.id, &cut_off(&app, row), now);
            }
        };
        // A look that failed is made again by the next.
        let _told_later = tokio::task::spawn_blocking(look).await;
    }
}

fn cut_off(app: &App, row: &TripRow) -> Vec<AccountId> {
    let eta = |m: &Member| app.sight.eta(row, m, mode_of(app, m.offer.staff), app.env.now());
    // Who is still with another rider is watched there.
    let coming = row.crew.iter().filter(|m| is_coming(m.phase) && m.after.is_none());
    coming.filter(|m| eta(m) == EtaView::NO_WAY).map(|m| m.offer.staff).collect()
}

#[cfg(test)]
#[path = "cut_off_tests.rs"]
mod tests;
