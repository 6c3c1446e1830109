//! Owns people as the outside tests play them: accounts of the demo, and a phone or console with its socket in a test's hands.
//! Every wait has an end, and says what did not come.

use crate::Server;
use crate::refusal::NO_ID;
use serde_json::{Value, json};
use simulator::client::Api;
use simulator::socket::{Credentials, Incoming, Resume, Socket};
use std::time::Duration;

/// Near City Hall in the generated city.
pub const MEETING: (f64, f64) = (37.5663, 126.9779);

/// Half an hour's walk from there.
pub const GOAL: (f64, f64) = (37.5700, 126.9920);

/// What the meeting point is called.
pub const LABEL: &str = "표시된 곳";

/// Longest wait for anything a server owes at once.
pub const SOON: Duration = Duration::from_secs(60);

/// Metres of a degree of longitude in Seoul.
const DEGREE_M: f64 = 88_000.0;

/// Tokens of one enrolment.
pub struct Enrolled {
    /// Of staff.
    pub staff: Vec<String>,
    /// Of riders.
    pub riders: Vec<String>,
    /// Of supervisors of the same agency.
    pub supervisors: Vec<String>,
}

/// New accounts in an agency of their own.
///
/// # Panics
/// When the server is no demo.
pub async fn enrol(server: &Server, staff: u32, riders: u32, supervisors: u32) -> Enrolled {
    let counts = json!({ "staff": staff, "riders": riders, "supervisors": supervisors });
    let made = server.api().post("/v1/demo/enrol", &counts).await.expect("the demo enrols");
    let tokens = |kind: &str| {
        let rows = made[kind].as_array().expect("a list").iter();
        rows.map(|row| row["token"].as_str().expect("a token").to_owned()).collect()
    };
    Enrolled { staff: tokens("staff"), riders: tokens("riders"), supervisors: tokens("supervisors") }
}

/// A place in a request.
pub fn place(at: (f64, f64)) -> Value {
    json!({ "lat": at.0, "lon": at.1, "label": LABEL })
}

/// From the meeting point to the goal, now.
pub fn journey() -> Value {
    json!({ "kind": "now", "pickup": place(MEETING), "dropoff": place(GOAL) })
}

/// Whether anything in the message is the meeting point's: a number within five metres of it, or its label.
pub fn gives_away(message: &Value) -> bool {
    match message {
        Value::Number(n) => n.as_f64().is_some_and(|n| (n - MEETING.0).abs() < 5e-5 || (n - MEETING.1).abs() < 5e-5),
        Value::Array(items) => items.iter().any(gives_away),
        Value::Object(fields) => fields.values().any(gives_away),
        Value::String(text) => text.contains(LABEL),
        _ => false,
    }
}

/// A signed-in phone or console.
pub struct Phone {
    /// REST in its name.
    pub api: Api,
    /// Its socket.
    pub socket: Socket,
    /// Every message handed over so far.
    pub heard: Vec<Value>,
    token: String,
    fixes: u32,
}

