//! Sentinel, TLS, and the rights that are enough.

use super::super::contract::{PATIENCE, at, fix, staff};
use super::super::{Health, Live, RedisAddress};
use super::redis_tests::until;
use super::test_server::{Make, TestRedis, documented_user};
use crate::clock::Env;
use geo::Fix;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A Sentinel that watches one master.
fn sentinel(master: &TestRedis) -> TestRedis {
    let port = master.port;
    TestRedis::start_of(Make::Redis, |this| {
        let file = this.directory.path().join("sentinel.conf");
        let text = format!(
            "sentinel monitor main 127.0.0.1 {port} 1\nsentinel down-after-milliseconds main 1000\n\
             sentinel failover-timeout main 5000\n"
        );
        std::fs::write(&file, text).expect("written");
        vec![file.display().to_string(), "--sentinel".to_owned()]
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_killed_is_followed_to_the_one_the_sentinels_name() {
    let (mut master, replica, sentinel, _) = three().await;
    let url = format!("redis+sentinel://donghaeng:PASSWORD@127.0.0.1:1,127.0.0.1:{}/main", sentinel.port);
    let a = Live::redis(&url, "dh:", &Env::system()).await.unwrap();
    let b = Live::redis(&url, "dh:", &Env::system()).await.unwrap();
    assert_eq!(a.health(), Health::RedisUp);
    a.put(staff(1), 1, fix(at(37.5, 127.0), 1, 1));
    until("seen", || b.len() == 1).await;
    master.kill();
    let killed = Instant::now();
    a.put(staff(1), 1, fix(at(37.6, 127.0), 1, 2));
    b.put(staff(2), 2, fix(at(35.1, 129.0), 1, 1));
    let agree = || a.len() == 2 && b.last_fix(staff(1)).is_some_and(|fix| fix.seq == 2);
    until("both hear each other through the new master", agree).await;
    println!("heard again {:?} after the kill", killed.elapsed());
    // One second until the Sentinel believes it, and its election.
    assert!(killed.elapsed() < Duration::from_secs(20), "{:?}", killed.elapsed());
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    assert_eq!(replica.records().len(), 2);
    a.close().await;
    b.close().await;
}

/// A master, a replica that follows it, a Sentinel that knows both, and the address of all.
async fn three() -> (TestRedis, TestRedis, TestRedis, String) {
    let master = TestRedis::start();
    let replica = TestRedis::start_of(Make::Redis, |_| {
        ["--replicaof", "127.0.0.1", &master.port.to_string()].map(str::to_owned).to_vec()
    });
    until("the replica follows", || role(&replica).contains("master_link_status:up")).await;
    let sentinel = sentinel(&master);
    let knows = || -> String { ::redis::cmd("INFO").arg("sentinel").query(&mut sentinel.raw()).unwrap() };
    until("the sentinel knows both", || knows().contains("slaves=1")).await;
    let url = format!("redis+sentinel://donghaeng:PASSWORD@127.0.0.1:{}/main", sentinel.port);
    (master, replica, sentinel, url)
}

/// Nothing where the server ends the connection, or takes none for a moment, as one does that becomes another's replica.
pub(super) fn role(redis: &TestRedis) -> String {
    let client = ::redis::Client::open(redis.full_url()).expect("a url");
    let asked = client.get_connection().and_then(|mut at| ::redis::cmd("INFO").arg("replication").query(&mut at));
    asked.unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_made_a_replica_is_left_within_seconds() {
    let (master, replica, sentinel, url) = three().await;
    let a = Live::redis(&url, "dh:", &Env::system()).await.unwrap();
    let b = Live::redis(&url, "dh:", &Env::system()).await.unwrap();
    for who in 0..20 {
        a.put(staff(who), who as u32, fix(at(37.5, 127.0), 1, 1));
    }
    until("seen", || b.len() == 20).await;
    let failover = || ::redis::cmd("SENTINEL").arg("FAILOVER").arg("main").query::<()>(&mut sentinel.raw());
    until("the sentinel finds the replica good enough", || failover().is_ok()).await;
    until("they have changed places", || {
        role(&replica).contains("role:master") && role(&master).contains("role:slave")
    })
    .await;
    let changed = Instant::now();
    a.put(staff(1), 1, fix(at(37.6, 127.0), 1, 2));
    b.put(staff(2), 2, fix(at(35.1, 129.0), 1, 2));
    let seq = |live: &Live, who: u64| live.last_fix(staff(who)).map(|fix| fix.seq);
    until("both hear each other", || seq(&a, 2) == Some(2) && seq(&b, 1) == Some(2)).await;
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    println!("heard and written {:?} after the change", changed.elapsed());
    assert!(changed.elapsed() < Duration::from_secs(5), "{:?}", changed.elapsed());
    until("nobody is lost", || replica.records().len() == 20).await;
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_was_replaced_and_answers_as_before_is_left_within_seconds() {
    let (master, replica, sentinel, url) = three().await;
    let a = Live::redis(&url, "dh:", &Env::system()).await.unwrap();
    let b = Live::redis(&url, "dh:", &Env::system()).await.unwrap();
    for who in 0..20 {
        a.put(staff(who), who as u32, fix(at(37.5, 127.0), 1, 1));
    }
    until("seen", || b.len() == 20).await;
    until("copied", || replica.records().len() == 20).await;
    // As where the Sentinels cannot reach it and the servers can: it is told nothing and no connection breaks.
    let () = ::redis::cmd("REPLICAOF").arg("NO").arg("ONE").query(&mut replica.raw()).unwrap();
    // Two were written last and not copied in time.
    let key = replica.records().into_values().next().unwrap().remove(0);
    for who in [3, 4] {
        let _: i64 =
            ::redis::cmd("HDEL").arg(&key).arg(&staff(who).0.as_bytes()[..]).query(&mut replica.raw()).unwrap();
    }
    let () = ::redis::cmd("SENTINEL").arg("REMOVE").arg("main").query(&mut sentinel.raw()).unwrap();
    let mut watch = ::redis::cmd("SENTINEL");
    watch.arg("MONITOR").arg("main").arg("127.0.0.1").arg(replica.port).arg(1);
    let () = watch.query(&mut sentinel.raw()).unwrap();
    let replaced = Instant::now();
    until("all are with the new one", || replica.records().len() == 20).await;
    println!("all are with the new one {:?} after the change", replaced.elapsed());
    assert!(replaced.elapsed() < Duration::from_secs(5), "{:?}", replaced.elapsed());
    a.put(staff(1), 1, fix(at(37.6, 127.0), 1, 2));
    let is_seen = || b.last_fix(staff(1)).is_some_and(|fix| fix.seq == 2);
    until("heard through the new one", is_seen).await;
    assert!(replaced.elapsed() < Duration::from_secs(6), "{:?}", replaced.elapsed());
    assert!(master.records().len() == 20 && role(&master).contains("role:master"), "the old one still answers");
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_that_says_nothing_holds_nobody_up() {
    let (_master, _replica, sentinel, _) = three().await;
    // Accepts, as the system does for it, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (silent, port) = (silent.local_addr().unwrap().port(), sentinel.port);
    let url = format!("redis+sentinel://donghaeng:PASSWORD@127.0.0.1:{silent},127.0.0.1:{port}/main");
    let begun = Instant::now();
    let live = Live::redis(&url, "dh:", &Env::system()).await.unwrap();
    assert_eq!(live.health(), Health::RedisUp);
    assert!(begun.elapsed() < Duration::from_millis(1_800), "{:?}", begun.elapsed());
    live.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_tls_whom_the_named_authority_signed_is_believed_and_nobody_else() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let pair = |name: &str| {
        crate::tls::dev_cert(&dir.path().join(name), &["localhost".to_owned(), "127.0.0.1".to_owned()], false)
            .expect("a pair")
    };
    let ((cert, key), (other, _)) = (pair("a"), pair("b"));
    let tls_port = std::cell::Cell::new(0);
    let _server = TestRedis::start_of(Make::Redis, |_| {
        tls_port.set(TestRedis::absent().port);
        let (port, cert, key) = (tls_port.get().to_string(), cert.display().to_string(), key.display().to_string());
        ["--tls-port", &port, "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-auth-clients", "no"]
            .map(str::to_owned)
            .to_vec()
    });
    let address =
        RedisAddress::parse(&format!("rediss://donghaeng:PASSWORD@localhost:{}", tls_port.get())).expect("a url");
    let trusting = |ca: &std::path::Path| address.clone().trusting(Some(std::fs::read(ca).expect("a certificate")));
    let (a, b) = (
        Live::redis_at(&trusting(&cert), "dh:", &Env::system()).await.unwrap(),
        Live::redis_at(&trusting(&cert), "dh:", &Env::system()).await.unwrap(),
    );
    a.put(staff(1), 1, fix(at(37.5, 127.0), 1, 1));
    until("seen", || b.len() == 1).await;
    let stranger = Live::redis_at(&trusting(&other), "dh:", &Env::system()).await.unwrap();
    assert_eq!((stranger.health(), stranger.len()), (Health::RedisDown, 0), "its certificate is not believed");
    for live in [a, b, stranger] {
        live.close().await;
    }
}

#[tokio::test]
async fn the_documented_rights_are_enough_and_no_more_is_given() {
    let words = documented_user();
    assert!(words.iter().any(|word| word == "-@all"), "all is taken away first: {words:?}");
    let given: BTreeSet<&str> = words.iter().filter_map(|word| word.strip_prefix('+')).collect();
    let redis = TestRedis::start();
    let every = Duration::from_millis(300);
    let a = Live::redis_read_every(&redis.url(), "dh:", &Env::system(), every).await;
    let b = Live::redis_read_every(&redis.url(), "dh:", &Env::system(), every).await;
    // Written, moved to another tag, heard, forgotten and swept.
    for place in [at(37.5, 127.0), at(35.1, 129.0)] {
        a.put(staff(1), 1, fix(place, 1, place.lat_e7() as u32));
        a.put(staff(2), 2, Fix { taken_at_ms: Env::system().now().0, ..fix(place, 1, place.lat_e7().unsigned_abs()) });
        assert!(a.flush(PATIENCE).await);
    }
    a.put(staff(1), 1, fix(at(35.1, 129.0), 2, 1));
    a.put(staff(2), 2, fix(at(35.1, 129.0), 2, 1));
    until("heard", || b.len() == 2 && b.last_fix(staff(1)).is_some_and(|fix| fix.session_epoch == 2)).await;
    b.forget_silent(Env::system().now(), 600);
    assert!(b.flush(PATIENCE).await);
    let calls = || -> BTreeSet<String> {
        let info: String = ::redis::cmd("INFO").arg("commandstats").query(&mut redis.raw()).unwrap();
        let names = info.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split(':').next());
        names.map(str::to_owned).collect()
    };
    until("swept", || calls().contains("hdel")).await;
    until("heartbeats", || calls().contains("hget")).await;
    let log: Vec<::redis::Value> = ::redis::cmd("ACL").arg("LOG").query(&mut redis.raw()).unwrap();
    assert!(log.is_empty(), "something was refused: {log:?}");
    // Of the connection itself, open to all; and of this test.
    let others = ["hello", "auth", "client|setinfo", "acl|setuser", "acl|log", "info", "ping"];
    let called = calls();
    let used: BTreeSet<&str> = called.iter().map(String::as_str).filter(|name| !others.contains(name)).collect();
    let on_clusters = BTreeSet::from(["cluster|slots", "scan"]);
    assert_eq!(given.difference(&used).copied().collect::<BTreeSet<_>>(), on_clusters, "given and not needed");
    assert_eq!(used.difference(&given).count(), 0, "needed and not given: {used:?}");
    a.close().await;
    b.close().await;
}
