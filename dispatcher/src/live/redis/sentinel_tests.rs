//! Sentinel, TLS, and the rights that are enough.

use super::super::contract::{PATIENCE, at, fix, staff};
use super::super::{Health, Live, RedisAddress};
use super::redis_tests::until;
use super::test_server::{Make, TestRedis, documented_user};
use crate::clock::Env;
use std::time::Instant;

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
    let mut master = TestRedis::start();
    let replica =
        TestRedis::start_of(Make::Redis, |_| ["--replicaof", "127.0.0.1", &master.port.to_string()].map(str::to_owned).to_vec());
    let replication = || -> String { ::redis::cmd("INFO").arg("replication").query(&mut replica.raw()).unwrap() };
    until("the replica follows", || replication().contains("master_link_status:up")).await;
    let sentinel = sentinel(&master);
    let knows = || -> String { ::redis::cmd("INFO").arg("sentinel").query(&mut sentinel.raw()).unwrap() };
    until("the sentinel knows both", || knows().contains("slaves=1")).await;
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
    assert!(a.flush(PATIENCE).await && b.flush(PATIENCE).await);
    assert_eq!(replica.records().len(), 2);
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_tls_whom_the_named_authority_signed_is_believed_and_nobody_else() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let pair = |name: &str| {
        crate::tls::dev_cert(&dir.path().join(name), &["localhost".to_owned(), "127.0.0.1".to_owned()], false).expect("a pair")
    };
    let ((cert, key), (other, _)) = (pair("a"), pair("b"));
    let tls_port = TestRedis::absent().port;
    let _server = TestRedis::start_of(Make::Redis, |_| {
        let (port, cert, key) = (tls_port.to_string(), cert.display().to_string(), key.display().to_string());
        ["--tls-port", &port, "--tls-cert-file", &cert, "--tls-key-file", &key, "--tls-auth-clients", "no"]
            .map(str::to_owned)
            .to_vec()
    });
    let address = RedisAddress::parse(&format!("rediss://donghaeng:PASSWORD@localhost:{tls_port}")).expect("a url");
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
    let given: Vec<&String> = words.iter().filter(|word| word.starts_with('+')).collect();
    assert!(given.iter().all(|word| !word.contains('@')), "commands by name only: {given:?}");
    let redis = TestRedis::start();
    // Each right is needed: without it, something said to Redis is refused.
    let mut useless = Vec::new();
    for right in given {
        let less: Vec<String> = words.iter().filter(|word| *word != right).cloned().collect();
        let () = ::redis::cmd("ACL").arg("DELUSER").arg("donghaeng").query(&mut redis.raw()).map(|_: i64| ()).unwrap();
        let () = ::redis::cmd("FLUSHALL").query(&mut redis.raw()).unwrap();
        let () = ::redis::cmd(&less[0]).arg(&less[1..]).query(&mut redis.raw()).unwrap();
        let () = ::redis::cmd("ACL").arg("LOG").arg("RESET").query(&mut redis.raw()).unwrap();
        if !something_is_refused(&redis).await {
            useless.push(right);
        }
    }
    assert!(useless.is_empty(), "nothing needs {useless:?}");
}

/// Whether Redis refused anything while positions were written, moved, heard, swept and removed.
async fn something_is_refused(redis: &TestRedis) -> bool {
    let refused = || {
        let log: Vec<::redis::Value> = ::redis::cmd("ACL").arg("LOG").query(&mut redis.raw()).unwrap();
        !log.is_empty()
    };
    let (every, env) = (std::time::Duration::from_millis(300), Env::system());
    let url = redis.url();
    let a = Live::redis_read_every(&url, "dh:", &env, every).await;
    let b = Live::redis_read_every(&url, "dh:", &env, every).await;
    a.put(staff(1), 1, fix(at(37.5, 127.0), 1, 1));
    a.flush(PATIENCE / 30).await;
    a.put(staff(1), 1, fix(at(35.1, 129.0), 1, 2));
    a.flush(PATIENCE / 30).await;
    b.forget_silent(Env::system().now(), 600);
    b.flush(PATIENCE / 30).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    a.close().await;
    b.close().await;
    refused()
}
