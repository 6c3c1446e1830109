//! Owns the thread that keeps the field up to date: off the path of fixes, which only touch the live index, and off that of
//! decisions. Says how long moves waited. Sees to it that what somebody waits to be searched with is made.

use crate::clock::Env;
use crate::engine::field::Field;
use crate::engine::roster::{Roster, RosterView};
use crate::engine::travel::Travel;
use crate::live::Live;
use crate::shutdown::Running;
use crate::telemetry;
use geo::road::Profile;
use matcher::model::Mode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Pause between rounds: what came meanwhile is one round, and of each phone only the latest fix.
const PAUSE: Duration = Duration::from_millis(50);

/// Follows until told to stop; `running` goes with the thread.
pub fn start(
    field: Arc<Field>,
    live: Arc<Live>,
    roster: Arc<Roster>,
    travel: Arc<Travel>,
    env: Env,
    stop: CancellationToken,
    running: Running,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("field".to_owned()).spawn(move || {
        let _running = running;
        let mut making = Making::default();
        let mut seen_to = Instant::now();
        while !stop.is_cancelled() {
            let begun = Instant::now();
            let view = roster.current();
            let moved = field.follow(&live, &view, env.now());
            if moved > 0 {
                metrics::histogram!(telemetry::FIELD_LAG_SECONDS).record(seen_to.elapsed().as_secs_f64());
            }
            seen_to = begun;
            making.see_to(&field, &view, &travel);
            std::thread::sleep(PAUSE);
        }
    })
}

/// What is made beside the following, one after the other: two at once would take the processors of everybody else.
#[derive(Default)]
pub(super) struct Making {
    /// By mode; one that failed is not tried again and again.
    pub(super) begun: [bool; Mode::ALL.len()],
    /// What far trips are measured by where the map has a subway.
    has_begun_subway: bool,
    present: Option<JoinHandle<()>>,
}

impl Making {
    /// Begins the next that is lacking, unless one is in the making. First what far trips are measured by: who books the first one
    /// after a start shall not wait for it.
    pub(super) fn see_to(&mut self, field: &Arc<Field>, roster: &RosterView, travel: &Arc<Travel>) {
        if self.present.as_ref().is_some_and(|present| !present.is_finished()) {
            return;
        }
        if !self.has_begun_subway && !field.map().data.subway.is_empty() {
            let field = Arc::clone(field);
            let make = move || drop(Arc::clone(field.map().free_flow(Profile::Transit)));
            self.present = std::thread::Builder::new().name("subway".to_owned()).spawn(make).ok();
            self.has_begun_subway = true;
            return;
        }
        let Some(mode) = field.lacks(roster).find(|&mode| !self.begun[mode as usize]) else { return };
        let (field, travel) = (Arc::clone(field), Arc::clone(travel));
        // Seconds of work that must hold up nobody's moves.
        let make = move || {
            field.make(mode);
            // Its times are those of the moment at the next look, and that is to be soon.
            travel.conditions_changed();
        };
        self.present = std::thread::Builder::new().name("search".to_owned()).spawn(make).ok();
        self.begun[mode as usize] = self.present.is_some();
    }
}
