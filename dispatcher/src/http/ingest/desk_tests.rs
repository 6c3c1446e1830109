//! What a desk settles, and of whom it is not certain what was believed last: they are passed on.

use super::*;
use matcher::model::AccountId;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const EAST_M: f64 = 1.0 / 88_000.0;

fn staff() -> AccountId {
    AccountId(Uuid::from_u64_pair(7, 1))
}

fn phone(epoch: u32) -> Sender {
    Sender { staff: staff(), no: 1, source: Source::Phone(2), epoch }
}

fn tracker(epoch: u32) -> Sender {
    Sender { source: Source::Tracker(3), ..phone(epoch) }
}

fn fix(metres_east: f64, seq: u32) -> Fix {
    let position = Position::new(37.5, 127.0 + metres_east * EAST_M).unwrap();
    Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms: NOW.0, session_epoch: 0, seq }
}

fn of(epoch: u32, fix: Fix) -> Fix {
    Fix { session_epoch: epoch, ..fix }
}

struct Scene {
    desk: Desk,
    live: Live,
}

impl Scene {
    fn new() -> Self {
        Self { desk: Desk::default(), live: Live::in_process() }
    }

    fn take_at(&self, sender: Sender, fixes: &[Fix], now: Timestamp) -> Judged {
        let judged = self.desk.take(&self.live, sender, fixes.to_vec(), now, |_| true);
        if let Judged::Pass(_) = judged {
            // As whoever passes on does.
            self.desk.forget(sender.staff);
        }
        judged
    }

    fn take(&self, sender: Sender, fixes: &[Fix]) -> Judged {
        self.take_at(sender, fixes, NOW)
    }

    fn learn(&self, last: Fix) -> bool {
        self.desk.learn(&self.live, staff(), &last, NOW)
    }
}

const UNSURE_OF: Judged = Judged::Pass(UNSURE);

fn settled(verdicts: &[Verdict]) -> Judged {
    Judged::Settled(verdicts.to_vec())
}

#[test]
fn what_follows_on_the_last_fix_is_settled_and_all_else_is_passed_on() {
    let scene = Scene::new();
    assert_eq!(scene.take(phone(3), &[fix(0.0, 1)]), UNSURE_OF, "nobody has told what was believed last");
    assert_eq!(scene.live.len(), 0);
    assert!(scene.learn(of(3, fix(0.0, 1))));
    assert_eq!(scene.take(phone(3), &[fix(1.0, 2)]), settled(&[Verdict::Ok]));
    assert_eq!(scene.take(phone(3), &[fix(1.0, 2)]), settled(&[Verdict::Duplicate]));
    let several = [fix(1.0, 1), fix(2.0, 3), fix(3.0, 4), fix(2.0, 3)];
    let verdicts = [Verdict::Older, Verdict::Ok, Verdict::Ok, Verdict::Older];
    assert_eq!(scene.take(phone(3), &several), settled(&verdicts));
    assert_eq!(scene.live.last_fix(staff()), Some(of(3, fix(3.0, 4))));

    // Number 5 went another way.
    assert_eq!(scene.take(phone(3), &[fix(4.0, 6)]), UNSURE_OF);
    assert_eq!(scene.take(phone(3), &[fix(4.0, 5)]), UNSURE_OF, "nor is it known now what came of 6");
    assert!(scene.learn(of(3, fix(4.0, 6))));
    assert_eq!(scene.take(phone(3), &[fix(5.0, 7), fix(5.0, 9)]), UNSURE_OF, "8 may be anywhere");
    assert!(scene.learn(of(3, fix(5.0, 9))));
    assert_eq!(scene.take(phone(3), &[fix(6.0, 10)]), settled(&[Verdict::Ok]));
}

#[test]
fn a_phone_that_counts_anew_is_for_the_engines_node() {
    let scene = Scene::new();
    assert!(scene.learn(of(3, fix(0.0, 2_000))));
    assert_eq!(scene.take(phone(3), &[fix(1.0, 1), fix(1.0, 2)]), UNSURE_OF);
    // It was given another epoch there.
    assert!(scene.learn(of(4, fix(1.0, 2))));
    assert_eq!(scene.take(phone(4), &[fix(2.0, 3)]), settled(&[Verdict::Ok]));
}

