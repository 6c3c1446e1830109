//! Facts about when lengths are corrected: each pause lasts until it is let go of.

use super::*;
use crate::http::fixture::{Edge, T0, eventually, hold_timers};
use crate::http::sight::When;
use crate::record::{NewBooking, Place};
use geo::road::Profile;
use matcher::model::{BookingKind, TripId};
use std::sync::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long it was asked for; it lasts until it is dropped.
type Pause = (Duration, oneshot::Sender<()>);

/// The pauses that last.
#[derive(Clone, Default)]
struct Pauses(Arc<Mutex<Vec<Pause>>>);

impl Pauses {
    fn begin(&self, app: &Arc<App>) -> JoinHandle<()> {
        let (app, this) = (Arc::clone(app), self.clone());
        tokio::spawn(run_by(app, async move |long| {
            let (until, ended) = oneshot::channel();
            this.0.lock().unwrap().push((long, until));
            let _ = ended.await;
        }))
    }

    fn lasting(&self, long: Duration) -> usize {
        self.0.lock().unwrap().iter().filter(|pause| pause.0 == long).count()
    }

    /// Until so many of that length have begun: whatever came before them is done.
    async fn wait_for(&self, long: Duration, count: usize) {
        eventually(&format!("{count} pauses of {long:?}"), async || self.lasting(long) == count).await;
    }

    fn end(&self, long: Duration) {
        self.0.lock().unwrap().retain(|pause| pause.0 != long);
    }
}

/// A far trip that is stored as long as by car.
async fn stored_by_car(edge: &Edge) -> TripId {
    let rider = edge.rider().await;
    let stops = &edge.app.sight.map().data.subway.stops;
    let from = stops[0].at;
    let to = stops.iter().map(|stop| stop.at).max_by(|a, b| a.distance_m(from).total_cmp(&b.distance_m(from))).unwrap();
    let by_car = edge.app.sight.length(from, to, When::Now { hour: 8 }).by_car_s;
    let place = |position| Place { position, label: None };
    let wanted = NewBooking {
        rider: rider.id(),
        idempotency_key: "far".into(),
        body_sha256: [0; 32],
        kind: BookingKind::Now,
        pickup: place(from),
        dropoff: place(to),
        crew_size: None,
        length: by_car.into(),
        return_length: by_car.into(),
    };
    edge.app.record.book(T0, &wanted).await.unwrap().unwrap().trips[0]
}

async fn is_corrected(edge: &Edge, trip: TripId) -> bool {
    let length = edge.app.record.trip(trip).await.unwrap().unwrap().trip.length;
    length.without_s != length.by_car_s
}

#[tokio::test]
async fn lengths_are_corrected_when_the_subway_is_known_and_once_more_for_what_was_stored_meanwhile() {
    let edge = Edge::new().await;
    let pauses = Pauses::default();
    let before = stored_by_car(&edge).await;
    let rounds = pauses.begin(&edge.app);
    pauses.wait_for(LOOK_EVERY, 2).await;
    edge.app.sight.map().free_flow(Profile::Transit);
    assert!(!is_corrected(&edge, before).await);
    pauses.end(LOOK_EVERY);
    pauses.wait_for(AGAIN_AFTER, 1).await;
    assert!(is_corrected(&edge, before).await, "when the subway is known");
    let meanwhile = stored_by_car(&edge).await;
    assert!(!is_corrected(&edge, meanwhile).await);
    pauses.end(AGAIN_AFTER);
    pauses.wait_for(AGAIN_AFTER, 1).await;
    assert!(is_corrected(&edge, meanwhile).await, "so is what was stored meanwhile");
    // Then nobody measures without the subway any more; zones are followed for ever.
    let later = stored_by_car(&edge).await;
    pauses.end(AGAIN_AFTER);
    for _ in 0..3 {
        pauses.wait_for(ZONES_EVERY, 1).await;
        pauses.end(ZONES_EVERY);
    }
    pauses.wait_for(ZONES_EVERY, 1).await;
    assert_eq!((pauses.lasting(LOOK_EVERY), pauses.lasting(AGAIN_AFTER)), (0, 0));
    assert!(!is_corrected(&edge, later).await && !rounds.is_finished());
}

#[tokio::test]
async fn a_round_in_which_the_record_did_not_answer_is_tried_again() {
    let edge = Edge::new().await;
    edge.app.sight.map().free_flow(Profile::Transit);
    let trip = stored_by_car(&edge).await;
    let _timers = hold_timers();
    let away = edge.app.record.hold_readers().await;
    let pauses = Pauses::default();
    let rounds = pauses.begin(&edge.app);
    eventually("it is given up", async || {
        // Longer than anybody waits for the record.
        tokio::time::advance(Duration::from_secs(11)).await;
        pauses.lasting(AGAIN_AFTER) == 1
    })
    .await;
    drop(away);
    assert!(!is_corrected(&edge, trip).await, "it was not tried yet");
    pauses.end(AGAIN_AFTER);
    pauses.wait_for(AGAIN_AFTER, 1).await;
    assert!(is_corrected(&edge, trip).await);
    assert!(!rounds.is_finished());
}

#[tokio::test]
async fn a_server_that_drains_waits_for_no_round() {
    let edge = Edge::new().await;
    let pauses = Pauses::default();
    let rounds = pauses.begin(&edge.app);
    pauses.wait_for(LOOK_EVERY, 2).await;
    assert!(!rounds.is_finished(), "nobody knows the subway's times");
    edge.app.drain.cancel();
    eventually("it ends", async || rounds.is_finished()).await;
}
