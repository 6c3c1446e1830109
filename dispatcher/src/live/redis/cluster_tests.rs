//! Redis Cluster: several primaries, replicas, and what becomes of positions when one dies.

use super::super::contract::{PATIENCE, at, fix, staff};
use super::super::index::cell_of;
use super::super::{Health, Live};
use super::keys::{Keys, slot, tag_of};
use super::redis_tests::until;
use super::test_server::{Make, TestRedis, records};
use crate::clock::Env;
use geo::Position;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long members may take to find each other, or to put a replica in a dead primary's place.
const TOGETHER_WITHIN: Duration = Duration::from_secs(60);
/// After which a member counts as dead, milliseconds.
const NODE_TIMEOUT_MS: &str = "2000";
const SLOTS: usize = 16_384;

/// Primaries with all slots between them, then their replicas.
pub(in crate::live) struct TestCluster {
    nodes: Vec<TestRedis>,
    primaries: usize,
}

impl TestCluster {
    /// Together and empty.
    pub(in crate::live) fn start(primaries: usize, replicas: usize) -> Self {
        let start = || {
            TestRedis::start_of(Make::Redis, |_| {
                // The members' own port, below the range that the system gives to clients like the other one.
                let bus = TestRedis::absent().port.to_string();
                ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", NODE_TIMEOUT_MS]
                    .map(str::to_owned)
                    .to_vec()
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
    fn owner(&self, position: Position) -> usize {
        let slot = slot(&Keys::new("dh:").tag(tag_of(cell_of(position))));
        usize::from(slot) * self.primaries / SLOTS
    }

    fn records(&self, alive: &[usize]) -> BTreeMap<Vec<u8>, Vec<String>> {
        let mut all: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
        for &node in alive {
            for (staff, keys) in records(&mut self.nodes[node].raw(), "dh:") {
                all.entry(staff).or_default().extend(keys);
            }
        }
        all
    }
}

/// Places all over the country, in many tags.
fn places() -> Vec<Position> {
    (0..60).map(|n| at(35.0 + 0.04 * f64::from(n), 127.0 + 0.02 * f64::from(n % 7))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_killed_with_failover_keeps_nobody_elsewhere_waiting_and_loses_nobody() {
    // Odd slots of luck aside, the first primary has a replica and is the one to die.
    let mut cluster = TestCluster::start(3, 1);
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
    println!("the dead primary's people are seen again {:?} after the kill", killed.elapsed());
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

#[tokio::test(flavor = "multi_thread")]
async fn a_move_from_one_primary_to_another_leaves_one_record() {
    let cluster = TestCluster::start(3, 0);
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
