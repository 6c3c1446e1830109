//! Owns the question who has what: which server has which slots of a Cluster, who the master is that the Sentinels name. Asks all
//! who may know at once, so that one that says nothing holds nothing up, and believes what most of them say: one that was cut off
//! from the others goes on to name itself. Keeps nothing.

use super::address::{Address, Form};
use super::keys::SLOTS;
use super::nodes::{Name, config, error};
use ::redis::aio::MultiplexedConnection;
use ::redis::{ConnectionAddr, RedisResult, Value};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::FuturesUnordered;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Waiting for one who may know, with the connecting.
const ASK_WAIT: Duration = Duration::from_secs(2);
/// After the first answer, waiting for those who may say otherwise.
const MORE_WAIT: Duration = Duration::from_millis(250);

/// Slots from, to, and the server that has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: u16,
    pub(super) to: u16,
    pub(super) at: ConnectionAddr,
    pub(super) name: Name,
}

impl Range {
    fn new(from: u16, to: u16, at: ConnectionAddr) -> Self {
        Self { from, to, name: at.to_string().into(), at }
    }

    /// One server that has all slots.
    pub(super) fn whole(at: ConnectionAddr) -> Self {
        Self::new(0, SLOTS - 1, at)
    }
}

/// Somebody who may know, and the connection where there is one.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) at: ConnectionAddr,
    pub(super) connection: Option<MultiplexedConnection>,
}

/// What became of a look: who has what, and whom it was asked of, less those who failed.
pub(super) struct Looked {
    pub(super) ranges: RedisResult<Vec<Range>>,
    pub(super) asked: Vec<Asked>,
}

