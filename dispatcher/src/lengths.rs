//! Owns seeing to it that no length of a far trip stays a car's because it was stored before anybody knew the subway's: by an older version,
//! or in the first seconds after a start. Once that is known each is measured again. And to it that a booking is as long as the way round the
//! zones its rider has by now, not those of when it was booked; what zones do to a trip under way is `engine::led`'s. How long it takes is
//! `http::sight`'s, what is stored the record's.
//!
//! What is closed now, a street or a line of the subway, is in no length of another day or hour: nobody knows how it will be then, and a
//! booking of next week is not to be told to go by taxi for a fault of this evening. A trip is decided by the times of the hour it begins in,
//! as far as finished ways taught them (`engine::usual`). What was stored before they did stays until something here measures it again: a length that
//! followed each day's fit would tell riders of seconds.

use crate::engine::guide::circles;
use crate::http::App;
use crate::http::bookings::led_length;
use crate::http::sight::When;
use crate::record::{LengthOf, RecordError, StoredLength};
use matcher::model::{Timestamp, TripLength};
use matcher::schedule::hour_of;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

/// How often it is asked whether the subway is known.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What was measured before may be stored after the first round: so much later there is a second, and a round that fails is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Rounds that must succeed.
const ROUNDS: u32 = 2;
/// A zone may be added or taken back at the shell: how often that is looked for.
const ZONES_EVERY: Duration = Duration::from_secs(5);

/// Runs until the server drains.
pub async fn run(app: Arc<App>) {
    run_by(app, tokio::time::sleep).await;
}

/// The same with other pauses.
async fn run_by(app: Arc<App>, pause: impl AsyncFn(Duration)) {
    let both = async {
        tokio::join!(by_subway(&app, &pause), by_zones(&app, &pause));
    };
    tokio::select! {
        () = both => {}
        () = app.drain.cancelled() => {}
    }
}

/// Until the subway is known, where there is one: what is measured before is no longer than by car.
async fn subway_is_known(app: &App, pause: &impl AsyncFn(Duration)) {
    while !app.sight.map().data.subway.is_empty() && !app.sight.knows_subway() {
        pause(LOOK_EVERY).await;
    }
}

/// Follows the riders' zones; what changed while no server ran is in its first round. Each round begins where the one before it did: who
/// was booking while a zone was added measured without it.
async fn by_zones(app: &Arc<App>, pause: &impl AsyncFn(Duration)) {
    subway_is_known(app, pause).await;
    let mut rounds = [0; 2];
    loop {
        match follow_zones(app, rounds[0]).await {
            Ok(upto) => rounds = [if rounds == [0; 2] { upto } else { rounds[1] }, upto],
            Err(error) => tracing::error!(cause = %error, "lengths of trips follow their riders' zones later"),
        }
        pause(ZONES_EVERY).await;
    }
}

/// Measures again what was booked by riders whose zones have changed since that row of the audit chain; the row to go on after.
pub async fn follow_zones(app: &Arc<App>, after: i64) -> Result<i64, RecordError> {
    let now = app.env.now();
    let (changed, upto) = app.record.zones_changed_after(after).await?;
    for (rider, at) in changed {
        let stored = app.record.lengths_of(now, rider, at).await?;
        for (of, length) in measured(app, now, stored).await? {
            app.record.set_length(app.env.now(), of, length).await?;
        }
    }
    Ok(upto)
}

/// Until nothing is left to correct.
async fn by_subway(app: &Arc<App>, pause: &impl AsyncFn(Duration)) {
    if app.sight.map().data.subway.is_empty() {
        return;
    }
    subway_is_known(app, pause).await;
    let mut done = 0;
    while done < ROUNDS {
        match correct(app).await {
            Ok(corrected) => {
                done += 1;
                if corrected > 0 {
                    tracing::info!(corrected, "trips were stored as long as by car");
                }
            }
            Err(error) => tracing::error!(cause = %error, "lengths of trips are corrected later"),
        }
        pause(AGAIN_AFTER).await;
    }
}

/// Measures again whatever is stored as the same with a car and without; of how many it was not.
pub async fn correct(app: &Arc<App>) -> Result<usize, RecordError> {
    let now = app.env.now();
    let measured = measured(app, now, app.record.lengths_by_car(now).await?).await?;
    let mut corrected = 0;
    for (of, length) in measured.into_iter().filter(|(_, length)| length.without_s != length.by_car_s) {
        corrected += usize::from(app.record.correct_length(app.env.now(), of, length.without_s).await?);
    }
    Ok(corrected)
}

/// How long each takes by now, by the zones of now. Of a rider whose zones cannot be read nothing is known.
async fn measured(
    app: &Arc<App>,
    now: Timestamp,
    mut stored: Vec<StoredLength>,
) -> Result<Vec<(LengthOf, TripLength)>, RecordError> {
    let mut zones = HashMap::new();
    for one in &stored {
        if let Entry::Vacant(unknown) = zones.entry(one.rider) {
            unknown.insert(match app.record.zones_of(one.rider).await {
                Ok(read) => Some(circles(&read)),
                Err(error @ RecordError::Unreadable(_)) => {
                    tracing::error!(error.kind = %error, "a rider's zones cannot be read: the lengths of their trips stay as they are");
                    None
                }
                Err(error) => return Err(error),
            });
        }
    }
    stored.retain(|one| zones[&one.rider].is_some());
    let measuring = Arc::clone(app);
    let measure = move || {
        let measured = stored.into_iter().map(|one| {
            let when = one.hour.map_or(When::Now { hour: hour_of(now) }, |hour| When::At { hour });
            let zones = zones[&one.rider].as_deref().unwrap_or_default();
            (one.of, led_length(&measuring, (one.from, one.to), when, zones))
        });
        measured.collect()
    };
    Ok(tokio::task::spawn_blocking(measure).await.expect("a road search does not panic"))
}

#[cfg(test)]
#[path = "lengths_tests.rs"]
mod tests;
