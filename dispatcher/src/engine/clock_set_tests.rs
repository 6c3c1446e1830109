//! The loop over a record while the clock of the machine is set, forward or back: nobody is said to be late for it who is not, and nobody's
//! lateness waits for the clock.

use super::SETTLING_S;
use super::late_tests::Late;
use crate::record::TripRow;
use geo::{Fix, FixKind};
use matcher::model::Phase;
use matcher::policy::limits;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const HOUR_S: i64 = 3_600;

impl Late {
    /// The clock is set, and the engine has noticed; nothing else has.
    fn set_clock(&mut self, by_s: i64) {
        self.run.clock.advance_s(by_s);
        self.run.engine.clock_was_set(self.run.now(), by_s * 1_000);
    }

    /// What the upkeep does when it was set back.
    async fn mend(&self, by_s: i64) {
        self.run.live.clock_was_set_back(by_s * 1_000);
        self.run.record.clock_was_set_back(self.run.now()).await.unwrap();
    }
}

fn is_as_said(row: &TripRow) -> bool {
    row.trip.phase == Phase::Assigned && row.crew.len() == 2 && row.crew.iter().all(|m| !m.later)
}

#[tokio::test]
async fn who_runs_late_after_the_clock_was_set_back_says_so_and_nobody_waits_for_the_clock() {
    let mut late = Late::begun().await;
    assert!(is_as_said(&late.wait_s(1).await), "looked at, at a time that comes again in an hour");
    late.set_clock(-HOUR_S);
    late.mend(-HOUR_S).await;
    assert!(is_as_said(&late.wait_s(1).await));
    let row = late.wait_s(late.promised_s + limits::NEXT_LATE_S + 60).await;
    assert!(row.crew.len() == 2 && row.crew.iter().all(|m| m.later), "an hour before");
}

#[tokio::test]
async fn what_is_done_now_and_then_is_due_when_the_clock_was_set() {
    let mut late = Late::begun().await;
    late.wait_s(1).await;
    late.set_clock(-HOUR_S);
    let (engine, now) = (&late.run.engine, late.run.now());
    for due in [engine.series_due, engine.prune_due, engine.late_due] {
        assert!(due <= now);
    }
}

#[tokio::test]
async fn nobody_is_late_by_fixes_of_the_time_before_the_clock_was_set_back() {
    let mut late = Late::begun().await;
    late.wait_s(SETTLING_S + 1).await;
    late.set_clock(-HOUR_S);
    // The engine may look before the fixes are as old again as they are.
    late.run.engine.round().await.unwrap();
    assert!(is_as_said(&late.row().await));
    late.mend(-HOUR_S).await;
    late.run.clock.advance_s(1);
    late.run.engine.round().await.unwrap();
    assert!(is_as_said(&late.row().await));
}

#[tokio::test]
async fn what_was_said_before_the_clock_was_set_holds_by_the_time_that_went() {
    let mut late = Late::begun().await;
    late.wait_s(SETTLING_S + 1).await;
    late.set_clock(HOUR_S);
    assert!(is_as_said(&late.wait_s(1).await), "they have reported, and nothing holds them up");
    late.set_clock(-HOUR_S);
    late.mend(-HOUR_S).await;
    assert!(is_as_said(&late.wait_s(1).await), "nor when it is set right again");
    late.set_clock(HOUR_S);
    // The way is the same, and nobody has moved: this late, and no later.
    let row = late.wait_s(late.promised_s + limits::NEXT_LATE_S + 60).await;
    assert!(row.crew.len() == 2 && row.crew.iter().all(|m| m.later));
    let said = row.crew[0].offer.eta_s;
    let row = late.wait_s(limits::NEXT_LATE_S - 30).await;
    assert_eq!(row.crew[0].offer.eta_s, said, "what was said since is by the clock as it is");
    let row = late.wait_s(limits::NEXT_LATE_S).await;
    assert!(row.crew[0].offer.eta_s > said, "and no hour is added to it");
}

#[tokio::test]
async fn nobody_is_given_up_because_the_clock_was_set() {
    let mut late = Late::begun().await;
    let (clock, stop) = (Arc::clone(&late.run.clock), CancellationToken::new());
    late.run.clock.advance_s(SETTLING_S + 1);
    for who in late.crew {
        late.run.stands(who, late.goal);
    }
    let Late { run, next, promised_s, crew, goal, .. } = late;
    let (record, live, stopped) = (Arc::clone(&run.record), Arc::clone(&run.live), stop.clone());
    let running = tokio::spawn(run.engine.run(stopped));
    tokio::time::sleep(Duration::from_millis(300)).await;
    clock.advance_s(promised_s + limits::NEXT_LATE_S + 60);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(is_as_said(&record.trip(next).await.unwrap().unwrap()), "before their phones report");
    let taken_at_ms = run.env.now().0;
    for (staff, no) in crew {
        let fix =
            Fix { position: goal, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms, session_epoch: 1, seq: 1_000 };
        assert!(live.put(staff, no, fix).is_kept());
    }
    clock.advance_s(2);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    stop.cancel();
    running.await.unwrap();
    assert!(is_as_said(&record.trip(next).await.unwrap().unwrap()), "and when they have");
}
