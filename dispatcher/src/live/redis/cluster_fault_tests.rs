//! What a Redis Cluster loses, or is left with half done, when a primary or a gateway dies: nobody is in two places, nobody is fresher
//! than they are, and whoever knows better says so by themselves, also of those who never report again.

use super::super::contract::{PATIENCE, at, fix, staff};
use super::super::index::cell_of;
use super::super::{Health, Live, LivePosition};
use super::address::Address;
use super::cluster_tests::{FAILED_OVER_WITHIN, TestCluster, places};
use super::keys::{Keys, slot, tag_of};
use super::redis_tests::until;
use super::test_server::{Make, on_both};
use crate::clock::Env;
use geo::{Fix, Position};
use matcher::model::AccountId;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Of the process under test: the Redis, the first of its phones, and between which of the places they move.
const GATEWAY_OF: &str = "TEST_MOVING_GATEWAY_OF";
/// Phones of that process.
const PHONES: u64 = 20;
/// How long it is looked at whether anybody storms.
const LOOKED_AT: Duration = Duration::from_secs(6);
/// How often everybody may be tried meanwhile: after pauses that double from 100 ms to a second.
const TRIES_MAX: u64 = 14;

on_both![
    who_is_silent_after_a_failover_that_lost_their_last_write_is_where_they_were_and_is_put_again_by_who_knows,
    a_gateway_killed_between_the_new_record_on_one_primary_and_the_old_one_on_another_leaves_one_place,
];

async fn whole(url: &str) -> Live {
    Live::redis(url, "dh:", &Env::system()).await.unwrap()
}

async fn writer(url: &str) -> Live {
    Live::writing_at(&Address::parse(url).unwrap(), "dh:", &Env::system()).await.unwrap()
}

fn key_at(position: Position) -> String {
    Keys::new("dh:").tag(tag_of(cell_of(position)))
}

fn field(who: AccountId) -> Vec<u8> {
    who.0.as_bytes().to_vec()
}

/// Two places under one tag of the first primary, where nobody reports after the failover; one under another of its tags, where somebody
/// does; and one of another primary.
struct Scene {
    quiet: [Position; 2],
    busy: Position,
    elsewhere: Position,
}

impl Scene {
    fn of(cluster: &TestCluster) -> Self {
        let of_first: Vec<Position> = places().into_iter().filter(|&place| cluster.owner(place) == 0).collect();
        let quiet = of_first[0];
        // A few metres on.
        let beside = at(quiet.lat() + 0.0001, quiet.lon());
        assert_eq!(key_at(beside), key_at(quiet));
        let busy = of_first.into_iter().find(|&place| key_at(place) != key_at(quiet)).expect("two tags there");
        let elsewhere = places().into_iter().find(|&place| cluster.owner(place) == 1).expect("another primary");
        Self { quiet: [quiet, beside], busy, elsewhere }
    }
}

/// Somebody whose last write, or what goes with it, the replica never hears of.
struct Silent {
    who: AccountId,
    /// Before the replica was cut off.
    first: Option<Fix>,
    /// What was acknowledged last; `None` of who was removed.
    last: Option<Fix>,
}

/// One who stays, one who is new, one who comes from another primary, one who goes to it.
fn silent(from: u64, scene: &Scene, now_ms: i64) -> Vec<Silent> {
    let fix =
        |place: Position, seq: u32| Some(Fix { taken_at_ms: now_ms - 40_000 + i64::from(seq), ..fix(place, 1, seq) });
    let [quiet, beside] = scene.quiet;
    let ways = [(Some(quiet), beside), (None, quiet), (Some(scene.elsewhere), quiet), (Some(quiet), scene.elsewhere)];
    let one = |(n, (first, last)): (u64, (Option<Position>, Position))| Silent {
        who: staff(from + n),
        first: first.and_then(|place| fix(place, 1)),
        last: fix(last, 2),
    };
    (0..).zip(ways).map(one).collect()
}

fn put<'a>(live: &Live, silent: impl IntoIterator<Item = &'a Silent>, which: impl Fn(&Silent) -> Option<Fix>) {
    for one in silent {
        if let Some(fix) = which(one) {
            assert!(live.put(one.who, 1, fix).is_kept());
        }
    }
}

/// Whether each has a record where they were last, and none elsewhere.
fn are_in_redis_as_they_were(cluster: &TestCluster, alive: &[usize], silent: &[&Silent]) -> bool {
    let records = cluster.records(alive);
    silent.iter().all(|one| {
        let wanted: Vec<String> = one.last.iter().map(|fix| key_at(fix.position)).collect();
        records.get(&field(one.who)).cloned().unwrap_or_default() == wanted
    })
}

