//! A visit to a server that takes no writes: what it did not take out is not counted as if it had, and is taken out by the next.

use super::super::super::Shared;
use super::super::super::contract::{at, fix, staff};
use super::super::super::index::{LivePosition, Standing, cell_of};
use super::super::address::Address;
use super::super::keys::tag_of;
use super::super::nodes::{News, Nodes};
use super::super::packed::pack;
use super::super::parcel::FUNCTIONS;
use super::super::queue::Queue;
use super::super::test_server::TestRedis;
use super::*;
use crate::clock::Env;
use geo::Fix;
use std::sync::Mutex;

async fn connect(redis: &TestRedis, env: &Env) -> Node {
    let mut nodes = Nodes::new(Address::parse(&redis.url()).unwrap(), env.clone(), None, Some(FUNCTIONS));
    nodes.tend();
    assert!(matches!(nodes.next().await, News::Connected(_)));
    nodes.open().next().unwrap().clone()
}

fn set(redis: &TestRedis, key: &str, field: &[u8], value: &[u8]) {
    let () = ::redis::cmd("HSET").arg(key).arg(field).arg(value).query(&mut redis.raw()).unwrap();
}

#[tokio::test]
async fn what_a_server_did_not_take_out_is_not_counted_as_taken_out() {
    let (redis, env, place) = (TestRedis::start(), Env::system(), at(37.5, 127.0));
    let (keys, tag) = (Keys::new("dh:"), tag_of(cell_of(place)));
    let shared = Shared { index: Mutex::default(), queue: Some(Queue::default()) };
    let books = Arc::new(Books::new(Arc::new(shared), env.clone()));
    books.queue().forgot_before(env.now().0 - 600_000);
    let node = connect(&redis, &env).await;
    let look = async || {
        let aim = Aim { read: vec![tag], ..Aim::default() };
        let (_, brought) = visit(node.clone(), keys.clone(), Arc::clone(&books), aim).await;
        assert!(brought.error.is_none() && brought.read == [tag], "what can be read is read");
        (brought.found.swept, brought.found.unswept)
    };
    let memory = |most: &str| {
        let () = ::redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(most).query(&mut redis.raw()).unwrap();
    };
    // Of one who is silent, and of one from the future of whom this node knows nothing: of that one the life word goes too.
    for (age_ms, taken_out) in [(1_000_000, 1), (-600_000, 2)] {
        let fix = Fix { taken_at_ms: env.now().0 - age_ms, ..fix(place, 1, 1) };
        let standing = Standing::At(LivePosition { staff: staff(1), no: 1, fix });
        set(&redis, &keys.tag(tag), &staff(1).0.into_bytes(), &pack(&standing, 0));
        set(&redis, &keys.tag(tag), LIFE.as_bytes(), b"w");
        memory("1");
        assert_eq!(look().await, (0, 1), "{age_ms}");
        assert_eq!((redis.records().len(), books.tags()), (1, vec![tag]), "{age_ms}: its life goes on");
        memory("0");
        assert_eq!(look().await, (taken_out, 0), "{age_ms}");
        assert!(redis.records().is_empty(), "{age_ms}");
    }
}
