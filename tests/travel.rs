//! The running server goes by what is so on the streets: what an operator closes counts within seconds and after a hard kill, runs
//! out by the clock, and crews under way teach.

use harness::people::{MEETING, Phone, enrol, eventually, text};
use harness::raw::call;
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);

/// New times are made by a thread that gives way to all others: on a busy machine that takes.
const REWEIGHED_WITHIN: Duration = Duration::from_secs(180);

fn metrics(server: &Server) -> String {
    call(server.url(), "GET", "/metrics", &[], None).body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_counts_at_once_and_after_a_hard_kill_and_crews_teach() {
    let server = Server::start(ServerOptions::default()).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "운영"])).await;
    let people = enrol(&server, 2, 1, 0).await;
    let mut first = Phone::on_shift(&server, &people.staff[0], 150.0).await;
    let mut second = Phone::on_shift(&server, &people.staff[1], 250.0).await;
    let rider = Phone::sign_in(&server, &people.riders[0]).await;
    let trip = rider.book("k").await;
    for phone in [&mut first, &mut second] {
        let offer = phone.wait_for_offer().await;
        phone.answer(&offer, true).await;
    }
    first.tap(&trip["id"], "en_route").await;
    let begun = "donghaeng_travel_legs_total{outcome=\"begun\"} 1";
    eventually("a leg that is learnt from", SOON, async || metrics(&server).contains(begun)).await;

    let api = server.api().signed_in(&admin);
    let listed = async |server: &Server| -> Vec<Value> {
        let answer = server.api().signed_in(&admin).get("/v1/admin/conditions").await.expect("the conditions");
        answer["conditions"].as_array().expect("a list").clone()
    };
    let (lat, lon) = MEETING;
    let mut closed =
        json!({"closed": true, "around": {"at": {"lat": lat, "lon": lon}, "radius_m": 50}, "modes": ["walk", "drive"]});
    let made = api.post("/v1/admin/conditions", &closed).await.expect("closed");
    let (said_at, begun): (jiff::Timestamp, _) = (text(&made["created_at"]).parse().expect("a time"), Instant::now());
    // How many there are when all of them are in force.
    let all_in_force = async || {
        let mut count = 0;
        eventually("all in force", REWEIGHED_WITHIN, async || {
            let listed = listed(&server).await;
            count = listed.len();
            listed.iter().all(|one| one["in_force"] == true)
        })
        .await;
        count
    };
    assert_eq!(all_in_force().await, 1);
    // One that runs out. A busy machine may put it in force too late: then it is said for longer.
    let mut lasts_s = 6;
    loop {
        let until = said_at + jiff::SignedDuration::from_secs(begun.elapsed().as_secs() as i64 + lasts_s);
        closed["until"] = json!(until.to_string());
        api.post("/v1/admin/conditions", &closed).await.expect("closed for a while");
        if all_in_force().await == 2 {
            break;
        }
        lasts_s *= 2;
        assert!(lasts_s < 200, "never in force");
    }
    eventually("one run out", REWEIGHED_WITHIN, async || listed(&server).await.len() == 1).await;
    let told = metrics(&server);
    assert!(
        told.contains("donghaeng_conditions_active 1")
            && told.contains("donghaeng_reweigh_seconds_count{mode=\"walk\"}")
            && !told.contains("donghaeng_reweigh_seconds_count{mode=\"walk\"} 0\n"),
        "{told}"
    );

    let server = server.kill_and_restart().await;
    let after = listed(&server).await;
    assert_eq!((after.len(), &after[0]["in_force"]), (1, &json!(true)), "before the first call is answered");
    assert!(server.stop().await.success());
}