async fn who_is_silent_after_a_failover_that_lost_their_last_write_is_where_they_were_and_is_put_again_by_who_knows(
    make: Make,
) {
    let mut cluster = TestCluster::of(make, 3, 1);
    let scene = Scene::of(&cluster);
    let url = cluster.url();
    let (a, b, gateway, dead) = (whole(&url).await, whole(&url).await, writer(&url).await, writer(&url).await);
    let now_ms = Env::system().now().0;
    let mut all = Vec::new();
    for (live, from) in [(&a, 0), (&gateway, 10), (&dead, 20)] {
        let mut own = silent(from, &scene, now_ms);
        if from == 0 {
            // And one who goes off shift.
            own.push(Silent { who: staff(9), first: own[0].first, last: None });
        }
        put(live, &own, |one| one.first);
        assert!(live.flush(PATIENCE).await);
        all.push(own);
    }
    let [own, of_gateway, of_dead] = &all[..] else { panic!("three") };
    let all: Vec<&Silent> = all.iter().flatten().collect();
    let before = all.iter().filter(|one| one.first.is_some()).count();
    until("all are seen", || a.len() == before && b.len() == before).await;
    cluster.cut_off_replica_of(0);
    for (live, own) in [(&a, own), (&gateway, of_gateway), (&dead, of_dead)] {
        put(live, own, |one| one.last);
    }
    assert!(a.remove(staff(9)));
    for live in [&a, &gateway, &dead] {
        assert!(live.flush(PATIENCE).await);
    }
    let is_as_it_was = |live: &Live| all.iter().all(|one| live.last_fix(one.who) == one.last);
    until("all are seen", || is_as_it_was(&a) && is_as_it_was(&b)).await;
    until("and in redis, each once", || are_in_redis_as_they_were(&cluster, &[0, 1, 2], &all)).await;
    dead.close().await;
    cluster.kill(0);
    // From here on one reports, elsewhere, and nobody else.
    let (mut seq, mut late) = (0, None);
    let mut is_over = false;
    let begun = std::time::Instant::now();
    while !is_over {
        assert!(begun.elapsed() < 2 * PATIENCE, "not put again");
        seq += 1;
        a.put(staff(99), 99, fix(scene.busy, 1, seq));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        for live in [&a, &b] {
            assert!(is_as_it_was(live), "who knew it knows it, and it gets older");
        }
        // Whoever comes in the midst of it sees what the replica had, or less, until it is put right.
        if late.is_none() && cluster.has_failed_over(&[1, 2, 3]) {
            late = Some(whole(&url).await);
        }
        let Some(late) = &late else { continue };
        for &one in &all {
            let seen = late.last_fix(one.who);
            assert!(seen.is_none() || seen == one.first || seen == one.last, "{seen:?}");
        }
        is_over = is_as_it_was(late) && are_in_redis_as_they_were(&cluster, &[1, 2, 3], &all);
    }
    println!("all were put again {:?} after the kill", begun.elapsed());
    assert!(begun.elapsed() < FAILED_OVER_WITHIN, "{:?}", begun.elapsed());
    let late = late.expect("it came");
    until("all are well", || [&a, &b, &gateway, &late].iter().all(|live| live.health() == Health::RedisUp)).await;
    let fresh = whole(&url).await;
    assert!(is_as_it_was(&fresh), "read, and not told");
    assert_eq!(fresh.len(), all.iter().filter(|one| one.last.is_some()).count() + 1);
    for live in [a, b, gateway, late, fresh] {
        live.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_alone_puts_its_silent_phones_again_after_a_failover_and_whoever_comes_sees_each_once() {
    let mut cluster = TestCluster::start(3, 1);
    let scene = Scene::of(&cluster);
    let url = cluster.url();
    let gateway = writer(&url).await;
    let own = silent(0, &scene, Env::system().now().0);
    put(&gateway, &own, |one| one.first);
    assert!(gateway.flush(PATIENCE).await);
    cluster.cut_off_replica_of(0);
    put(&gateway, &own, |one| one.last);
    assert!(gateway.flush(PATIENCE).await);
    cluster.kill(0);
    let is_there = |records: &BTreeMap<Vec<u8>, Vec<String>>, one: &Silent| {
        let place = key_at(one.last.expect("of nobody gone").position);
        records.get(&field(one.who)).is_some_and(|keys| keys.contains(&place))
    };
    until("the replica has taken over", || cluster.has_failed_over(&[1, 2, 3])).await;
    until("all are in redis again", || {
        let records = cluster.records(&[1, 2, 3]);
        own.iter().all(|one| is_there(&records, one))
    })
    .await;
    let engine = whole(&url).await;
    for one in &own {
        assert_eq!(engine.last_fix(one.who), one.last, "where they were, and as old");
    }
    assert_eq!(engine.len(), own.len());
    until("each is once in redis", || are_in_redis_as_they_were(&cluster, &[1, 2, 3], &own.iter().collect::<Vec<_>>()))
        .await;
    engine.close().await;
    gateway.close().await;
}

/// Not a test of itself: a gateway of its own process, whose phones move once, when it is told to.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that another test starts and kills"]
async fn gateway_whose_phones_move_once() {
    let Ok(told) = std::env::var(GATEWAY_OF) else { return };
    let mut words = told.split(' ');
    let url = words.next().unwrap();
    let [first, from, to] = [(); 3].map(|()| words.next().unwrap().parse::<usize>().unwrap());
    let live = writer(url).await;
    let put = |place: usize, seq: u32| {
        for who in first as u64..first as u64 + PHONES {
            assert!(live.put(staff(who), who as u32, fix(places()[place], 1, seq)).is_kept());
        }
    };
    put(from, 1);
    assert!(live.flush(PATIENCE).await);
    std::io::stdin().read_line(&mut String::new()).unwrap();
    put(to, 2);
    std::future::pending::<()>().await;
}

/// What a gateway is killed in the middle of: everybody's move from one primary to another.
struct Move {
    /// Numbers of the places.
    from: usize,
    to: usize,
    first: u64,
}

impl Move {
    fn phones(&self) -> impl Iterator<Item = u64> + use<> {
        self.first..self.first + PHONES
    }

    /// The gateway, when its phones are where they come from; and who else was connected to the primary that is to be held.
    async fn begin(&self, cluster: &TestCluster, held: usize) -> (Child, BTreeSet<String>) {
        let others = clients(cluster, held).into_keys().collect();
        let gateway = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "live::redis::cluster_fault_tests::gateway_whose_phones_move_once"])
            .args(["--ignored", "--nocapture"])
            .env(GATEWAY_OF, format!("{} {} {} {}", cluster.url(), self.first, self.from, self.to))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("its phones are there", || self.are_at(cluster, &[self.from])).await;
        (gateway, others)
    }

    /// Whether each has a record at exactly these places.
    fn are_at(&self, cluster: &TestCluster, wanted: &[usize]) -> bool {
        let wanted: BTreeSet<String> = wanted.iter().map(|&place| key_at(places()[place])).collect();
        let records = cluster.records(&[0, 1, 2]);
        self.phones().all(|who| {
            let keys = records.get(&field(staff(who))).cloned().unwrap_or_default();
            keys.len() == wanted.len() && keys.into_iter().collect::<BTreeSet<_>>() == wanted
        })
    }

    /// Tells the gateway to move them while one primary takes no writes, and kills it when it waits for that one and what is seen is
    /// `moved`. What it had asked for there is not done later.
    async fn kill_while_held(&self, cluster: &TestCluster, held: usize, mut moved: impl FnMut() -> bool) {
        let (mut gateway, others) = self.begin(cluster, held).await;
        let is_own = |(id, _): &(String, String)| !others.contains(id);
        let own = || clients(cluster, held).into_iter().filter(is_own).collect::<BTreeMap<_, _>>();
        let known: BTreeSet<String> = own().into_keys().collect();
        assert!(!known.is_empty());
        let pause = |words: &[&str]| {
            let () = ::redis::cmd("CLIENT").arg(words).query(&mut cluster.raw(held)).unwrap();
        };
        pause(&["PAUSE", "600000", "WRITE"]);
        gateway.stdin.as_mut().unwrap().write_all(b"move\n").unwrap();
        let is_stuck = || own().iter().any(|(id, flags)| known.contains(id) && flags.contains('b'));
        until("they are in the midst of it", || moved() && is_stuck()).await;
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        until("its connections have ended there", || known.is_disjoint(&own().into_keys().collect())).await;
        pause(&["UNPAUSE"]);
    }
}

