//! Owns a dispatcher of a few lines for `course_tests`: no roads, no clock, everything in memory, one trip to the first free pair.
//! It can be told to lie, so that the checkers are seen to fire.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// What it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    Nothing,
    /// Every third acknowledged trip is never heard of again.
    ForgetsTrips,
    /// A pair that is busy is offered the next trip too.
    OffersBusyPairs,
    /// The rider is told of a crew when the first of it accepts.
    AssignsEarly,
    /// A number in the middle of a rider's trip is never sent.
    SkipsNumbers,
}

struct Trip {
    rider: String,
    phase: &'static str,
    pickup: Value,
    dropoff: Value,
    /// Unit number, own phase, accepted.
    crew: Vec<(u64, &'static str, bool)>,
    forgotten: bool,
}

struct Town {
    lie: Lie,
    bounds: [f64; 4],
    trips: BTreeMap<String, Trip>,
    lines: BTreeMap<String, (u64, Option<mpsc::UnboundedSender<Value>>)>,
    staff: Vec<u64>,
    booked: u64,
    /// Of the one supervisor's map frames: its own, as a gap in it is a fault.
    frames: u64,
}

const PHASES: [&str; 7] = ["assigned", "en_route", "arrived", "met", "escorting", "completed", "cancelled"];

/// Serves on a free port until the test ends; hands over its address.
pub(crate) async fn serve(lie: Lie, bounds: [f64; 4]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let town =
        Town { lie, bounds, trips: BTreeMap::new(), lines: BTreeMap::new(), staff: Vec::new(), booked: 0, frames: 0 };
    let town = Arc::new(Mutex::new(town));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&town)));
        }
    });
    address
}

async fn connection(stream: TcpStream, town: Arc<Mutex<Town>>) {
    let mut head = [0; 16];
    while stream.peek(&mut head).await.is_ok_and(|n| n > 0 && n < head.len()) {
        tokio::task::yield_now().await;
    }
    if head.starts_with(b"GET /v1/ws ") {
        socket(stream, town).await;
    } else {
        rest(stream, town).await;
    }
}

#[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
async fn socket(stream: TcpStream, town: Arc<Mutex<Town>>) {
    let mut token = String::new();
    let look = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        token = request.headers()["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
        let protocol = request.headers()["sec-websocket-protocol"].clone();
        response.headers_mut().insert("sec-websocket-protocol", protocol);
        Ok(response)
    };
    let mut wire = tokio_tungstenite::accept_hdr_async(stream, look).await.unwrap();
    let (send, mut outbox) = mpsc::unbounded_channel();
    let _hello = wire.next().await;
    let seq = {
        let mut town = town.lock().unwrap();
        let line = town.lines.entry(token.clone()).or_default();
        line.1 = Some(send);
        line.0
    };
    let role = if token.starts_with('s') { "staff" } else { "rider" };
    let welcome =
        json!({"t":"welcome","v":1,"role":role,"account":token,"epoch":1,"resumed":false,"seq":seq,"heartbeat_s":25});
    wire.send(Message::text(welcome.to_string())).await.unwrap();
    loop {
        tokio::select! {
            Some(message) = outbox.recv() => {
                let _gone = wire.send(Message::text(message.to_string())).await;
            }
            frame = wire.next() => match frame {
                Some(Ok(Message::Text(text))) => town.lock().unwrap().hear(&token, &serde_json::from_str(&text).unwrap()),
                Some(Ok(_)) => {}
                _ => return,
            }
        }
    }
}