impl Phone {
    /// Opens the socket.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn sign_in(server: &Server, token: &str) -> Self {
        Self::sign_in_by(&server.api(), token).await
    }

    /// As [`Phone::sign_in`], at whatever the client speaks to.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn sign_in_by(api: &Api, token: &str) -> Self {
        let api = api.signed_in(token);
        let who = Credentials::Bearer(token.to_owned());
        let socket = Socket::open(api.target(), &who, None, None).await.expect("the socket opens");
        Self { api, socket, heard: Vec::new(), token: token.to_owned(), fixes: 0 }
    }

    /// A staff phone whose shift has begun and whose place is known, so many metres east of the meeting point.
    ///
    /// # Panics
    /// When the shift does not begin.
    pub async fn on_shift(server: &Server, token: &str, metres_east: f64) -> Self {
        Self::on_shift_at(server, token, (MEETING.0, MEETING.1 + metres_east / DEGREE_M)).await
    }

    /// As [`Phone::on_shift`], anywhere.
    ///
    /// # Panics
    /// When the shift does not begin.
    pub async fn on_shift_at(server: &Server, token: &str, at: (f64, f64)) -> Self {
        Self::on_shift_by(&server.api(), token, at).await
    }

    /// As [`Phone::on_shift_at`], at whatever the client speaks to.
    ///
    /// # Panics
    /// When the shift does not begin.
    pub async fn on_shift_by(api: &Api, token: &str, at: (f64, f64)) -> Self {
        Self::on_shift_as(api, token, "walk", at).await
    }

    /// As [`Phone::on_shift_by`], of somebody who travels so.
    ///
    /// # Panics
    /// When the shift does not begin.
    pub async fn on_shift_as(api: &Api, token: &str, mode: &str, at: (f64, f64)) -> Self {
        let mut phone = Self::sign_in_by(api, token).await;
        phone.api.post("/v1/shift", &json!({ "mode": mode, "hours": 8 })).await.expect("a shift begins");
        phone.report_at(at).await;
        // One word is obeyed after the other: when this one is answered it is known where they are.
        let tap = json!({ "trip": NO_ID, "to": "en_route" });
        phone.socket.command("status", tap).await.expect_err("there is no such trip");
        phone
    }

    /// A place so many metres east of the meeting point.
    pub fn east(metres: f64) -> (f64, f64) {
        (MEETING.0, MEETING.1 + metres / DEGREE_M)
    }

    /// Reports where it is.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn report(&mut self, metres_east: f64) {
        self.report_at((MEETING.0, MEETING.1 + metres_east / DEGREE_M)).await;
    }

    /// As [`Phone::report`], anywhere.
    ///
    /// # Panics
    /// When the socket is gone.
    pub async fn report_at(&mut self, at: (f64, f64)) {
        self.fixes += 1;
        let fix = json!({ "lat": at.0, "lon": at.1, "acc_m": 8, "kind": "gps", "age_ms": 0, "seq": self.fixes });
        self.socket.send(&json!({ "t": "fix", "fixes": [fix] })).await.expect("the fix is sent");
    }

    /// The next message of this kind, whatever comes before it.
    ///
    /// # Panics
    /// When none comes soon.
    pub async fn wait_for(&mut self, kind: &str) -> Incoming {
        self.wait_until(|message| message.kind == kind, kind).await
    }

    /// The next message that is wanted.
    ///
    /// # Panics
    /// When none comes soon; `what` says what was waited for.
    pub async fn wait_until(&mut self, wanted: impl Fn(&Incoming) -> bool, what: &str) -> Incoming {
        let search = async {
            loop {
                let message = self.socket.next().await.expect("the socket stays open");
                self.heard.push(message.body.clone());
                if wanted(&message) {
                    return message;
                }
            }
        };
        tokio::time::timeout(SOON, search).await.unwrap_or_else(|_| panic!("no {what} within {SOON:?}"))
    }

    /// The own trip once it is shown in this phase.
    ///
    /// # Panics
    /// When it is not soon.
    pub async fn wait_for_phase(&mut self, phase: &str) -> Value {
        let is = |m: &Incoming| m.kind == "trip" && m.body["trip"]["phase"] == phase;
        self.wait_until(is, phase).await.body["trip"].clone()
    }

    /// The next offer.
    ///
    /// # Panics
    /// When none comes soon.
    pub async fn wait_for_offer(&mut self) -> Value {
        self.wait_for("offer").await.body["offer"].clone()
    }

    /// Answers an offer.
    ///
    /// # Panics
    /// When the answer is refused.
    pub async fn answer(&mut self, offer: &Value, accept: bool) -> Value {
        let fields = json!({ "offer": offer["id"], "accept": accept });
        self.socket.command("answer", fields).await.expect("the answer is taken")
    }

    /// Taps a status.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn tap(&mut self, trip: &Value, to: &str) {
        let tap = json!({ "trip": trip, "to": to });
        self.socket.command("status", tap).await.unwrap_or_else(|e| panic!("{to}: {e:?}"));
    }

    /// Books the journey; hands the trip back.
    ///
    /// # Panics
    /// When it is not acknowledged.
    pub async fn book(&self, key: &str) -> Value {
        self.api.book(key, &journey()).await.expect("the booking is acknowledged")["trips"][0].clone()
    }

    /// Drops the connection without a word and comes back later by [`Away::come_back`].
    pub fn hang_up(self) -> Away {
        Away { resume: self.socket.resume(), token: self.token, fixes: self.fixes }
    }
}

/// A phone without a connection.
pub struct Away {
    /// Where it left off.
    pub resume: Resume,
    token: String,
    fixes: u32,
}

impl Away {
    /// A new socket that goes on where the old one left off.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn come_back(self, server: &Server) -> Phone {
        self.come_back_by(&server.api()).await
    }

    /// As [`Away::come_back`], at whatever the client speaks to.
    ///
    /// # Panics
    /// When it does not open.
    pub async fn come_back_by(self, api: &Api) -> Phone {
        let api = api.signed_in(&self.token);
        let who = Credentials::Bearer(self.token.clone());
        let socket = Socket::open(api.target(), &who, Some(self.resume), None).await.expect("the socket opens again");
        Phone { api, socket, heard: Vec::new(), token: self.token, fixes: self.fixes }
    }
}

/// A value's text.
///
/// # Panics
/// When it is not a string.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

/// Asks again until it is so.
///
/// # Panics
/// When it is not so soon; `what` says what was waited for.
pub async fn eventually(what: &str, within: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether a frame of the map shows somebody so far east of the meeting point.
pub fn shows(message: &Incoming, metres_east: f64) -> bool {
    let (_, lon) = Phone::east(metres_east);
    let people = message.body["people"].as_array().into_iter().flatten();
    message.kind == "map" && people.into_iter().any(|row| row[2].as_f64().is_some_and(|at| (at - lon).abs() < 2e-5))
}