/// Connections of what is under test to a member: their numbers, and their flags.
fn clients(cluster: &TestCluster, member: usize) -> BTreeMap<String, String> {
    let list: String = ::redis::cmd("CLIENT").arg("LIST").query(&mut cluster.raw(member)).unwrap();
    let word = |line: &str, name: &str| line.split(' ').find_map(|word| word.strip_prefix(name).map(str::to_owned));
    let ours = list.lines().filter(|line| line.contains(" user=donghaeng "));
    ours.filter_map(|line| Some((word(line, "id=")?, word(line, "flags=")?))).collect()
}

async fn a_gateway_killed_between_the_new_record_on_one_primary_and_the_old_one_on_another_leaves_one_place(
    make: Make,
) {
    let cluster = TestCluster::of(make, 3, 0);
    let url = cluster.url();
    // The set of tags is on neither of the two.
    let keeper = cluster.owner_of(slot(&Keys::new("dh:").tags()));
    let [out, into] = [(keeper + 1) % 3, (keeper + 2) % 3];
    let of = |primary: usize| places().iter().position(|&place| cluster.owner(place) == primary).expect("one there");
    let (from, to) = (of(out), of(into));
    let only_at = |live: &Live, the: &Move, place: usize| {
        let here = places()[place];
        let near = live.nearest(here, 1_000, |p| p.fix.position.distance_m(here) < 3_000.0).len();
        near == PHONES as usize && the.phones().all(|who| live.last_fix(staff(who)).is_some_and(|f| f.position == here))
    };

    // Nobody hears it: the new one is there, the old one too, and the gateway is dead.
    let alone = Move { from, to, first: 0 };
    alone.kill_while_held(&cluster, out, || alone.are_at(&cluster, &[from, to])).await;
    assert!(alone.are_at(&cluster, &[from, to]), "it died in between");
    let engine = whole(&url).await;
    assert!(only_at(&engine, &alone, to) && engine.len() == PHONES as usize, "one place for who comes");
    until("and in redis", || alone.are_at(&cluster, &[to])).await;
    for who in alone.phones() {
        engine.remove(staff(who));
    }
    assert!(engine.flush(PATIENCE).await);

    // The engine's node hears it: never two places, and it is the one to drop the old ones.
    let heard = Move { from, to, first: 100 };
    let is_seen = std::cell::Cell::new(false);
    let in_one_place = || {
        is_seen.set(is_seen.get() || engine.len() == PHONES as usize);
        if !is_seen.get() {
            return false;
        }
        assert_eq!(engine.len(), PHONES as usize);
        let is_at = |who: &u64, place: usize| engine.last_fix(staff(*who)).unwrap().position == places()[place];
        assert!(heard.phones().all(|who| is_at(&who, from) || is_at(&who, to)));
        true
    };
    heard.kill_while_held(&cluster, out, || in_one_place() && only_at(&engine, &heard, to)).await;
    until("one place in redis", || heard.are_at(&cluster, &[to])).await;
    until("and all is well", || engine.health() == Health::RedisUp).await;
    assert!(only_at(&engine, &heard, to));
    for who in heard.phones() {
        engine.remove(staff(who));
    }
    assert!(engine.flush(PATIENCE).await);

    // The new record never came to be: they are where they were, and as old.
    let lost = Move { from, to, first: 200 };
    lost.kill_while_held(&cluster, into, || only_at(&engine, &lost, from)).await;
    until("all is well", || engine.health() == Health::RedisUp).await;
    assert!(only_at(&engine, &lost, from) && lost.are_at(&cluster, &[from]));
    let fresh = whole(&url).await;
    assert!(only_at(&fresh, &lost, from));
    assert!(fresh.snapshot().iter().all(|p| p.fix == fix(places()[from], 1, 1)), "and as old");
    // Then they report through another.
    let other = writer(&url).await;
    for who in lost.phones() {
        other.put(staff(who), who as u32, fix(places()[to], 2, 1));
    }
    until("they are there, and nowhere else", || {
        only_at(&engine, &lost, to) && only_at(&fresh, &lost, to) && lost.are_at(&cluster, &[to])
    })
    .await;
    for live in [engine, fresh, other] {
        live.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_before_it_could_name_a_new_tag_leaves_the_old_place_until_somebody_names_it() {
    let cluster = TestCluster::start(3, 0);
    let url = cluster.url();
    let keeper = cluster.owner_of(slot(&Keys::new("dh:").tags()));
    let of = |primary: usize| places().iter().position(|&place| cluster.owner(place) == primary).expect("one there");
    let (from, to) = (of(keeper), of((keeper + 1) % 3));
    let half = Move { from, to, first: 0 };
    half.kill_while_held(&cluster, keeper, || half.are_at(&cluster, &[from, to])).await;
    let engine = whole(&url).await;
    let all_at = |place: usize, seq: u32| {
        let is_there = |p: &LivePosition| p.fix == fix(places()[place], 1, seq);
        engine.len() == PHONES as usize && engine.snapshot().iter().all(is_there)
    };
    assert!(all_at(from, 1), "where they were, and as old: nobody can know better");
    let other = writer(&url).await;
    other.put(staff(50), 50, fix(places()[to], 1, 1));
    assert!(other.flush(PATIENCE).await);
    until("the later records are found", || engine.len() > PHONES as usize).await;
    until("and count", || half.phones().all(|who| engine.last_fix(staff(who)) == Some(fix(places()[to], 1, 2)))).await;
    until("one place in redis", || half.are_at(&cluster, &[to])).await;
    engine.close().await;
    other.close().await;
}

/// Commands that a member has refused so far, by their names.
fn refused(cluster: &TestCluster, member: usize) -> BTreeMap<String, u64> {
    let info: String = ::redis::cmd("INFO").arg("commandstats").query(&mut cluster.raw(member)).unwrap();
    let of = |line: &str| {
        let (name, counts) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let count = counts.split(',').find_map(|word| word.strip_prefix("rejected_calls="))?;
        Some((name.to_owned(), count.parse().ok()?))
    };
    info.lines().filter_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_takes_nothing_is_hammered_by_nobody_and_all_is_well_when_it_does_again() {
    // As a Cluster is by itself: with one primary gone that nobody takes the place of, the others answer CLUSTERDOWN.
    let mut cluster = TestCluster::start_with(3, 0, &["--cluster-require-full-coverage", "yes"]);
    let (engine, gateway) = (whole(&cluster.url()).await, writer(&cluster.url()).await);
    let places = places();
    let put = |seq: u32| {
        for (n, &place) in places.iter().enumerate() {
            let live = if n % 2 == 0 { &engine } else { &gateway };
            live.put(staff(n as u64), n as u32, fix(place, 1, seq));
        }
    };
    let is_well = || [&engine, &gateway].iter().all(|live| live.health() == Health::RedisUp);
    put(1);
    until("all are seen", || engine.len() == places.len()).await;
    assert!(engine.flush(PATIENCE).await && gateway.flush(PATIENCE).await);
    until("all is well", is_well).await;
    let dead = (cluster.owner_of(slot(&Keys::new("dh:").tags())) + 1) % 3;
    let alive: Vec<usize> = (0..3).filter(|&member| member != dead).collect();
    cluster.kill(dead);
    until("nothing is taken", || {
        let info = |&member: &usize| -> String {
            ::redis::cmd("CLUSTER").arg("INFO").query(&mut cluster.raw(member)).unwrap()
        };
        alive.iter().all(|member| info(member).contains("cluster_state:fail"))
    })
    .await;
    put(2);
    until("it is said", || [&engine, &gateway].iter().all(|live| live.health() == Health::RedisDown)).await;
    let looked = std::time::Instant::now();
    let before = [alive[0], alive[1]].map(|member| refused(&cluster, member));
    tokio::time::sleep(LOOKED_AT).await;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (member, before) in [alive[0], alive[1]].into_iter().zip(before) {
        for (name, count) in refused(&cluster, member) {
            *counts.entry(name.clone()).or_default() += count - before.get(&name).copied().unwrap_or(0);
        }
    }
    // On a busy machine it was looked at for longer.
    let looked = looked.elapsed();
    let more_s = looked.saturating_sub(LOOKED_AT).as_secs_f64().ceil() as u64;
    println!("refused in {looked:?}: {counts:?}");
    let tags: BTreeSet<String> = places.iter().map(|&place| key_at(place)).collect();
    assert!(counts["fcall"] <= (TRIES_MAX + more_s) * tags.len() as u64, "{counts:?} of {} tags", tags.len());
    // What may be there though it was refused is read again, one tag a second at each member until one is told.
    assert!(counts["hscan"] <= 2 * (LOOKED_AT.as_secs() + more_s + 2), "{counts:?}");

    cluster.come(dead);
    until("all is well again", is_well).await;
    assert!(engine.flush(PATIENCE).await && gateway.flush(PATIENCE).await);
    until("and all are seen", || engine.snapshot().iter().filter(|p| p.fix.seq == 2).count() == places.len()).await;
    let records = cluster.records(&[0, 1, 2]);
    assert!(records.len() == places.len() && records.values().all(|keys| keys.len() == 1), "each once");
    engine.close().await;
    gateway.close().await;
}
