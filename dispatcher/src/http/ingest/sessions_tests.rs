//! Facts about sessions of phones: of two phones the one whose session began last counts, and one that counts anew is heard.

use super::sources::{Epochs, Source, Via};
use super::take;
use crate::http::command;
use crate::http::fixture::{Edge, Person, Reply};
use crate::http::known::{Kind, authenticate};
use crate::record::{Revocation, SignedIn};
use geo::Position;
use serde_json::{Value, json};
use std::sync::Arc;

/// Somebody with two phones, the older sign-in first.
struct Stage {
    edge: Edge,
    old: Person,
    new: Person,
    here: Position,
    /// Where the old one lies; too far to be believed at once.
    there: Position,
}

impl Stage {
    async fn new(is_staff: bool) -> Self {
        let edge = Edge::new().await;
        let old = if is_staff { edge.staff().await } else { edge.rider().await };
        let new = edge.person(old.account.clone()).await;
        let (here, there) = edge.places();
        Self { edge, old, new, here, there }
    }

    async fn of_each() -> [Self; 2] {
        [Self::new(true).await, Self::new(false).await]
    }

    async fn post(&self, phone: &Person, session: Option<u32>, at: Position, seqs: &[u32]) -> Reply {
        let fix =
            |seq: &u32| json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq});
        let mut body = json!({"fixes": seqs.iter().map(fix).collect::<Vec<_>>()});
        if let Some(session) = session {
            body["session"] = json!(session);
        }
        let reply = self.edge.call(Some(&phone.token), "POST", "/v1/fixes", Some(body)).await;
        assert_eq!(reply.status, 202, "{}", reply.text);
        reply
    }

    /// What becomes of fixes over REST, a second after whatever was before.
    async fn told(&self, phone: &Person, session: Option<u32>, at: Position, seqs: &[u32]) -> Vec<String> {
        self.edge.clock.advance_s(1);
        let reply = self.post(phone, session, at, seqs).await;
        reply.body["verdicts"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    }

    /// A socket of that phone is welcomed; the epoch.
    async fn welcome(&self, phone: &Person) -> u32 {
        self.edge.app.ingest.new_epoch(&self.edge.app, &*self.signed_in(phone).await).await.unwrap_or_else(|_| panic!())
    }

    /// What is in memory alone is forgotten, as with the next life of the server.
    fn restarts(&self) {
        self.edge.app.ingest.forget_unused(self.edge.app.env.now().plus_s(1_000_000));
        assert_eq!(self.edge.app.ingest.epochs(self.new.id()), Epochs::default());
    }

    /// A page that sends one place with its alarm.
    async fn tells_once(&self, phone: &Person, at: Position) -> Value {
        self.edge.clock.advance_s(1);
        let fix = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": 1});
        let body = json!({"fixes": [fix], "once": true});
        self.edge.call(Some(&phone.token), "POST", "/v1/fixes", Some(body)).await.body["verdicts"].clone()
    }

    async fn signed_in(&self, phone: &Person) -> Arc<SignedIn> {
        let app = &self.edge.app;
        authenticate(app, app.env.now(), Kind::Token, &phone.token).await.unwrap().unwrap()
    }

    /// As the socket of that phone takes one.
    async fn by_socket(&self, phone: &Person, at: Position, seq: u32) -> &'static str {
        self.edge.clock.advance_s(1);
        let fix = json!({"lat": at.lat(), "lon": at.lon(), "acc_m": 5, "kind": "gps", "age_ms": 0, "seq": seq});
        let fix = serde_json::from_value(fix).unwrap();
        let told = command::fixes(&self.edge.app, &*self.signed_in(phone).await, Via::Socket, &[fix]).await;
        told.unwrap_or_else(|_| panic!("taken"))[0].word()
    }

    /// The person is where the new phone is, and nobody says anything else.
    fn is_here(&self, seq: u32) {
        let (app, who) = (&self.edge.app, self.new.id());
        let last = app.sight.places.last_fix(who).unwrap();
        assert_eq!((last.position, last.seq), (self.here, seq));
        assert!(app.ingest.people.doubted(who).is_none() && app.ingest.people.refused(who).is_none());
    }
}

