//! One list of facts, held against the index alone and against the index on a real Redis, Valkey and Redis Cluster.

use super::redis::cluster_tests::TestCluster;
use super::redis::test_server::{Make, TestRedis, records};
use super::{Live, LivePosition, Verdict};
use crate::clock::Env;
use geo::cell::Grid;
use geo::{Fix, FixKind, Position};
use matcher::model::{AccountId, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use uuid::Uuid;

/// Far longer than any write takes; reached only by a defect.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const TAKEN_AT: Timestamp = Timestamp(1_700_000_000_000);

pub(super) fn staff(n: u64) -> AccountId {
    AccountId(Uuid::from_u64_pair(7, n))
}

pub(super) fn at(lat: f64, lon: f64) -> Position {
    Position::new(lat, lon).unwrap()
}

pub(super) fn fix(position: Position, session_epoch: u32, seq: u32) -> Fix {
    let taken_at_ms = TAKEN_AT.0 + i64::from(seq);
    Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms, session_epoch, seq }
}

/// Small, seeded, good enough to scatter people.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn place(&mut self) -> Position {
        Position::from_e7(374_300_000 + self.roll(2_700_000) as i32, 1_267_700_000 + self.roll(4_100_000) as i32)
            .unwrap()
    }
}

async fn put_then_nearest_finds(live: &Live) {
    assert_eq!(live.put(staff(1), 1, fix(at(37.50, 127.0), 1, 1)), Verdict::Ok);
    assert_eq!(live.put(staff(2), 2, fix(at(37.52, 127.0), 1, 1)), Verdict::Ok);
    let found = live.nearest(at(37.519, 127.0), 5, |_| true);
    assert_eq!(found.iter().map(|n| n.at.no).collect::<Vec<_>>(), [2, 1]);
    let filtered = live.nearest(at(37.519, 127.0), 5, |p| p.no != 2);
    assert_eq!(filtered.iter().map(|n| n.at.no).collect::<Vec<_>>(), [1]);
    assert_eq!(live.last_fix(staff(1)), Some(fix(at(37.50, 127.0), 1, 1)));
    assert_eq!(live.last_fix(staff(3)), None);
}

async fn an_older_or_repeated_fix_changes_nothing(live: &Live) {
    let latest = fix(at(37.5, 127.0), 3, 20);
    live.put(staff(1), 1, latest);
    let cases = [(3, 19, Verdict::Older), (3, 20, Verdict::Duplicate), (2, 99, Verdict::Older)];
    for (epoch, seq, expected) in cases {
        assert_eq!(live.put(staff(1), 1, fix(at(37.6, 127.1), epoch, seq)), expected, "{epoch}.{seq}");
        assert_eq!(live.last_fix(staff(1)), Some(latest), "{epoch}.{seq}");
    }
    assert_eq!(live.put(staff(1), 1, fix(at(37.6, 127.1), 4, 0)), Verdict::Ok, "a new session starts over");
}

async fn a_coarse_fix_is_kept_and_says_so(live: &Live) {
    let coarse = Fix { accuracy_m: 1_500.0, ..fix(at(37.5, 127.0), 1, 1) };
    assert_eq!(live.put(staff(1), 1, coarse), Verdict::Coarse);
    assert_eq!(live.last_fix(staff(1)), Some(coarse));
}

async fn a_move_leaves_nobody_in_two_places(live: &Live) {
    for step in 0..40 {
        live.put(staff(1), 1, fix(at(37.45 + 0.005 * f64::from(step), 127.0), 1, step));
        assert_eq!(live.nearest(at(37.45, 127.0), 10, |_| true).len(), 1, "step {step}");
        assert_eq!(live.cells(Grid::Index).values().flatten().count(), 1, "step {step}");
        // Each step reaches Redis by itself; without this they would be one write.
        assert!(live.flush(PATIENCE).await);
    }
}

async fn a_delayed_fix_does_not_bring_back_who_was_removed(live: &Live) {
    live.put(staff(1), 1, fix(at(37.5, 127.0), 2, 9));
    live.remove(staff(1));
    assert_eq!(live.last_fix(staff(1)), None);
    assert_eq!(live.put(staff(1), 1, fix(at(37.5, 127.0), 2, 8)), Verdict::Older);
    assert!(live.is_empty());
    assert_eq!(live.put(staff(1), 1, fix(at(37.5, 127.0), 2, 10)), Verdict::Ok);
    assert_eq!(live.len(), 1);
}

async fn a_rider_is_known_and_never_among_staff(live: &Live) {
    let fix = fix(at(37.5, 127.0), 1, 1);
    assert_eq!(live.put_rider(staff(9), fix), Verdict::Ok);
    assert_eq!(live.put_rider(staff(9), fix), Verdict::Duplicate);
    assert_eq!(live.last_fix(staff(9)), Some(fix));
    assert!(live.nearest(at(37.5, 127.0), 5, |_| true).is_empty());
    assert!(live.moved_since(0, 10).1.is_empty());
    assert!(live.cells(Grid::District).is_empty());
}

async fn the_log_gives_each_mover_once_with_the_latest(live: &Live) {
    for n in 1..=3 {
        live.put(staff(n), n as u32, fix(at(37.5, 127.0), 1, 1));
    }
    let (cursor, first) = live.moved_since(0, 2);
    assert_eq!(first.iter().map(|p| p.no).collect::<Vec<_>>(), [1, 2]);
    live.put(staff(1), 1, fix(at(37.6, 127.0), 1, 2));
    live.put(staff(1), 1, fix(at(37.7, 127.0), 1, 3));
    let (cursor, rest) = live.moved_since(cursor, 10);
    assert_eq!(rest.iter().map(|p| (p.no, p.fix.seq)).collect::<Vec<_>>(), [(3, 1), (1, 3)]);
    assert_eq!(live.moved_since(cursor, 10), (cursor, Vec::new()));
}

