//! Facts about how often everybody is tried while nobody can be written to.

use super::Tries;
use std::time::Duration;
use tokio::time::Instant;

/// At which milliseconds of so many there is a try, asked every 10 ms.
fn tried(tries: &mut Tries, picture: u64, from: Instant, for_ms: u64) -> Vec<u64> {
    (0..for_ms).step_by(10).filter(|&ms| tries.begin(picture, from + Duration::from_millis(ms))).collect()
}

#[test]
fn while_nothing_changes_tries_become_rare_and_whatever_changes_begins_anew() {
    let (mut tries, now) = (Tries::new(), Instant::now());
    assert_eq!(tried(&mut tries, 1, now, 6_000), [0, 100, 300, 700, 1_500, 2_500, 3_500, 4_500, 5_500]);
    let now = now + Duration::from_millis(6_000);
    assert_eq!(tried(&mut tries, 2, now, 400), [0, 100, 300], "another picture");
    let now = now + Duration::from_millis(400);
    assert!(tried(&mut tries, 2, now, 200).is_empty());
    tries.succeeded();
    assert_eq!(tried(&mut tries, 2, now + Duration::from_millis(200), 200), [0, 100], "something was kept");
}