#[tokio::test]
async fn of_two_phones_over_rest_alone_the_later_sign_in_counts_and_the_other_is_told() {
    for stage in Stage::of_each().await {
        let Stage { old, new, here, there, .. } = &stage;
        assert_eq!(stage.told(old, None, *here, &[5_000]).await, ["ok"], "it is the only one");
        assert_eq!(stage.told(new, None, *here, &[1]).await, ["ok"]);
        for n in 0..3 {
            assert_eq!(stage.told(old, None, *there, &[5_001 + n]).await, ["replaced"]);
            assert_eq!(stage.told(new, None, *here, &[2 + n]).await, ["ok"], "one that was replaced silences nobody");
        }
        stage.is_here(4);
        // The new one is in a tunnel, and the old one lies where it lay.
        stage.edge.clock.advance_s(600);
        assert_eq!(stage.told(old, None, *there, &[5_009, 5_010, 5_011]).await, ["replaced"; 3]);
        assert_eq!(stage.told(new, None, *here, &[5]).await, ["ok"]);
        stage.is_here(5);
    }
}

#[tokio::test]
async fn after_a_restart_of_the_server_the_later_sign_in_counts_whichever_is_heard_first() {
    for stage in Stage::of_each().await {
        let Stage { old, new, here, there, .. } = &stage;
        // Neither was heard in this life.
        assert_eq!(stage.told(new, None, *here, &[700]).await, ["ok"]);
        assert_eq!(stage.told(old, None, *there, &[5_001, 5_002, 5_003]).await, ["replaced"; 3]);
        assert_eq!(stage.told(new, None, *here, &[701]).await, ["ok"]);
        stage.is_here(701);
    }
    for stage in Stage::of_each().await {
        let Stage { old, new, here, there, .. } = &stage;
        assert_eq!(stage.told(old, None, *here, &[5_001]).await, ["ok"]);
        assert_eq!(stage.told(new, None, *here, &[700]).await, ["ok"]);
        assert_eq!(stage.told(old, None, *there, &[5_002]).await, ["replaced"]);
        stage.is_here(700);
    }
}

#[tokio::test]
async fn a_phone_that_was_replaced_counts_with_a_session_that_begins_and_when_the_other_has_signed_out() {
    for stage in Stage::of_each().await {
        let Stage { edge, old, new, here, .. } = &stage;
        assert_eq!(stage.told(old, Some(1), *here, &[7]).await, ["ok"]);
        assert_eq!(stage.told(new, Some(2), *here, &[1]).await, ["ok"]);
        assert_eq!(stage.told(old, Some(1), *here, &[8]).await, ["replaced"]);
        // Its owner takes it up again.
        assert_eq!(stage.told(old, Some(3), *here, &[1]).await, ["ok"]);
        assert_eq!(stage.told(new, Some(2), *here, &[2]).await, ["replaced"]);
        assert_eq!(stage.told(new, Some(4), *here, &[1]).await, ["ok"]);
        assert_eq!(stage.told(old, Some(3), *here, &[2]).await, ["replaced"]);
        // One that cannot say so counts by when it signed in.
        assert_eq!(stage.told(old, Some(5), *here, &[1]).await, ["ok"]);
        assert_eq!(stage.told(new, None, *here, &[1]).await, ["ok"]);
        assert_eq!(stage.told(old, None, *here, &[9_000]).await, ["replaced"]);

        assert_eq!(edge.call(Some(&new.token), "DELETE", "/v1/session", None).await.status, 204);
        tokio::spawn(crate::ws::outbox::revoke(Arc::clone(&edge.app)));
        let heard = async {
            while stage.told(old, None, *here, &[9_001]).await != ["ok"] {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), heard).await.expect("nobody else is signed in");
    }
}

#[tokio::test]
async fn a_phone_over_rest_alone_that_was_started_anew_is_heard_with_its_first_fix() {
    for stage in Stage::of_each().await {
        let Stage { new, here, .. } = &stage;
        assert_eq!(stage.told(new, Some(7), *here, &[1, 2, 2_000]).await, ["ok"; 3]);
        assert_eq!(stage.told(new, Some(8), *here, &[1, 2]).await, ["ok"; 2]);
        assert_eq!(stage.told(new, Some(8), *here, &[2]).await, ["duplicate"], "a repeat stays one");
        assert_eq!(stage.told(new, Some(7), *here, &[2_001]).await, ["old"], "it was on its way when the phone died");
        assert_eq!(stage.told(new, Some(8), *here, &[3]).await, ["ok"]);
        stage.is_here(3);
    }
}

