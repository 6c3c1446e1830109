//! Owns seeing to it that no length of a far trip stays a car's because it was stored before anybody knew the subway's: by an older version,
//! or in the first seconds after a start. Once that is known each is measured again. How long it takes is `http::sight`'s, what is
//! stored the record's.

use crate::engine::guide::circles;
use crate::http::App;
use crate::http::bookings::led_length;
use crate::http::sight::When;
use crate::record::RecordError;
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

/// Runs until nothing is left to correct, or the server drains.
pub async fn run(app: Arc<App>) {
    let rounds = async {
        if app.sight.map().data.subway.is_empty() {
            return;
        }
        while !app.sight.knows_subway() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let mut done = 0;
        while done < ROUNDS {
            match correct(&app).await {
                Ok(corrected) => {
                    done += 1;
                    if corrected > 0 {
                        tracing::info!(corrected, "trips were stored as long as by car");
                    }
                }
                Err(error) => tracing::error!(cause = %error, "lengths of trips are corrected later"),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    };
    tokio::select! {
        () = rounds => {}
        () = app.drain.cancelled() => {}
    }
}

/// Measures again whatever is stored as the same with a car and without; of how many it was not.
pub async fn correct(app: &Arc<App>) -> Result<usize, RecordError> {
    let now = app.env.now();
    let stored = app.record.lengths_by_car(now).await?;
    let mut zones = HashMap::new();
    for one in &stored {
        if let Entry::Vacant(unknown) = zones.entry(one.rider) {
            unknown.insert(circles(&app.record.zones_of(one.rider).await?));
        }
    }
    let measuring = Arc::clone(app);
    let measure = move || {
        let measured = stored.into_iter().map(|one| {
            let when = one.hour.map_or(When::Now { hour: hour_of(now) }, |hour| When::At { hour });
            (one.of, led_length(&measuring, (one.from, one.to), when, &zones[&one.rider]))
        });
        measured.filter(|(_, length)| length.without_s != length.by_car_s).collect::<Vec<_>>()
    };
    let measured = tokio::task::spawn_blocking(measure).await.expect("a road search does not panic");
    let mut corrected = 0;
    for (of, length) in measured {
        corrected += usize::from(app.record.correct_length(app.env.now(), of, length.without_s).await?);
    }
    Ok(corrected)
}
