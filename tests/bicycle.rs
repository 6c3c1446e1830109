//! Somebody who comes by bicycle is asked when they are sooner there than who drives, and not when they are later; they are led by
//! the streets of bicycles to the meeting, and on foot from there.

use harness::people::{Enrolled, MEETING, Phone, enrol, eventually, text};
use harness::raw::call;
use harness::{Server, ServerOptions};
use serde_json::{Value, json};
use std::time::Duration;

/// Ordering the streets of bicycles and their first times are for a thread that gives way to all others: on a busy machine that takes.
const MADE_WITHIN: Duration = Duration::from_secs(180);

/// Three for a crew of two: one next door on foot, one by bicycle, and one by car.
struct Stand {
    server: Server,
    people: Enrolled,
    on_foot: Phone,
    by_bicycle: Phone,
    by_car: Phone,
}

impl Stand {
    /// So many metres from the meeting point.
    async fn new(bicycle_m: f64, car_m: f64) -> Self {
        let server = Server::start(ServerOptions::default()).await;
        let people = enrol(&server, 3, 1, 1).await;
        let (api, staff) = (server.api(), &people.staff);
        let on_foot = Phone::on_shift_as(&api, &staff[0], "walk", Phone::east(60.0)).await;
        let by_bicycle = Phone::on_shift_as(&api, &staff[1], "cycle", Phone::east(bicycle_m)).await;
        let by_car = Phone::on_shift_as(&api, &staff[2], "drive", Phone::east(car_m)).await;
        let mut stand = Self { server, people, on_foot, by_bicycle, by_car };
        stand.wait_for_bicycles().await;
        // Nobody is silent only because that took long.
        for (phone, metres) in
            [(&mut stand.on_foot, 60.0), (&mut stand.by_bicycle, bicycle_m), (&mut stand.by_car, car_m)]
        {
            phone.report(metres).await;
        }
        stand
    }

    /// What they are searched with is made when the first is at work. Its times are then told to have been given: others than the
    /// map's own, for something is said of streets.
    async fn wait_for_bicycles(&self) {
        let admin = self.server.token_of(&self.server.admin(&["admin", "--name", "운영"])).await;
        let said = json!({"factor": 1.1, "class": "path", "modes": ["cycle"]});
        let api = self.server.api().signed_in(&admin);
        api.post("/v1/admin/conditions", &said).await.expect("said of bicycles alone");
        let given = |mode: &str| {
            let metrics = call(self.server.url(), "GET", "/metrics", &[], None).body;
            let name = format!("donghaeng_reweigh_seconds_count{{mode=\"{mode}\"}} ");
            let counted = metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok());
            counted.expect("it begins at zero")
        };
        eventually("times of bicycles", MADE_WITHIN, async || given("cycle") > 0).await;
        assert_eq!(given("walk"), 0, "it is no walker's");
    }

    /// Who could come, as the supervisor sees it: number and seconds.
    async fn candidates(&self, trip: &Value) -> Vec<(u64, u64)> {
        let api = self.server.api().signed_in(&self.people.supervisors[0]);
        let answer = api.get(&format!("/v1/trips/{}/candidates", text(&trip["id"]))).await.expect("candidates");
        let rows = answer["candidates"].as_array().expect("a list");
        rows.iter().map(|row| (row["no"].as_u64().expect("a number"), row["eta_s"].as_u64().expect("known"))).collect()
    }
}

async fn own_no(phone: &Phone) -> u64 {
    phone.api.get("/v1/me").await.expect("own account")["no"].as_u64().expect("a number")
}

async fn way(phone: &Phone, trip: &Value) -> Value {
    phone.api.get(&format!("/v1/trips/{}/way", text(&trip["id"]))).await.expect("a way")
}

