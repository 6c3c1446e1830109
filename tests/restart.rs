//! SIGTERM: the server says that it goes, closes its sockets so that they come back, ends well, and the next process goes on
//! where it left off.

use harness::people::{Phone, enrol, journey};
use harness::raw::call;
use harness::{Server, ServerOptions};
use simulator::client::ApiError;
use simulator::socket::Closed;
use std::time::Duration;

/// Sockets are closed over five seconds; nobody waits longer than the drain.
const CLOSED_WITHIN: Duration = Duration::from_secs(35);

/// How the socket ends, whatever comes before.
async fn end_of(phone: &mut Phone) -> Closed {
    let search = async {
        loop {
            if let Err(closed) = phone.socket.next().await {
                return closed;
            }
        }
    };
    tokio::time::timeout(CLOSED_WITHIN, search).await.expect("a draining server closes its sockets")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_server_says_1012_ends_well_and_goes_on_in_its_next_life() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 2, 2, 1).await;
    let mut first = Phone::on_shift(&server, &people.staff[0], 100.0).await;
    let mut second = Phone::on_shift(&server, &people.staff[1], 200.0).await;
    let mut rider = Phone::sign_in(&server, &people.riders[0]).await;
    let mut console = Phone::sign_in(&server, &people.supervisors[0]).await;
    let trip = rider.book("k").await;
    for phone in [&mut first, &mut second] {
        let offer = phone.wait_for_offer().await;
        phone.answer(&offer, true).await;
    }
    rider.wait_for_phase("assigned").await;

    server.terminate();
    for phone in [&mut first, &mut second, &mut rider, &mut console] {
        let closed = end_of(phone).await;
        assert_eq!((closed.code, closed.reason.as_str()), (Some(1012), "restart"), "{closed:?}");
        assert!(closed.may_reconnect(), "a phone comes back by itself");
    }
    // Acknowledged or refused, never something in between: asked again under its key it is one booking.
    let other = server.api().signed_in(&people.riders[1]);
    let last = other.book("last", &journey()).await;
    let refused = |e: &ApiError| matches!(e, ApiError::Unreachable(_)) || e.code() == "draining";
    assert!(last.as_ref().err().is_none_or(refused), "{last:?}");

    let away = [first.hang_up(), second.hang_up(), rider.hang_up()];
    let server = server.stop_and_restart().await;
    let mut back = Vec::new();
    for phone in away {
        let phone = phone.come_back(&server).await;
        assert!(phone.socket.welcome.resumed, "{:?}", phone.socket.welcome);
        back.push(phone);
    }
    for to in ["en_route", "arrived", "met", "escorting", "completed"] {
        back[0].tap(&trip["id"], to).await;
        if matches!(to, "en_route" | "arrived") {
            back[1].tap(&trip["id"], to).await;
        }
        back[2].wait_for_phase(to).await;
    }
    let again = server.api().signed_in(&people.riders[1]).book("last", &journey()).await.expect("acknowledged now");
    if let Ok(last) = last {
        assert_eq!(last["trips"][0]["id"], again["trips"][0]["id"]);
    }
    assert_eq!(call(server.url(), "GET", "/readyz", &[], None).json()["draining"], false);
    assert!(server.stop().await.success());
}
