//! Scenes about what finished ways taught.

use super::stage::{Stage, T0};
use super::*;
use geo::road::{FreeTimes, Observation, Profile};
use matcher::schedule::day_of;

fn seen(profile: Profile, hour: u8) -> Observation {
    on(day_of(T0), profile, hour)
}

fn on(day: u32, profile: Profile, hour: u8) -> Observation {
    let free = FreeTimes { by_class_ms: [1, 2, 3, 4, 5, 600_000], fixed_ms: 7 };
    Observation { profile, day, hour, free, took_ms: 700_000, with_rider: hour.is_multiple_of(2) }
}

#[tokio::test]
async fn what_was_seen_comes_back_after_a_restart() {
    let mut stage = Stage::new().await;
    let all = [seen(Profile::Walk, 0), seen(Profile::Drive, 23), seen(Profile::Transit, 8), seen(Profile::Cycle, 9)];
    stage.record.note_observations(T0, &all[..2]).await.unwrap();
    stage.record.note_observations(T0, &all[2..]).await.unwrap();
    stage.reopen().await;
    assert_eq!(stage.record.observations().await.unwrap(), all);
}

#[tokio::test]
async fn the_old_and_the_too_many_are_dropped() {
    let stage = Stage::new().await;
    stage.record.note_observations(T0, &[seen(Profile::Walk, 1)]).await.unwrap();
    let later = T0.plus_s(86_400);
    let next_day = |profile, hour| on(day_of(T0) + 1, profile, hour);
    stage.record.note_observations(later, &[next_day(Profile::Walk, 2)]).await.unwrap();
    let last = T0.plus_s(86_400 * OBSERVED_DAYS_MAX);
    assert_eq!(stage.record.prune_observations(last).await.unwrap(), 0);
    assert_eq!(stage.record.prune_observations(last.plus_s(86_400)).await.unwrap(), 1);
    assert_eq!(stage.record.observations().await.unwrap(), [next_day(Profile::Walk, 2)]);
    stage.record.note_observations(later, &[next_day(Profile::Drive, 3); 3]).await.unwrap();
    assert_eq!(stage.record.prune_observations_to(later, 3).await.unwrap(), 1);
    assert_eq!(stage.record.observations().await.unwrap(), [next_day(Profile::Drive, 3); 3]);
}
