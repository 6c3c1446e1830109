//! Owns the comparison at the end: every acknowledged trip as its rider and as the supervisor read it. Changes nothing.

use crate::checkers::doubled;
use crate::checkers::lost::{Loss, Seen, check};
use crate::client::Api;
use crate::enrol::People;
use crate::world::World;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Riders asked at the same time.
const AT_ONCE: usize = 8;

/// The two are read one after the other while offers still expire, so a difference must last this many readings.
const READINGS: usize = 4;

/// Between two readings.
const PAUSE: Duration = Duration::from_secs(2);

/// Losses that lasted through all readings, by word.
pub async fn losses(world: &World, people: &People) -> BTreeMap<&'static str, u64> {
    let mut left = world.ledger.acknowledged();
    let mut found: Vec<Loss> = Vec::new();
    for reading in 0..READINGS {
        if left.is_empty() {
            break;
        }
        if reading > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let riders: BTreeSet<usize> = left.iter().map(|(_, rider)| *rider).collect();
        let by_rider = as_riders_see(world, people, riders).await;
        let console = as_supervisors_see(world, people).await;
        let nothing = Seen::new();
        let judged = left.into_iter().filter_map(|(trip, rider)| {
            let loss = check(&trip, by_rider.get(&rider).unwrap_or(&nothing), &console)?;
            Some((trip, rider, loss))
        });
        let judged: Vec<_> = judged.collect();
        found = judged.iter().map(|j| j.2).collect();
        left = judged.into_iter().map(|(trip, rider, _)| (trip, rider)).collect();
    }
    let mut words = BTreeMap::new();
    for loss in found.iter().take(left.len()) {
        *words.entry(loss.word()).or_default() += 1;
    }
    words
}

async fn as_riders_see(world: &World, people: &People, riders: BTreeSet<usize>) -> BTreeMap<usize, Seen> {
    let read = async |rider: usize| {
        let api = world.api.signed_in(&people.riders[rider].token);
        (rider, seen(world, &api, "/v1/trips").await.0)
    };
    stream::iter(riders).map(read).buffer_unordered(AT_ONCE).collect().await
}

async fn as_supervisors_see(world: &World, people: &People) -> Seen {
    let Some(supervisor) = people.supervisors.first() else { return Seen::new() };
    let (seen, console) = seen(world, &world.api.signed_in(&supervisor.token), "/v1/console").await;
    for found in doubled::in_console(&console) {
        world.ledger.doubled(found.word());
    }
    seen
}

async fn seen(world: &World, api: &Api, path: &str) -> (Seen, Value) {
    let answer = match api.get(path).await {
        Ok(answer) => answer,
        Err(e) => {
            world.ledger.error(&format!("readback_{}", e.code()));
            Value::Null
        }
    };
    let mut seen = Seen::new();
    for trip in answer["trips"].as_array().into_iter().flatten() {
        if let (Some(id), Some(phase)) = (trip["id"].as_str(), trip["phase"].as_str()) {
            seen.entry(id.to_owned()).or_default().push(phase.to_owned());
        }
    }
    (seen, answer)
}
