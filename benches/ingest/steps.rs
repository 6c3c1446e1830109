//! Owns what three short steps of a fix cost by themselves, by the code that the edge calls: who sends, how often they may, whether it can
//! be true.

use super::{Fix, FixKind, Position, STAFF};
use dispatcher::http::ingest::sources::{Rates, Source};
use dispatcher::http::known::{Kind, Known, key_of};
use dispatcher::live::Sense;
use dispatcher::record::{Account, Role, SignedIn};
use harness::figures::{measure, row};
use matcher::model::{AccountId, Timestamp};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Fixes in a round: the clock is too coarse for one.
const FIXES: u32 = 1_000;
const ROUNDS: usize = 300;

/// Microseconds of a round are nanoseconds of a fix.
pub fn table() {
    let secrets: Vec<String> = (0..STAFF).map(|no| format!("dh_{no:043}")).collect();
    let known = Known::default();
    for (no, secret) in (0..).zip(&secrets) {
        known.learn(key_of(Kind::Token, secret), &Arc::new(signed_in(no)), 0);
    }
    let of = |round: usize, nth: u32| (round as u32 * FIXES + nth) * 7 % STAFF;
    let who = measure(ROUNDS, |round| {
        // As the follower of revocations says it.
        known.is_read(Instant::now());
        let found = (0..FIXES).map(|nth| key_of(Kind::Token, &secrets[of(round, nth) as usize]));
        found.filter(|key| known.look(key, Timestamp(0)).0.is_some()).count()
    });
    let rates = Rates::default();
    let rate = measure(ROUNDS, |round| {
        let (now, source) = (Timestamp(round as i64 * 1_000), |nth| Source::Phone(i64::from(of(round, nth))));
        (0..FIXES).filter(|&nth| rates.count(source(nth), 1, now).is_ok()).count()
    });
    let mut sense = vec![Sense::default(); STAFF as usize];
    let mut seq = 0;
    let judged = measure(ROUNDS, |round| {
        let now = Timestamp(round as i64 * 60_000);
        seq += 1;
        (0..FIXES).filter(|&nth| sense[of(round, nth) as usize].judge(&fix(nth, seq, now), now, true).is_kept()).count()
    });
    for (what, times) in [("whose the token is, of 10,000 known", who), ("rate", rate), ("judged", judged)] {
        row(&format!("{what}: {FIXES} fixes"), &times, None);
    }
}

fn staff(no: u32) -> AccountId {
    AccountId(Uuid::from_u128(u128::from(no)))
}

fn signed_in(no: u32) -> SignedIn {
    let display = String::new();
    let account =
        Account { id: staff(no), role: Role::Staff, agency: None, sees_all_agencies: false, display, no: Some(no) };
    SignedIn { token: i64::from(no), account, expires_at: Timestamp(i64::MAX), ends_at: Timestamp(i64::MAX) }
}

fn fix(nth: u32, seq: u32, now: Timestamp) -> Fix {
    let position = Position::from_e7(375_663_000 + nth as i32, 1_269_779_000).expect("in Seoul");
    Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms: now.0, session_epoch: 1, seq }
}
