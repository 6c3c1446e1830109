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
/// What could not be made is tried again after so long at first, twice as long each time, and so long at most: it costs seconds of a
/// processor, and meanwhile who waits for it is searched on foot.
const PAUSE_MIN: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_mins(10);

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
            making.see_to(&field, &view, &travel, Instant::now());
            std::thread::sleep(PAUSE);
        }
    })
}

/// What is made beside the following.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What far trips are measured by where the map has a subway.
    Subway,
    /// What a mode is searched with.
    Search(Mode),
}

impl What {
    const COUNT: usize = 1 + Mode::ALL.len();

    const fn index(self) -> usize {
        match self {
            Self::Subway => 0,
            Self::Search(mode) => 1 + mode as usize,
        }
    }

    /// Of its thread, and in the log.
    const fn word(self) -> &'static str {
        match self {
            Self::Subway => "subway",
            Self::Search(mode) => mode.word(),
        }
    }

    fn is_made(self, field: &Field) -> bool {
        match self {
            Self::Subway => field.map().has_free_flow(Profile::Transit),
            Self::Search(mode) => field.roads(mode).is_some(),
        }
    }

    /// Seconds of work that must hold up nobody's moves.
    fn make(self, field: &Field, travel: &Travel) {
        match self {
            Self::Subway => drop(Arc::clone(field.map().free_flow(Profile::Transit))),
            Self::Search(mode) => {
                field.make(mode);
                // Its times are those of the moment at the next look, and that is to be soon.
                travel.conditions_changed();
            }
        }
    }
}

/// Begins work on a thread of its own.
pub(super) type Begin = Box<dyn FnMut(What, Box<dyn FnOnce() + Send>) -> std::io::Result<JoinHandle<()>> + Send>;

/// The making of what is lacking, one after the other: two at once would take the processors of everybody else.
pub(super) struct Making {
    begin: Begin,
    present: Option<(What, JoinHandle<()>)>,
    /// By what is made, once it has failed: when it may be tried again, and after which pause.
    failed: [Option<(Instant, Duration)>; What::COUNT],
}

impl Default for Making {
    fn default() -> Self {
        Self::with(Box::new(|what, work| std::thread::Builder::new().name(what.word().to_owned()).spawn(work)))
    }
}

impl Making {
    /// Nothing is in the making yet.
    pub(super) fn with(begin: Begin) -> Self {
        Self { begin, present: None, failed: [None; What::COUNT] }
    }

    /// Begins the next that is lacking, unless one is in the making. First what far trips are measured by: who books one
    /// before is told how long it takes by car. What has failed is tried again after a while, and keeps nothing else waiting.
    pub(super) fn see_to(&mut self, field: &Arc<Field>, roster: &RosterView, travel: &Arc<Travel>, now: Instant) {
        match self.present.take() {
            Some((what, thread)) if !thread.is_finished() => {
                self.present = Some((what, thread));
                return;
            }
            Some((what, thread)) => {
                let has_panicked = thread.join().is_err();
                if !what.is_made(field) {
                    self.has_failed(what, if has_panicked { "panicked" } else { "ended early" }, now);
                }
            }
            None => {}
        }
        let subway = Some(What::Subway).filter(|what| !field.map().data.subway.is_empty() && !what.is_made(field));
        let may_begin = |what: &What| self.failed[what.index()].is_none_or(|(again_at, _)| now >= again_at);
        let next = subway.into_iter().chain(field.lacks(roster).map(What::Search)).find(may_begin);
        let Some(what) = next else { return };
        let (field, travel) = (Arc::clone(field), Arc::clone(travel));
        match (self.begin)(what, Box::new(move || what.make(&field, &travel))) {
            Ok(thread) => self.present = Some((what, thread)),
            Err(error) => {
                tracing::error!(error.kind = %error.kind(), "no thread to make travel times");
                self.has_failed(what, "not begun", now);
            }
        }
    }

    fn has_failed(&mut self, what: What, how: &'static str, now: Instant) {
        let pause = self.failed[what.index()].map_or(PAUSE_MIN, |(_, pause)| (pause * 2).min(PAUSE_MAX));
        self.failed[what.index()] = Some((now + pause, pause));
        let (of, again_s) = (what.word(), pause.as_secs());
        tracing::error!(of, how, again_s, "travel times could not be made and will be tried again");
    }
}
