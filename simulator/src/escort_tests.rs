//! What a member of a crew does next, for every state a phone can show.

use crate::escort::{Escort, Step};
use serde_json::json;

fn escort(phase: &str, own: &str, dropoff: bool) -> Escort {
    let mut trip = json!({
        "id":"t","phase":phase,"pickup":{"lat":37.5,"lon":127.0},
        "crew":[{"no":1,"phase":"assigned","you":false},{"no":2,"phase":own,"you":true}]
    });
    if dropoff {
        trip["dropoff"] = json!({"lat":37.6,"lon":127.1});
    }
    Escort::parse(&trip).unwrap()
}

#[test]
fn statuses_come_in_order_and_the_pair_waits_for_each_other() {
    let at = |lat, lon| geo::Position::new(lat, lon).unwrap();
    let cases = [
        ("assigned", "assigned", Step::Tap("en_route")),
        ("assigned", "en_route", Step::Go(at(37.5, 127.0), "arrived")),
        ("en_route", "en_route", Step::Go(at(37.5, 127.0), "arrived")),
        ("en_route", "arrived", Step::Wait),
        ("arrived", "arrived", Step::Tap("met")),
        ("met", "met", Step::Tap("escorting")),
        ("escorting", "escorting", Step::Go(at(37.6, 127.1), "completed")),
        ("completed", "completed", Step::Wait),
    ];
    for (phase, own, expected) in cases {
        assert_eq!(escort(phase, own, true).next(), expected, "{phase} {own}");
    }
    assert_eq!(
        escort("escorting", "escorting", false).next(),
        Step::Wait,
        "without a destination nobody goes anywhere"
    );
}

#[test]
fn trip_of_somebody_else_is_no_escort() {
    let trip = json!({"id":"t","phase":"assigned","pickup":{"lat":37.5,"lon":127.0},"crew":[{"no":1,"phase":"assigned","you":false}]});
    assert_eq!(Escort::parse(&trip), None);
    assert_eq!(Escort::parse(&json!(null)), None);
}
