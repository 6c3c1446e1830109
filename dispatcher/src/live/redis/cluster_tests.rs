//! Redis Cluster: several primaries, replicas, and what becomes of positions when one dies.

use super::super::contract::{PATIENCE, at, fix, staff};
use super::super::index::cell_of;
use super::super::{Health, Live};
use super::keys::{Keys, slot, tag_of};
use super::redis_tests::until;
use super::sentinel_tests::role;
use super::test_server::{Make, TestRedis, on_both, records};
use crate::clock::Env;
use geo::Position;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long members may take to find each other, or to put a replica in a dead primary's place.
const TOGETHER_WITHIN: Duration = Duration::from_secs(60);
/// After which a member counts as dead, milliseconds.
const NODE_TIMEOUT_MS: &str = "2000";
const SLOTS: usize = 16_384;
/// A replica has taken a dead primary's place, and all are heard through it: half of it is the members' agreeing on the death.
pub(super) const FAILED_OVER_WITHIN: Duration = Duration::from_secs(20);

/// Primaries with all slots between them, then their replicas.
pub(in crate::live) struct TestCluster {
    nodes: Vec<TestRedis>,
    primaries: usize,
}

impl TestCluster {
    /// Together and empty.
    pub(in crate::live) fn start(primaries: usize, replicas: usize) -> Self {
        Self::of(Make::Redis, primaries, replicas)
    }

    /// The same, of that make.
    pub(in crate::live) fn of(make: Make, primaries: usize, replicas: usize) -> Self {
        Self::of_with(make, primaries, replicas, &[])
    }

    /// The same of Redis, each with further arguments.
    pub(super) fn start_with(primaries: usize, replicas: usize, further: &[&str]) -> Self {
        Self::of_with(Make::Redis, primaries, replicas, further)
    }