#[tokio::test]
async fn a_phone_that_counts_anew_and_does_not_say_so_is_silent_for_twenty_seconds_and_not_for_hours() {
    for stage in Stage::of_each().await {
        let Stage { edge, new, here, .. } = &stage;
        assert_eq!(stage.told(new, None, *here, &[2_000]).await, ["ok"]);
        let mut seq = 0;
        let mut next = async || {
            seq += 1;
            edge.clock.advance_s(3);
            stage.told(new, None, *here, &[seq]).await
        };
        for _ in 0..5 {
            assert_eq!(next().await, ["old"]);
        }
        for _ in 0..20 {
            assert_eq!(next().await, ["ok"]);
        }
    }
}

#[tokio::test]
async fn beside_an_open_socket_no_other_phone_counts_over_rest_and_one_press_silences_nobody() {
    for stage in Stage::of_each().await {
        let Stage { old, new, here, there, .. } = &stage;
        assert_eq!(stage.told(old, None, *here, &[5_000]).await, ["ok"]);
        let epoch = stage.welcome(new).await;
        assert_eq!(stage.by_socket(new, *here, 1).await, "ok");
        for n in 0..3 {
            assert_eq!(stage.told(old, None, *there, &[5_001 + n]).await, ["replaced"]);
            assert_eq!(stage.by_socket(new, *here, 2 + n).await, "ok");
        }
        stage.is_here(4);
        assert_eq!(stage.edge.app.sight.places.last_fix(new.id()).unwrap().session_epoch, epoch);
        // The alarm of a page on the old one is where that is; the open socket goes on.
        assert_ne!(stage.told(old, Some(9), *there, &[1]).await, ["replaced"]);
        assert_eq!(stage.by_socket(new, *here, 5).await, "ok");
        assert_eq!(stage.told(old, Some(9), *there, &[2]).await, ["replaced"]);
        stage.is_here(5);
    }
}

#[tokio::test]
async fn the_socket_of_an_earlier_sign_in_does_not_count_beside_a_later_one_over_rest_until_it_is_opened_anew() {
    for stage in Stage::of_each().await {
        let Stage { old, new, here, there, .. } = &stage;
        stage.welcome(old).await;
        assert_eq!(stage.by_socket(old, *here, 1).await, "ok");
        assert_eq!(stage.told(new, Some(1), *here, &[1]).await, ["ok"]);
        assert_eq!(stage.by_socket(old, *there, 2).await, "replaced");
        assert_eq!(stage.told(new, Some(1), *here, &[2]).await, ["ok"]);
        stage.is_here(2);
        stage.welcome(old).await;
        assert_eq!(stage.by_socket(old, *here, 1).await, "ok");
        assert_eq!(stage.told(new, Some(1), *here, &[3]).await, ["replaced"]);
    }
}

#[tokio::test]
async fn a_phone_with_a_socket_goes_on_over_rest_with_its_numbers_and_with_a_session_counts_anew() {
    for stage in Stage::of_each().await {
        let Stage { new, here, .. } = &stage;
        let epoch = stage.welcome(new).await;
        assert_eq!(stage.by_socket(new, *here, 1).await, "ok");
        assert_eq!(stage.told(new, None, *here, &[2]).await, ["ok"], "the socket is away for a moment");
        assert_eq!(stage.edge.app.sight.places.last_fix(new.id()).unwrap().session_epoch, epoch);
        assert_eq!(stage.told(new, None, *here, &[1]).await, ["old"]);
        // A page that has counted nothing, while another socket of it is not yet welcomed.
        assert_eq!(stage.told(new, Some(1), *here, &[1]).await, ["ok"]);
        assert_eq!(stage.by_socket(new, *here, 3).await, "ok", "nor does that silence the socket");
        assert!(stage.welcome(new).await > epoch);
        assert_eq!(stage.told(new, Some(2), *here, &[1]).await, ["ok"]);
    }
}