async fn the_silent_are_forgotten(live: &Live) {
    live.put(staff(1), 1, Fix { taken_at_ms: TAKEN_AT.0, ..fix(at(37.5, 127.0), 1, 1) });
    live.put(staff(2), 2, Fix { taken_at_ms: TAKEN_AT.plus_s(60).0, ..fix(at(37.5, 127.0), 1, 1) });
    live.put_rider(staff(3), Fix { taken_at_ms: TAKEN_AT.0, ..fix(at(37.5, 127.0), 1, 1) });
    assert!(live.forget_silent(TAKEN_AT.plus_s(60), 60).is_empty(), "exactly at the limit is not silent");
    assert_eq!(live.forget_silent(TAKEN_AT.plus_s(61), 60), [staff(1)]);
    assert_eq!((live.len(), live.last_fix(staff(3))), (1, None));
}

async fn ten_thousand_moving_at_random_agree_with_a_model(live: &Live) {
    let seed = 20_261_124;
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut model: HashMap<AccountId, LivePosition> = HashMap::new();
    for seq in 1..=40_000 {
        if seq % 4_000 == 0 {
            assert!(live.flush(PATIENCE).await);
        }
        let who = staff(dice.roll(10_000));
        if dice.roll(20) == 0 {
            assert_eq!(live.remove(who), model.remove(&who).is_some());
            continue;
        }
        let position = LivePosition { staff: who, no: seq, fix: fix(dice.place(), 1, seq) };
        assert_eq!(live.put(who, seq, position.fix), Verdict::Ok);
        model.insert(who, position);
    }
    assert_same(&live.snapshot(), &model);
    let mut in_cells: Vec<AccountId> = live.cells(Grid::Index).into_values().flatten().collect();
    in_cells.sort();
    let mut known: Vec<AccountId> = model.keys().copied().collect();
    known.sort();
    assert_eq!(in_cells, known);
    for _ in 0..20 {
        let query = dice.place();
        let mut slow: Vec<f64> = model.values().map(|p| query.distance_m(p.fix.position)).collect();
        slow.sort_by(f64::total_cmp);
        let fast: Vec<f64> = live.nearest(query, 10, |_| true).iter().map(|n| n.distance_m).collect();
        assert_eq!(fast, slow[..10]);
    }
}

pub(super) fn assert_same(found: &[LivePosition], model: &HashMap<AccountId, LivePosition>) {
    let found: HashMap<AccountId, LivePosition> = found.iter().map(|p| (p.staff, *p)).collect();
    assert!(found == *model, "{} found, {} expected, or other places", found.len(), model.len());
}

/// After the fact on Redis: the hashes hold the index, each member once, and a new life reads back the same.
async fn assert_redis_holds(
    live: &Live,
    url: &str,
    prefix: &str,
    records: impl Fn() -> BTreeMap<Vec<u8>, Vec<String>>,
) {
    assert!(live.flush(PATIENCE).await, "redis took everything");
    let index: HashMap<AccountId, LivePosition> = live.snapshot().into_iter().map(|p| (p.staff, p)).collect();
    let records = records();
    assert!(records.values().all(|keys| keys.len() == 1), "somebody is in two places");
    assert_eq!(records.len(), index.len());
    live.close().await;
    let again = Live::redis(url, prefix, &Env::system()).await.unwrap();
    assert_same(&again.snapshot(), &index);
    again.close().await;
}

/// A fact on one server.
async fn on_one(make: Make, fact: impl AsyncFn(&Live)) {
    let server = TestRedis::start_of(make, |_| Vec::new());
    let live = Live::redis(&server.url(), "dh:", &Env::system()).await.unwrap();
    fact(&live).await;
    assert_redis_holds(&live, &server.url(), "dh:", || server.records()).await;
}

macro_rules! facts {
    ($($fact:ident),+ $(,)?) => {
        mod in_process {
            $(#[tokio::test]
            async fn $fact() {
                super::$fact(&super::Live::in_process()).await;
            })+
        }
        mod on_redis {
            $(#[tokio::test]
            async fn $fact() {
                super::on_one(super::Make::Redis, super::$fact).await;
            })+
        }
        mod on_valkey {
            $(#[tokio::test]
            async fn $fact() {
                super::on_one(super::Make::Valkey, super::$fact).await;
            })+
        }
        mod on_cluster {
            use super::*;

            /// One after the other on one Cluster, each under a prefix of its own: a Cluster takes seconds to come together.
            async fn every_fact(make: Make) {
                let cluster = TestCluster::of(make, 3, 0);
                $({
                    println!(stringify!($fact));
                    let prefix = concat!("dh:", stringify!($fact), ":");
                    let live = Live::redis(&cluster.url(), prefix, &Env::system()).await.unwrap();
                    super::$fact(&live).await;
                    let all = || cluster.primaries().flat_map(|p| records(&mut p.raw(), prefix)).collect();
                    assert_redis_holds(&live, &cluster.url(), prefix, all).await;
                })+
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn of_redis() {
                every_fact(Make::Redis).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn of_valkey() {
                every_fact(Make::Valkey).await;
            }
        }
    };
}

facts![
    put_then_nearest_finds,
    an_older_or_repeated_fix_changes_nothing,
    a_coarse_fix_is_kept_and_says_so,
    a_move_leaves_nobody_in_two_places,
    a_delayed_fix_does_not_bring_back_who_was_removed,
    a_rider_is_known_and_never_among_staff,
    the_log_gives_each_mover_once_with_the_latest,
    the_silent_are_forgotten,
    ten_thousand_moving_at_random_agree_with_a_model,
];