    fn of_with(make: Make, primaries: usize, replicas: usize, further: &[&str]) -> Self {
        let start = || {
            TestRedis::start_of(make, |_| {
                // The members' own port, below the range that the system gives to clients like the other one.
                let bus = TestRedis::absent().port.to_string();
                ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", NODE_TIMEOUT_MS]
                    .into_iter()
                    .chain(further.iter().copied())
                    .map(str::to_owned)
                    .collect()
            })
        };
        let this = Self { nodes: (0..primaries + replicas).map(|_| start()).collect(), primaries };
        for (i, node) in this.primaries().enumerate() {
            let (from, to) = (SLOTS * i / primaries, SLOTS * (i + 1) / primaries - 1);
            let mut give = ::redis::cmd("CLUSTER");
            let () = give.arg("ADDSLOTSRANGE").arg(from).arg(to).query(&mut node.raw()).expect("slots are given");
            // Epochs that differ from the beginning need not be fought out.
            let mut number = ::redis::cmd("CLUSTER");
            let () = number.arg("SET-CONFIG-EPOCH").arg(i + 1).query(&mut node.raw()).expect("an epoch is given");
        }
        for other in &this.nodes[1..] {
            let mut meet = ::redis::cmd("CLUSTER");
            meet.arg("MEET").arg("127.0.0.1").arg(this.nodes[0].port).arg(&this.nodes[0].arguments[3]);
            let () = meet.query(&mut other.raw()).expect("a member is told of another");
        }
        let everybody = format!("cluster_known_nodes:{}\r\n", this.nodes.len());
        this.wait_for(&this.nodes.iter().collect::<Vec<_>>(), |info| {
            info.contains("cluster_state:ok") && info.contains(&everybody)
        });
        for (i, replica) in this.nodes[primaries..].iter().enumerate() {
            let mut whose = ::redis::cmd("CLUSTER");
            let id: String = whose.arg("MYID").query(&mut this.nodes[i].raw()).expect("an id");
            let mut follow = ::redis::cmd("CLUSTER");
            let () = follow.arg("REPLICATE").arg(id).query(&mut replica.raw()).expect("a replica follows");
            let begun = Instant::now();
            let is_following = || -> bool {
                let info: String = ::redis::cmd("INFO").arg("replication").query(&mut replica.raw()).expect("info");
                info.contains("master_link_status:up")
            };
            while !is_following() {
                assert!(begun.elapsed() < TOGETHER_WITHIN, "a replica does not follow");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        this
    }

    fn wait_for(&self, whom: &[&TestRedis], holds: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        let info = |node: &TestRedis| -> String {
            ::redis::cmd("CLUSTER").arg("INFO").query(&mut node.raw()).expect("a member answers")
        };
        while !whom.iter().all(|node| holds(&info(node))) {
            assert!(begun.elapsed() < TOGETHER_WITHIN, "{} members did not agree in time", self.nodes.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(in crate::live) fn primaries(&self) -> impl Iterator<Item = &TestRedis> {
        self.nodes[..self.primaries].iter()
    }

    pub(in crate::live) fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://donghaeng:PASSWORD@{}", hosts.join(","))
    }

    /// The number of the primary that has a place's tag.
    pub(super) fn owner(&self, position: Position) -> usize {
        self.owner_of(slot(&Keys::new("dh:").tag(tag_of(cell_of(position)))))
    }

    pub(super) fn owner_of(&self, slot: u16) -> usize {
        usize::from(slot) * self.primaries / SLOTS
    }

    /// `kill -9` of a member, by its number.
    pub(super) fn kill(&mut self, member: usize) {
        self.nodes[member].kill();
    }

    /// And back in its place, empty.
    pub(super) fn come(&mut self, member: usize) {
        self.nodes[member].come();
    }

    /// A connection to a member beside those under test.
    pub(super) fn raw(&self, member: usize) -> ::redis::Connection {
        self.nodes[member].raw()
    }

    /// From here on the replica of a primary is told nothing: what is written now is lost with the primary.
    pub(super) fn cut_off_replica_of(&self, primary: usize) {
        let mut raw = self.raw(primary);
        // It comes back at once, and is refused.
        let mut refuse = ::redis::cmd("ACL");
        let () = refuse.arg("SETUSER").arg("default").arg("-psync").arg("-sync").query(&mut raw).expect("a right goes");
        let _: i64 =
            ::redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("REPLICA").query(&mut raw).expect("it is cut off");
        let begun = Instant::now();
        let mut followers = || -> String { ::redis::cmd("INFO").arg("replication").query(&mut raw).expect("info") };
        while !followers().contains("connected_slaves:0\r\n") {
            assert!(begun.elapsed() < TOGETHER_WITHIN, "the replica still follows");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the replica of the first primary has taken its place, and all who are alive know.
    pub(super) fn has_failed_over(&self, alive: &[usize]) -> bool {
        let says = |member: usize, command: &str, what: &str, word: &str| {
            let info: String = ::redis::cmd(command).arg(what).query(&mut self.raw(member)).expect("a member answers");
            info.contains(word)
        };
        says(self.primaries, "INFO", "replication", "role:master")
            && alive.iter().all(|&member| says(member, "CLUSTER", "INFO", "cluster_state:ok"))
    }

    pub(super) fn records(&self, alive: &[usize]) -> BTreeMap<Vec<u8>, Vec<String>> {
        let mut all: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
        for &node in alive {
            for (staff, keys) in records(&mut self.nodes[node].raw(), "dh:") {
                all.entry(staff).or_default().extend(keys);
            }
        }
        all
    }
}

on_both![
    a_primary_killed_with_failover_keeps_nobody_elsewhere_waiting_and_loses_nobody,
    a_move_from_one_primary_to_another_leaves_one_record,
    a_primary_that_was_demoted_and_still_answers_is_left_within_seconds,
    a_slot_moved_by_hand_is_followed_and_holds_up_nobody_beside_it,
];

/// Places all over the country, in many tags.
pub(super) fn places() -> Vec<Position> {
    (0..60).map(|n| at(35.0 + 0.04 * f64::from(n), 127.0 + 0.02 * f64::from(n % 7))).collect()
}

async fn a_primary_killed_with_failover_keeps_nobody_elsewhere_waiting_and_loses_nobody(make: Make) {
    // Odd slots of luck aside, the first primary has a replica and is the one to die.
    let mut cluster = TestCluster::of(make, 3, 1);
    let (a, b) = (
        Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap(),
        Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap(),
    );
    let places = places();
    for (n, &place) in places.iter().enumerate() {
        a.put(staff(n as u64), n as u32, fix(place, 1, 1));
    }
    until("the other node sees everybody", || b.len() == places.len()).await;
    let owners: Vec<usize> = places.iter().map(|&place| cluster.owner(place)).collect();
    let elsewhere = owners.iter().position(|&owner| owner != 0).expect("somebody is on another primary");
    let there = owners.iter().position(|&owner| owner == 0).expect("somebody is on the first primary");

    cluster.nodes[0].kill();
    let killed = Instant::now();
    // Everybody moves a little, several times, while one primary is away.
    let mut worst = Duration::ZERO;
    for seq in 2..12 {
        for (n, &place) in places.iter().enumerate() {
            a.put(staff(n as u64), n as u32, fix(place, 1, seq));
        }
        let begun = Instant::now();
        let heard = || b.last_fix(staff(elsewhere as u64)).is_some_and(|fix| fix.seq == seq);
        until("the living primaries' people are seen", heard).await;
        worst = worst.max(begun.elapsed());
    }
    println!("elsewhere seen after {worst:?} at worst");
    assert!(worst < Duration::from_secs(4), "nobody elsewhere is held up beyond one interval: {worst:?}");
    let heard = || b.last_fix(staff(there as u64)).is_some_and(|fix| fix.seq == 11);
    until("the dead primary's people are seen again", heard).await;
    let silenced = killed.elapsed();
    println!("the dead primary's people are seen again {silenced:?} after the kill");
    assert!(silenced < FAILED_OVER_WITHIN, "{silenced:?}");
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    until("both are up", || a.health() == Health::RedisUp && b.health() == Health::RedisUp).await;
    let records = cluster.records(&[1, 2, 3]);
    assert_eq!(records.len(), places.len());
    assert!(records.values().all(|keys| keys.len() == 1), "somebody is in two places");
    let fresh = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    assert_eq!(fresh.len(), places.len());
    assert!(fresh.snapshot().iter().all(|p| p.fix.seq == 11));
    for live in [a, b, fresh] {
        live.close().await;
    }
}

async fn a_move_from_one_primary_to_another_leaves_one_record(make: Make) {
    let cluster = TestCluster::of(make, 3, 0);
    let a = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let b = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let mut seen: Vec<usize> = Vec::new();
    for (n, &place) in places().iter().enumerate() {
        let (live, other) = if n % 2 == 0 { (&a, &b) } else { (&b, &a) };
        live.put(staff(1), 1, fix(place, n as u32, 1));
        until("the other node sees the move", || other.last_fix(staff(1)).is_some_and(|f| f.position == place)).await;
        assert!(live.flush(PATIENCE).await);
        until("one record", || cluster.records(&[0, 1, 2]).values().all(|keys| keys.len() == 1)).await;
        seen.push(cluster.owner(place));
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, [0, 1, 2], "the way led over all primaries");
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_the_set_of_tags_is_away_sees_everybody_elsewhere_and_says_that_it_is_not_whole() {
    let mut cluster = TestCluster::start_with(3, 0, &["--cluster-require-full-coverage", "no"]);
    let a = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let places = places();
    a_round(&a, &a, &places, 1, |_| true).await;
    assert!(a.flush(PATIENCE).await);
    let tags = cluster.owner_of(slot(&Keys::new("dh:").tags()));
    let elsewhere = places.iter().filter(|&&place| cluster.owner(place) != tags).count();
    assert!(elsewhere > 0 && elsewhere < places.len());
    cluster.nodes[tags].kill();
    until("the death is seen", || a.health() == Health::RedisDown).await;

    let late = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    until("the people of the others are seen", || late.len() == elsewhere).await;
    assert_eq!(late.health(), Health::RedisDown, "and it is said that there are more");
    // They are heard, too.
    a_round(&a, &late, &places, 2, |n| cluster.owner(places[n]) != tags).await;
    cluster.nodes[tags].come();
    until("all are seen when it is back", || late.len() == places.len()).await;
    until("and it is said", || late.health() == Health::RedisUp).await;
    a.close().await;
    late.close().await;
}

/// Longer than anybody elsewhere has to wait for what is not theirs; a server that says nothing is waited for a second and two.
const HELD_UP_MAX: Duration = Duration::from_millis(900);

/// Everybody is put once more, and those whom `seen` names must be seen by the other node; how long the last of them took.
async fn a_round(a: &Live, b: &Live, places: &[Position], seq: u32, seen: impl Fn(usize) -> bool) -> Duration {
    for (n, &place) in places.iter().enumerate() {
        a.put(staff(n as u64), n as u32, fix(place, 1, seq));
    }
    let begun = Instant::now();
    let is_seen = |n: usize| b.last_fix(staff(n as u64)).is_some_and(|fix| fix.seq == seq);
    until("who is not held up is seen", || (0..places.len()).all(|n| !seen(n) || is_seen(n))).await;
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_says_nothing_holds_up_its_own_people_only() {
    // With a backlog so short that it is soon full: then not even a connection is accepted.
    let cluster = TestCluster::start_with(3, 0, &["--cluster-require-full-coverage", "no", "--tcp-backlog", "2"]);
    let a = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let b = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let places = places();
    let owners: Vec<usize> = places.iter().map(|&place| cluster.owner(place)).collect();
    a_round(&a, &b, &places, 1, |_| true).await;
    // Not the one with the set of tags: who comes while that is away cannot know what there is.
    let tags = cluster.owner_of(slot(&Keys::new("dh:").tags()));
    let silent = (0..3).find(|&n| n != tags).expect("three");
    cluster.nodes[silent].stop();
    let (stopped, mut worst, mut seq) = (Instant::now(), Duration::ZERO, 1);
    while stopped.elapsed() < Duration::from_secs(8) {
        seq += 1;
        worst = worst.max(a_round(&a, &b, &places, seq, |n| owners[n] != silent).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("elsewhere seen after {worst:?} at worst in {seq} rounds");
    assert!(worst < HELD_UP_MAX, "{worst:?}");
    assert!(a.health() == Health::RedisDown && b.health() == Health::RedisDown, "it is said");
    let there = owners.iter().position(|&owner| owner == silent).expect("somebody is on it");
    assert_eq!(b.last_fix(staff(there as u64)).map(|fix| fix.seq), Some(1), "its people are not seen");
    // Who comes now reads the others.
    let begun = Instant::now();
    let fresh = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    assert_eq!(fresh.len(), owners.iter().filter(|&&owner| owner != silent).count());
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    cluster.nodes[silent].go_on();
    until("its people are seen again", || b.last_fix(staff(there as u64)).is_some_and(|fix| fix.seq == seq)).await;
    until("all is well", || [&a, &b, &fresh].iter().all(|live| live.health() == Health::RedisUp)).await;
    assert!(a.flush(PATIENCE).await && fresh.len() == places.len());
    for live in [a, b, fresh] {
        live.close().await;
    }
}

async fn a_primary_that_was_demoted_and_still_answers_is_left_within_seconds(make: Make) {
    let cluster = TestCluster::of(make, 3, 1);
    let a = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let b = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let places = places();
    a_round(&a, &b, &places, 1, |_| true).await;
    let failover = || ::redis::cmd("CLUSTER").arg("FAILOVER").query::<()>(&mut cluster.nodes[3].raw());
    failover().unwrap();
    let mut ordered = Instant::now();
    until("they have changed places", || {
        let is_done = role(&cluster.nodes[3]).contains("role:master") && role(&cluster.nodes[0]).contains("role:slave");
        // It is given up by itself after five seconds.
        if !is_done && ordered.elapsed() > Duration::from_secs(6) {
            let _ = failover();
            ordered = Instant::now();
        }
        is_done
    })
    .await;
    let took = a_round(&a, &b, &places, 2, |_| true).await;
    println!("all seen {took:?} after the change");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(a.flush(PATIENCE).await);
    let records = cluster.records(&[1, 2, 3]);
    assert_eq!(records.len(), places.len());
    let fresh = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    assert!(fresh.len() == places.len() && fresh.snapshot().iter().all(|p| p.fix.seq == 2));
    for live in [a, b, fresh] {
        live.close().await;
    }
}

async fn a_slot_moved_by_hand_is_followed_and_holds_up_nobody_beside_it(make: Make) {
    let cluster = TestCluster::of(make, 3, 0);
    let a = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let b = Live::redis(&cluster.url(), "dh:", &Env::system()).await.unwrap();
    let places = places();
    let key = |place: Position| Keys::new("dh:").tag(tag_of(cell_of(place)));
    let moved = places.iter().position(|&place| cluster.owner(place) == 0).expect("somebody is on the first primary");
    let slot_moved = slot(&key(places[moved]));
    let beside = |n: usize| slot(&key(places[n])) != slot_moved;
    assert!((0..places.len()).any(|n| beside(n) && cluster.owner(places[n]) == 0), "somebody is beside it");
    let id = |n: usize| -> String { ::redis::cmd("CLUSTER").arg("MYID").query(&mut cluster.nodes[n].raw()).unwrap() };
    let set_slot = |n: usize, what: &str, whom: usize| {
        let mut set = ::redis::cmd("CLUSTER");
        set.arg("SETSLOT").arg(slot_moved).arg(what).arg(id(whom));
        let () = set.query(&mut cluster.nodes[n].raw()).unwrap();
    };
    a_round(&a, &b, &places, 1, |_| true).await;
    set_slot(1, "IMPORTING", 0);
    set_slot(0, "MIGRATING", 1);
    a_round(&a, &b, &places, 2, |_| true).await;
    let mut migrate = ::redis::cmd("MIGRATE");
    migrate.arg("127.0.0.1").arg(cluster.nodes[1].port).arg(key(places[moved])).arg(0).arg(5_000);
    let () = migrate.query(&mut cluster.nodes[0].raw()).unwrap();
    // Half way: the first asks to ask the second. It is not for long; nobody else waits.
    let (half_way, mut worst, mut seq) = (Instant::now(), Duration::ZERO, 2);
    while half_way.elapsed() < Duration::from_secs(2) {
        seq += 1;
        worst = worst.max(a_round(&a, &b, &places, seq, beside).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("beside it seen after {worst:?} at worst in {seq} rounds");
    assert!(worst < HELD_UP_MAX, "{worst:?}");
    for n in [1, 0, 2] {
        set_slot(n, "NODE", 1);
    }
    let there = Instant::now();
    until("who waited is seen", || b.last_fix(staff(moved as u64)).is_some_and(|fix| fix.seq == seq)).await;
    println!("who waited is seen {:?} after the slot has moved", there.elapsed());
    assert!(there.elapsed() < Duration::from_secs(3), "{:?}", there.elapsed());
    a_round(&a, &b, &places, seq + 1, |_| true).await;
    assert!(a.flush(PATIENCE).await);
    let records = cluster.records(&[0, 1, 2]);
    assert_eq!(records.len(), places.len());
    assert!(records.values().all(|keys| keys.len() == 1), "somebody is in two places");
    assert_eq!(cluster.records(&[1]).get(staff(moved as u64).0.as_bytes().as_slice()), Some(&vec![key(places[moved])]));
    until("all is well", || a.health() == Health::RedisUp && b.health() == Health::RedisUp).await;
    a.close().await;
    b.close().await;
}