#[tokio::test]
async fn a_phone_that_is_replaced_takes_nothing_of_the_rate_of_the_one_that_counts() {
    let stage = Stage::new(true).await;
    let Stage { old, new, here, there, .. } = &stage;
    assert_eq!(stage.told(new, None, *here, &[1]).await, ["ok"]);
    let many: Vec<u32> = (1..=60).collect();
    for _ in 0..5 {
        stage.post(old, None, *there, &many).await;
    }
    assert_eq!(stage.post(new, None, *here, &many).await.body["accepted"], 59);
}

#[tokio::test]
async fn however_many_sessions_begin_few_are_kept_and_the_one_that_counts_is_among_them() {
    let stage = Stage::new(true).await;
    let Stage { edge, new, here, .. } = &stage;
    for session in 0..100 {
        assert_eq!(stage.told(new, Some(session), *here, &[1]).await, ["ok"]);
    }
    let known = edge.app.ingest.epochs(new.id());
    assert_eq!((known.phones.len(), known.phone().unwrap().number), (16, Some(99)));
    assert_eq!(stage.told(new, Some(99), *here, &[2]).await, ["ok"]);
    // What was on its way of the one before begins no session: the earliest were forgotten.
    assert_eq!(stage.told(new, Some(98), *here, &[2]).await, ["old"]);
}

#[tokio::test]
async fn a_phone_that_was_replaced_does_not_count_after_a_restart_by_the_number_it_had() {
    for left_is_heard_first in [false, true] {
        for stage in Stage::of_each().await {
            let Stage { old, new, here, there, .. } = &stage;
            assert_eq!(stage.told(old, Some(1), *here, &[1]).await, ["ok"]);
            assert_eq!(stage.told(new, Some(2), *here, &[1]).await, ["ok"]);
            stage.restarts();
            if left_is_heard_first {
                assert_eq!(stage.told(old, Some(1), *there, &[2]).await, ["replaced"]);
            }
            assert_eq!(stage.told(new, Some(2), *here, &[2]).await, ["ok"]);
            assert_eq!(stage.told(old, Some(1), *there, &[3]).await, ["replaced"]);
            assert_eq!(stage.told(new, Some(2), *here, &[3]).await, ["ok"]);
            stage.is_here(3);
        }
    }
}

#[tokio::test]
async fn a_later_sign_in_that_was_replaced_by_a_socket_stays_so_after_a_restart() {
    for stage in Stage::of_each().await {
        let Stage { old, new, here, there, .. } = &stage;
        assert_eq!(stage.told(new, None, *there, &[1]).await, ["ok"]);
        stage.welcome(old).await;
        stage.edge.clock.advance_s(600);
        assert_eq!(stage.by_socket(old, *here, 1).await, "ok");
        stage.restarts();
        assert_eq!(stage.told(new, None, *there, &[2]).await, ["replaced"]);
        assert_eq!(stage.by_socket(old, *here, 2).await, "ok");
        stage.is_here(2);
    }
}

#[tokio::test]
async fn however_often_one_phone_begins_anew_the_one_it_replaced_is_not_taken_for_a_new_one() {
    let stage = Stage::new(true).await;
    let Stage { old, new, here, there, .. } = &stage;
    assert_eq!(stage.told(old, Some(1), *here, &[1]).await, ["ok"]);
    for session in 100..140 {
        assert_eq!(stage.told(new, Some(session), *here, &[1]).await, ["ok"]);
    }
    assert_eq!(stage.told(old, Some(1), *there, &[2]).await, ["replaced"]);
    stage.restarts();
    assert_eq!(stage.told(old, Some(1), *there, &[3]).await, ["replaced"]);
    assert_eq!(stage.told(new, Some(139), *here, &[2]).await, ["ok"]);
}

#[tokio::test]
async fn a_sign_in_that_was_taken_back_meanwhile_begins_no_session() {
    let stage = Stage::new(true).await;
    let Stage { edge, old, new, here, .. } = &stage;
    let (app, dead) = (&edge.app, stage.signed_in(new).await);
    assert_eq!(stage.told(old, None, *here, &[1]).await, ["ok"]);
    // The hub has heard of it after the record was asked.
    let revocation = Revocation { id: 1, account: new.id(), token: Some(dead.token) };
    app.hub.revoke(&[revocation]);
    stage.welcome(new).await;
    assert_eq!(app.ingest.epochs(new.id()).phones.len(), 1);
    assert_ne!(stage.told(old, None, *here, &[2]).await, ["replaced"]);
    // The record has.
    assert_eq!(edge.call(Some(&new.token), "DELETE", "/v1/session", None).await.status, 204);
    assert!(app.ingest.new_epoch(app, &dead).await.is_err());
    stage.restarts();
    assert_ne!(stage.told(old, None, *here, &[3]).await, ["replaced"]);
}