#[tokio::test(flavor = "multi_thread")]
async fn by_bicycle_from_near_goes_before_by_car_from_far_and_walks_with_the_rider() {
    let mut stand = Stand::new(900.0, 4_500.0).await;
    let rider = Phone::sign_in(&stand.server, &stand.people.riders[0]).await;
    let trip = rider.book("near").await;
    let offer = stand.by_bicycle.wait_for_offer().await;
    assert_eq!(stand.by_car.api.get("/v1/card").await.expect("own card")["offer"], Value::Null);
    let nos = [own_no(&stand.by_bicycle).await, own_no(&stand.by_car).await];
    let known = stand.candidates(&trip).await;
    let eta_s = nos.map(|no| known.iter().find(|one| one.0 == no).expect("a candidate").1);
    assert!(eta_s[0] < eta_s[1], "{eta_s:?} s by bicycle and by car");
    // A walker would take more than ten minutes.
    assert!(offer["eta_s"].as_u64().is_some_and(|s| s < 500), "{offer}");

    let console = stand.server.api().signed_in(&stand.people.supervisors[0]);
    let rows = console.get("/v1/console").await.expect("the console");
    let mode = |no: u64| {
        rows["staff"].as_array().expect("a list").iter().find(|row| row["no"] == no).expect("known")["mode"].clone()
    };
    assert_eq!(nos.map(mode), [json!("cycle"), json!("drive")]);

    stand.by_bicycle.answer(&offer, true).await;
    let other = stand.on_foot.wait_for_offer().await;
    stand.on_foot.answer(&other, true).await;
    stand.by_bicycle.wait_for_phase("assigned").await;
    let there = way(&stand.by_bicycle, &trip).await;
    assert_eq!((&there["to"], &there["mode"]), (&json!("pickup"), &json!("cycle")), "{there}");
    let near = |s: &Value| s.as_u64().expect("seconds").abs_diff(offer["eta_s"].as_u64().expect("seconds")) <= 2;
    assert!(near(&there["duration_s"]), "as it was promised: {there}, {offer}");
    for phone in [&mut stand.by_bicycle, &mut stand.on_foot] {
        phone.tap(&trip["id"], "en_route").await;
        phone.tap(&trip["id"], "arrived").await;
    }
    stand.by_bicycle.report(0.0).await;
    stand.by_bicycle.tap(&trip["id"], "met").await;
    let together = way(&stand.by_bicycle, &trip).await;
    assert_eq!((&together["to"], &together["mode"]), (&json!("dropoff"), &json!("walk")), "{together}");
    assert!(stand.server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_same_place_who_drives_is_sooner_there() {
    let mut stand = Stand::new(4_500.0, 4_500.0).await;
    let rider = Phone::sign_in(&stand.server, &stand.people.riders[0]).await;
    let trip = rider.book("far").await;
    stand.by_car.wait_for_offer().await;
    assert_eq!(stand.by_bicycle.api.get("/v1/card").await.expect("own card")["offer"], Value::Null);
    let nos = [own_no(&stand.by_bicycle).await, own_no(&stand.by_car).await];
    let known = stand.candidates(&trip).await;
    let eta_s = nos.map(|no| known.iter().find(|one| one.0 == no).expect("a candidate").1);
    assert!(eta_s[1] < eta_s[0], "{eta_s:?} s by bicycle and by car");
    assert!(stand.server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_could_come_by_bicycle_is_never_shown_over_streets_that_are_closed() {
    let server = Server::start(ServerOptions::default()).await;
    let people = enrol(&server, 0, 0, 1).await;
    let admin = server.token_of(&server.admin(&["admin", "--name", "운영"])).await;
    let admin = server.api().signed_in(&admin);
    let at = json!({ "lat": MEETING.0, "lon": MEETING.1 });
    let closed = json!({ "closed": true, "around": { "at": at, "radius_m": 500 }, "modes": ["cycle"] });
    let closed = admin.post("/v1/admin/conditions", &closed).await.expect("closed");
    let console = server.api().signed_in(&people.supervisors[0]);
    let ask = json!({ "at": at, "mode": "cycle", "minutes": 10 });
    let refused = console.post("/v1/isochrones", &ask).await.expect_err("nobody goes so yet");
    assert_eq!((refused.code(), refused.problem().and_then(|p| p.retry_after_s)), ("not_yet", Some(2)));
    // How many cells the first picture has that `is_wanted`.
    let shown = async |is_wanted: &dyn Fn(usize) -> bool| {
        let mut cells = 0;
        eventually("the picture", MADE_WITHIN, async || {
            tokio::time::sleep(Duration::from_millis(450)).await;
            let answer = console.post("/v1/isochrones", &ask).await;
            cells = match answer {
                Ok(picture) => picture["cells"].as_array().expect("a list").len(),
                Err(refused) if refused.code() == "not_yet" => return false,
                Err(refused) => panic!("{refused:?}"),
            };
            is_wanted(cells)
        })
        .await;
        cells
    };
    let shut = shown(&|_| true).await;
    admin.delete(&format!("/v1/admin/conditions/{}", text(&closed["id"]))).await.expect("open again");
    let open = shown(&|cells| cells > shut).await;
    assert!(shut < open / 2, "{shut} cells while it is closed, {open} after it");
    assert!(server.stop().await.success());
}