#[test]
fn a_phone_that_was_elsewhere_and_comes_back_is_judged_by_what_was_believed_there() {
    let scene = Scene::new();
    assert!(scene.learn(of(3, fix(0.0, 1))));
    assert_eq!(scene.take(phone(3), &[fix(1.0, 2)]), settled(&[Verdict::Ok]));
    // Minutes later, with a new session, from 20 km away: by what is known here it could be.
    let later = NOW.plus_s(600);
    let there = |metres: f64, seq: u32, at: Timestamp| Fix { taken_at_ms: at.0, ..fix(20_000.0 + metres, seq) };
    assert_eq!(scene.take_at(phone(5), &[there(0.0, 40, later)], later), UNSURE_OF);
    // But a second ago it was here.
    assert!(scene.learn(Fix { taken_at_ms: later.0 - 1_000, ..of(5, fix(9.0, 40)) }));
    assert_eq!(scene.take_at(phone(5), &[there(0.0, 41, later)], later), Judged::Pass("doubt"));
    assert_eq!(
        scene.take_at(phone(5), &[there(0.0, 42, later)], later),
        UNSURE_OF,
        "what is doubted there is not known"
    );
    assert_eq!(scene.live.last_fix(staff()), Some(of(3, fix(1.0, 2))), "nothing of it was believed here");
}

#[test]
fn what_the_engines_node_tells_before_it_has_heard_all_counts_for_nothing() {
    let scene = Scene::new();
    assert!(scene.learn(of(3, fix(0.0, 1))));
    assert_eq!(scene.take(phone(3), &[fix(1.0, 2), fix(2.0, 3)]), settled(&[Verdict::Ok, Verdict::Ok]));
    scene.desk.forget(staff());
    assert!(!scene.learn(of(3, fix(1.0, 2))), "number 3 is on its way there");
    assert_eq!(scene.take(phone(3), &[fix(3.0, 4)]), UNSURE_OF);
    assert!(scene.learn(of(3, fix(3.0, 4))));
    assert_eq!(scene.take(phone(3), &[fix(4.0, 5)]), settled(&[Verdict::Ok]));
}

#[test]
fn a_tracker_numbers_by_its_clock_and_is_certain_for_half_a_minute() {
    let scene = Scene::new();
    let told = |seconds: i64| Fix { taken_at_ms: NOW.plus_s(seconds).0, ..fix(0.0, 1_000 + seconds as u32) };
    assert!(scene.learn(of(4, told(0))));
    assert_eq!(scene.take_at(tracker(4), &[told(29)], NOW.plus_s(29)), settled(&[Verdict::Ok]));
    assert_eq!(scene.take_at(tracker(4), &[told(58)], NOW.plus_s(58)), settled(&[Verdict::Ok]));
    assert_eq!(scene.take_at(tracker(4), &[told(90)], NOW.plus_s(90)), UNSURE_OF);
    // What was believed last is the phone's.
    assert!(scene.learn(Fix { taken_at_ms: NOW.plus_s(91).0, ..of(6, fix(0.0, 8)) }));
    assert_eq!(scene.take_at(tracker(4), &[told(92)], NOW.plus_s(92)), UNSURE_OF);
}

#[test]
fn who_is_silent_for_long_is_forgotten() {
    let scene = Scene::new();
    assert!(scene.learn(of(3, fix(0.0, 1))));
    scene.desk.forget_silent(NOW.plus_s(KEPT_S));
    assert_eq!(scene.take(phone(3), &[fix(1.0, 2)]), settled(&[Verdict::Ok]));
    scene.desk.forget_silent(NOW.plus_s(KEPT_S + 1));
    assert_eq!(scene.take(phone(3), &[fix(1.0, 3)]), UNSURE_OF);
}

#[test]
fn after_the_clock_was_set_the_next_fix_of_everybody_is_passed_on() {
    let scene = Scene::new();
    assert!(scene.learn(of(4, fix(0.0, 1))));
    assert_eq!(scene.take(phone(4), &[fix(1.0, 2)]), Judged::Settled(vec![Verdict::Ok]));
    scene.desk.forget_all();
    assert_eq!(scene.take(phone(4), &[fix(2.0, 3)]), UNSURE_OF);
    assert!(scene.learn(of(4, fix(2.0, 3))));
    assert_eq!(scene.take(phone(4), &[fix(3.0, 4)]), Judged::Settled(vec![Verdict::Ok]));
}