#[tokio::test]
async fn one_place_with_an_alarm_is_where_its_owner_is_and_replaces_no_phone_that_goes_on() {
    for stage in Stage::of_each().await {
        let Stage { old, new, here, there, .. } = &stage;
        assert_eq!(stage.told(old, None, *there, &[1]).await, ["ok"]);
        stage.edge.clock.advance_s(600);
        assert_eq!(stage.tells_once(new, *here).await, json!(["ok"]));
        stage.is_here(1);
        let mut waited_s = 0;
        while stage.told(old, None, *here, &[2 + waited_s]).await != ["ok"] {
            waited_s += 1;
            assert!(waited_s <= 21, "it is silenced for good");
        }
        assert!(waited_s >= 19, "what was told with the alarm counts meanwhile, not for {waited_s} s");
        assert_eq!(stage.told(old, None, *here, &[100]).await, ["ok"]);
        // Nor is it itself kept out by the phone that counts.
        assert_eq!(stage.tells_once(new, *here).await, json!(["ok"]));
    }
}

#[tokio::test]
async fn a_source_that_was_overtaken_is_heard_with_its_first_fix_of_the_next_shift() {
    let stage = Stage::new(true).await;
    let Stage { edge, new, here, .. } = &stage;
    let tracked = async |seq: u32| {
        edge.clock.advance_s(1);
        let taken_at_ms = edge.app.env.now().0;
        let fix =
            geo::Fix { position: *here, accuracy_m: 5.0, kind: geo::FixKind::Gps, taken_at_ms, session_epoch: 0, seq };
        let told = take(&edge.app, &new.account, (Source::Tracker(9), Via::Call), vec![fix]).await;
        told.unwrap_or_else(|_| panic!("taken"))[0].word()
    };
    assert_eq!(tracked(50_000).await, "ok");
    assert_eq!(stage.told(new, Some(7), *here, &[1, 2]).await, ["ok", "ok"]);
    assert_eq!(tracked(50_001).await, "old", "the later session counts");
    assert_eq!(edge.call(Some(&new.token), "DELETE", "/v1/shift", None).await.status, 204);
    assert_eq!(tracked(50_002).await, "not_on_shift");
    let shift = json!({"mode": "walk", "hours": 8});
    assert_eq!(edge.call(Some(&new.token), "POST", "/v1/shift", Some(shift)).await.status, 201);
    assert_eq!(tracked(50_003).await, "ok");
    assert_eq!(tracked(50_004).await, "ok");
    // What was on its way from before the end still brings nobody back.
    assert_eq!(edge.call(Some(&new.token), "DELETE", "/v1/shift", None).await.status, 204);
    assert!(edge.app.sight.places.last_fix(new.id()).is_none());
}

#[tokio::test]
async fn the_session_of_a_call_is_a_number_of_32_bits_and_the_pages_example_has_one() {
    let page = include_str!("../../../../docs/PROTOCOL.md");
    let (_, rest) = page.split_once("```json fixes\n").expect("the page has the block");
    let (block, _) = rest.split_once("\n```").expect("the block ends");
    let stage = Stage::new(true).await;
    for line in block.lines() {
        let example: Value = serde_json::from_str(line).expect(line);
        let call = |body: Value| stage.edge.call(Some(&stage.new.token), "POST", "/v1/fixes", Some(body));
        assert_eq!(call(example.clone()).await.status, 202, "{line}");
        for wrong in [json!(-1), json!(4_294_967_296_u64), json!("7"), json!(0.5)] {
            let mut example = example.clone();
            example["session"] = wrong;
            let reply = call(example).await;
            assert_eq!((reply.code(), reply.body["field"].as_str()), ("bad_field", Some("session")));
        }
    }
    assert_eq!(block.lines().filter(|line| line.contains("\"session\"")).count(), 1);
    for verdict in crate::live::Verdict::ALL {
        assert!(page.contains(&format!("\n| `{}` |", verdict.word())), "{}", verdict.word());
    }
}
