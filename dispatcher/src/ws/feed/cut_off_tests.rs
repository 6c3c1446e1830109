//! Facts about a crew member who is cut off by a closure: the consoles are told, and told when it is over.

use super::super::tests::{connect, feed, waiting};
use super::*;
use crate::http::fixture::Edge;
use crate::record::{Actor, NewCondition, Streets};
use serde_json::{Value, json};

/// The signs of the trips that were told, the last of each telling.
fn signs(told: &[Value]) -> Vec<Value> {
    let trips = told.iter().filter_map(|frame| frame["trips"].as_array()).flatten();
    trips.map(|trip| trip["watch"][0].clone()).collect()
}

#[tokio::test]
async fn whom_a_closure_cuts_off_is_a_sign_until_the_street_is_open_again() {
    let edge = Edge::new().await;
    let (_, trip, crew) = edge.assigned().await;
    let seats = [edge.centre().await, edge.supervisor(edge.agency).await];
    let seats = [connect(&edge, &seats[0]).await, connect(&edge, &seats[1]).await];
    let (app, (pickup, dropoff)) = (&edge.app, edge.places());
    app.watch.trip(&app.record.trip(trip).await.unwrap().unwrap(), &[], app.env.now());
    edge.stands(&crew[0], dropoff, 1);
    let (mut feed, mut weights) = (feed(&edge), edge.weights());
    let mut told = async || {
        weights.round().await.unwrap();
        edge.clock.advance_s(11);
        for _ in 0..=LOOK_TICKS {
            feed.tick().await.unwrap();
        }
        seats.each_ref().map(|seat| signs(&waiting(seat)).pop())
    };
    assert_eq!(told().await, [None, None]);
    let closed = NewCondition {
        factor: None,
        // All around: nobody walks from the next open street.
        streets: Streets::Around { center: pickup, radius_m: 350 },
        walk: true,
        drive: true,
        cycle: false,
        hours: None,
        until: None,
    };
    let closed = app.record.add_condition(app.env.now(), Actor::Shell, closed).await.unwrap().unwrap();
    for sign in told().await {
        let sign = sign.expect("the trip is told again");
        assert_eq!((&sign["sign"], &sign["nos"]), (&json!("no_way"), &json!([crew[0].account.no])));
        assert!(sign["since"].is_string());
    }
    assert_eq!(told().await, [None, None], "once");
    app.record.remove_condition(app.env.now(), Actor::Shell, closed.id).await.unwrap().unwrap();
    assert_eq!(told().await, [Some(Value::Null), Some(Value::Null)]);
}