async fn rest(mut stream: TcpStream, town: Arc<Mutex<Town>>) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.split_once("\r\n\r\n").and_then(|(head, rest)| {
            let long = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            (rest.len() >= long.unwrap_or(0)).then(|| (head.to_owned(), rest.to_owned()))
        });
        let Some((head, body)) = whole else {
            let mut more = [0; 4096];
            match stream.read(&mut more).await {
                Ok(n) if n > 0 => bytes.extend_from_slice(&more[..n]),
                _ => return,
            }
            continue;
        };
        bytes.clear();
        let token = head.lines().find_map(|l| l.strip_prefix("authorization: Bearer ")).unwrap_or_default().to_owned();
        let call: Vec<&str> = head.split(' ').take(2).collect();
        let body = serde_json::from_str(&body).unwrap_or(Value::Null);
        let (status, answer) = town.lock().unwrap().answer(&call.join(" "), &token, &body);
        let answer = answer.to_string();
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl Town {
    fn answer(&mut self, call: &str, token: &str, body: &Value) -> (u16, Value) {
        match call {
            "GET /v1/map" => (200, json!({"name":"grid","bounds":self.bounds,"generated":false})),
            "POST /v1/demo/enrol" => (201, self.enrol(body)),
            "POST /v1/bookings" => (201, self.book(token, body)),
            "GET /v1/card" => (200, json!({"offer":null,"trip":null,"shift":null})),
            "GET /v1/trips" => {
                let own = self.trips.iter().filter(|(_, t)| t.rider == token && !t.forgotten);
                (200, json!({"trips": own.map(|(id, _)| self.show(id, None)).collect::<Vec<_>>()}))
            }
            "GET /v1/console" => {
                let open = self.trips.iter().filter(|(_, t)| !t.forgotten && t.phase != "completed");
                (200, json!({"trips": open.map(|(id, _)| self.show(id, None)).collect::<Vec<_>>()}))
            }
            _ if call.ends_with("/cancel") => {
                let id = call.split('/').nth(3).unwrap().to_owned();
                self.trips.get_mut(&id).unwrap().phase = "cancelled";
                (200, self.show(&id, None))
            }
            _ => (201, json!({})),
        }
    }

    fn enrol(&mut self, body: &Value) -> Value {
        let many = |of: &str| 1..=body[of].as_u64().unwrap();
        self.staff = many("staff").collect();
        let all = |of: &str, letter: &str| -> Vec<Value> {
            many(of).map(|no| json!({"account":no.to_string(),"no":no,"token":format!("{letter}{no}")})).collect()
        };
        json!({"staff":all("staff", "s"),"riders":all("riders", "r"),"supervisors":all("supervisors", "v")})
    }

    fn book(&mut self, rider: &str, body: &Value) -> Value {
        self.booked += 1;
        let id = format!("t{:04}", self.booked);
        let busy = |no: u64| self.trips.values().any(|t| !is_over(t) && t.crew.iter().any(|m| m.0 == no));
        let pair: Vec<u64> = match self.lie {
            Lie::OffersBusyPairs => vec![1, 2],
            _ => self.staff.iter().copied().filter(|no| !busy(*no)).take(2).collect(),
        };
        let forgotten = self.lie == Lie::ForgetsTrips && self.booked.is_multiple_of(3);
        let crew = pair.iter().map(|no| (*no, "offered", false)).collect();
        let trip = Trip {
            rider: rider.to_owned(),
            phase: "offered",
            pickup: body["pickup"].clone(),
            dropoff: body["dropoff"].clone(),
            crew,
            forgotten,
        };
        self.trips.insert(id.clone(), trip);
        let answer = json!({"booking":{"id":id},"trips":[self.show(&id, None)]});
        for (slot, no) in pair.iter().enumerate().filter(|_| !forgotten) {
            let offer = json!({"id":format!("{id}-{no}"),"trip":id,"slot":slot,"crew_size":2});
            self.tell(&format!("s{no}"), json!({"t":"offer","offer":offer}));
        }
        answer
    }

    fn hear(&mut self, token: &str, message: &Value) {
        let no: u64 = token[1..].parse().unwrap();
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        match message["t"].as_str().unwrap() {
            "answer" => {
                let offer = text("offer");
                let id = offer.split('-').next().unwrap().to_owned();
                let trip = self.trips.get_mut(&id).unwrap();
                trip.crew.iter_mut().filter(|m| m.0 == no).for_each(|m| m.2 = true);
                let all = trip.crew.iter().all(|m| m.2) || self.lie == Lie::AssignsEarly;
                self.tell(token, json!({"t":"result","id":message["id"],"ok":true}));
                if all {
                    self.moves(&id, "assigned", None);
                }
            }
            "status" => {
                self.tell(token, json!({"t":"result","id":message["id"],"ok":true}));
                let to = PHASES.into_iter().find(|p| *p == text("to")).unwrap();
                self.moves(&text("trip"), to, Some(no));
            }
            // Riders are on no map.
            "fix" if token.starts_with('r') => {}
            "fix" => {
                let fix = &message["fixes"][0];
                self.frames += 1;
                let map = json!({"t":"map","n":self.frames,"people":[[no, fix["lat"], fix["lon"], 0, 0, 12]]});
                if let Some((_, Some(line))) = self.lines.get("v1") {
                    let _gone = line.send(map);
                }
            }
            _ => {}
        }
    }

    /// One member, or all, reach a phase; the trip shows the slowest.
    fn moves(&mut self, id: &str, to: &'static str, no: Option<u64>) {
        let trip = self.trips.get_mut(id).unwrap();
        let rank = |p: &str| PHASES.iter().position(|q| *q == p).map_or(0, |i| i + 1);
        let together = rank(to) >= rank("met");
        for member in trip.crew.iter_mut().filter(|m| together || no.is_none_or(|no| no == m.0)) {
            if rank(to) > rank(member.1) {
                member.1 = to;
            }
        }
        trip.phase = trip.crew.iter().map(|m| m.1).min_by_key(|p| rank(p)).unwrap();
        let (phase, rider) = (trip.phase, trip.rider.clone());
        let crew: Vec<u64> = trip.crew.iter().map(|m| m.0).collect();
        for no in crew {
            let shown = self.show(id, Some(no));
            let gone = json!({"t":"trip_gone","trip":id,"reason":"completed"});
            self.tell(&format!("s{no}"), if phase == "completed" { gone } else { json!({"t":"trip","trip":shown}) });
        }
        let shown = self.show(id, None);
        self.tell(&rider, json!({"t":"trip","trip":shown}));
    }

    fn show(&self, id: &str, you: Option<u64>) -> Value {
        let trip = &self.trips[id];
        let crew = trip.crew.iter().map(|m| json!({"no":m.0,"phase":m.1,"you":you == Some(m.0)}));
        json!({"id":id,"phase":trip.phase,"crew_size":2,"pickup":trip.pickup,"dropoff":trip.dropoff,"crew":crew.collect::<Vec<_>>()})
    }

    fn tell(&mut self, token: &str, mut message: Value) {
        let line = self.lines.entry(token.to_owned()).or_default();
        if message["t"] != "result" {
            line.0 += 1;
            if self.lie == Lie::SkipsNumbers && token.starts_with('r') && line.0 == 2 {
                line.0 += 1;
            }
            message["seq"] = json!(line.0);
        }
        if let Some(open) = &line.1 {
            let _gone = open.send(message);
        }
    }
}

fn is_over(trip: &Trip) -> bool {
    ["completed", "cancelled"].contains(&trip.phase)
}