/// Asks them all.
pub(super) async fn look(address: Arc<Address>, whom: Vec<Asked>) -> Looked {
    // Who is not waited for to the end keeps the connection there was.
    let known = Arc::new(Mutex::new(whom.clone()));
    let asks = whom.into_iter().enumerate().map(|(place, asked)| {
        let (address, known) = (Arc::clone(&address), Arc::clone(&known));
        async move {
            let answer = tokio::time::timeout(ASK_WAIT, ask(&address, asked)).await;
            let answer = answer.unwrap_or_else(|_| Err(error("no answer in time")));
            let (answer, connection) = answer.map_or_else(|why| (Err(why), None), |(said, c)| (Ok(said), Some(c)));
            lock(&known)[place].connection = connection;
            answer
        }
        .boxed()
    });
    let ranges = most_say(asks.collect()).await;
    let asked = std::mem::take(&mut *lock(&known)).into_iter().filter(|asked| asked.connection.is_some()).collect();
    Looked { ranges, asked }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn ask(address: &Address, asked: Asked) -> RedisResult<(Vec<Range>, MultiplexedConnection)> {
    let is_sentinel = matches!(address.form, Form::Sentinel { .. });
    let mut connection = if let Some(connection) = asked.connection {
        connection
    } else {
        let client = address.client(asked.at.clone(), is_sentinel)?;
        client.get_multiplexed_async_connection_with_config(&config()).await?
    };
    let ranges = match &address.form {
        Form::Single(at) => vec![Range::whole(at.clone())],
        Form::Sentinel { master, .. } => {
            let mut ask = ::redis::cmd("SENTINEL");
            ask.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
            let (host, port) = ask
                .query_async::<Option<(String, u16)>>(&mut connection)
                .await?
                .ok_or_else(|| error("the sentinel does not know the master"))?;
            vec![Range::whole(address.beside(host, port))]
        }
        Form::Cluster { .. } => {
            let answer = ::redis::cmd("CLUSTER").arg("SLOTS").query_async::<Value>(&mut connection).await?;
            let ranges = ranges_of(address, answer, &asked.at).filter(|ranges| !ranges.is_empty());
            ranges.ok_or_else(|| error("nobody has any slot"))?
        }
    };
    Ok((ranges, connection))
}

/// Reads `CLUSTER SLOTS`: from, to, then the primary's host and port.
fn ranges_of(address: &Address, answer: Value, asked: &ConnectionAddr) -> Option<Vec<Range>> {
    let rows: Vec<Vec<Value>> = ::redis::from_redis_value(answer).ok()?;
    let rows = rows.into_iter().map(|row| {
        let mut row = row.into_iter();
        let from = ::redis::from_redis_value(row.next()?).ok()?;
        let to = ::redis::from_redis_value(row.next()?).ok()?;
        let primary: Vec<Value> = ::redis::from_redis_value(row.next()?).ok()?;
        let host: Option<String> = ::redis::from_redis_value(primary.first()?.clone()).ok()?;
        let port: u16 = ::redis::from_redis_value(primary.get(1)?.clone()).ok()?;
        // A server that does not know its own name means the one that was asked.
        let host = host.filter(|host| !host.is_empty()).or_else(|| host_of(asked))?;
        Some(Range::new(from, to, address.beside(host, port)))
    });
    let mut ranges: Vec<Range> = rows.collect::<Option<_>>()?;
    ranges.sort_by_key(|range| range.from);
    Some(ranges)
}

fn host_of(at: &ConnectionAddr) -> Option<String> {
    match at {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => Some(host.clone()),
        _ => None,
    }
}

/// What most of those say who answer: at once where that is more than half of all, else a moment after the first answer. Of two
/// equally frequent the one that was said first.
async fn most_say<T: Eq>(asks: Vec<BoxFuture<'_, RedisResult<T>>>) -> RedisResult<T> {
    let all = asks.len();
    let mut asks: FuturesUnordered<_> = asks.into_iter().collect();
    let mut said: Vec<(T, usize)> = Vec::new();
    let mut why = error("there is nobody to ask");
    let mut until: Option<Instant> = None;
    loop {
        let answer = tokio::select! {
            answer = asks.next() => answer,
            () = at(until) => None,
        };
        match answer {
            None => break,
            Some(Err(error)) => why = error,
            Some(Ok(answer)) => {
                until = until.or_else(|| Some(Instant::now() + MORE_WAIT));
                let known = said.iter().position(|(known, _)| *known == answer);
                let place = known.unwrap_or_else(|| {
                    said.push((answer, 0));
                    said.len() - 1
                });
                said[place].1 += 1;
                if said[place].1 * 2 > all {
                    break;
                }
            }
        }
    }
    // The first of the most frequent: of equal ones `max_by_key` would take the last.
    said.into_iter().rev().max_by_key(|(_, count)| *count).map(|(answer, _)| answer).ok_or(why)
}

/// Never, if there is no such moment.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(what: u32, after_ms: u64) -> BoxFuture<'static, RedisResult<u32>> {
        async move {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            Ok(what)
        }
        .boxed()
    }

    fn silent() -> BoxFuture<'static, RedisResult<u32>> {
        std::future::pending().boxed()
    }

    fn refuses() -> BoxFuture<'static, RedisResult<u32>> {
        std::future::ready(Err(error("refused"))).boxed()
    }

    #[tokio::test(start_paused = true)]
    async fn what_most_say_is_believed_and_the_silent_are_not_waited_for() {
        for (asks, expected, within_ms) in [
            (vec![says(1, 0), says(2, 10), says(2, 20)], Some(2), 20),
            (vec![silent(), says(2, 10), says(2, 20)], Some(2), 20),
            (vec![silent(), says(3, 10)], Some(3), 260),
            (vec![silent(), says(1, 0), says(2, 10)], Some(1), 250),
            (vec![refuses(), says(4, 100)], Some(4), 100),
            (vec![refuses(), refuses()], None, 0),
            (vec![], None, 0),
        ] {
            let begun = Instant::now();
            assert_eq!(most_say(asks).await.ok(), expected);
            assert!(begun.elapsed() <= Duration::from_millis(within_ms + 2), "{expected:?}: {:?}", begun.elapsed());
        }
    }
}
