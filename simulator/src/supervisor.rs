//! Owns one supervisor: watches the live map and the work list as the console page does, and reads the whole console now and
//! then to look for what is doubled. Assigns nobody by hand.

use crate::checkers::{doubled, gaps};
use crate::client::Api;
use crate::connection::{Connection, Ended, Line};
use crate::enrol::Account;
use crate::seed::{Stream, dice};
use crate::socket::Incoming;
use crate::world::{Stage, World};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The whole console is read this often.
const READ_EVERY: Duration = Duration::from_secs(10);

/// Sockets of supervisors come from addresses after everybody else's.
const SOURCE_OFFSET: usize = 200_000;

/// Lives one supervisor until the run is over.
pub async fn live(world: Arc<World>, account: Account, index: usize, ready: tokio::sync::OwnedSemaphorePermit) {
    let mut rng = dice(world.seed, Stream::Supervisor, index as u64);
    let api = world.node(SOURCE_OFFSET + index).signed_in(&account.token);
    let mut connection = Connection::new(Arc::clone(&world), &account.token, SOURCE_OFFSET + index);
    let mut ready = Some(ready);
    while let Some(mut line) = connection.open(&mut rng).await {
        drop(ready.take());
        let begun = Instant::now();
        let ended = watch(&world, &api, &mut line).await.err().unwrap_or(Ended::Over);
        if !connection.ended(&line, &ended, begun.elapsed()) {
            break;
        }
    }
}

async fn watch(world: &Arc<World>, api: &Api, line: &mut Line) -> Result<(), Ended> {
    let mut stage = world.stage.clone();
    let mut numbers = gaps::Count::default();
    let mut read = tokio::time::interval(READ_EVERY);
    read.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        if *stage.borrow_and_update() == Stage::Over {
            return Err(Ended::Over);
        }
        tokio::select! {
            message = line.socket.next() => {
                let message = message.map_err(Ended::Closed)?;
                if message.body["n"].as_u64().is_some_and(|n| numbers.gap_before(n)) {
                    // The server may drop frames for a console that is slow; the console then reads everything.
                    world.ledger.tally.console_gaps.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(look_for_doubles(Arc::clone(world), api.clone()));
                }
                show(world, &message);
            }
            _ = read.tick() => {
                // On its own, so that the map is read on while a large answer comes in.
                tokio::spawn(look_for_doubles(Arc::clone(world), api.clone()));
            }
            changed = stage.changed() => changed.map_err(|_| Ended::Over)?,
        }
        line.count();
    }
}

fn show(world: &World, message: &Incoming) {
    if message.kind != "map" {
        return;
    }
    for person in message.body["people"].as_array().into_iter().flatten() {
        if let (Some(no), Some(lat), Some(lon)) = (person[0].as_u64(), person[1].as_f64(), person[2].as_f64()) {
            world.ledger.map_shows(no, lat, lon, message.at);
        }
    }
}

async fn look_for_doubles(world: Arc<World>, api: Api) {
    match api.get("/v1/console").await {
        Ok(console) => {
            for found in doubled::in_console(&console) {
                world.ledger.doubled(found.word());
            }
        }
        Err(e) => world.ledger.error(&format!("console_{}", e.code())),
    }
}
