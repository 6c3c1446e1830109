//! What a fix costs a real server, whole: loopback, sign-in, rate, plausibility, index, answer. Over HTTP at 64 connections that are
//! kept open, and over sockets; CPU of the server's process by what the system counted for it. With a Redis behind it where
//! `DONGHAENG_REDIS_SERVER` names one. Build the server first: `cargo build --release --workspace --bins`. Before that, in this process,
//! the steps that are too short to be seen in a whole (`ingest/steps.rs`).

#[path = "ingest/steps.rs"]
mod steps;

use dispatcher::ws::message::ClientMessage;
use futures_util::SinkExt as _;
use geo::{Fix, FixKind, Position};
use harness::figures::{self, Times, measure, note, row};
use harness::people::{MEETING, enrol};
use harness::redis::Redis;
use harness::{Server, ServerOptions};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Bytes, Message};

/// Each may send 5 a second, so that many are needed to come to the rate that is asked for.
const STAFF: u32 = 10_000;
const CONNECTIONS: usize = 64;
/// Of HTTP, fixes in all: each of the staff sends a few.
const HTTP_FIXES: usize = 300_000;
/// Sockets, and messages of one fix on each: less than what a socket may send at once.
const SOCKETS: usize = 1_000;
const SOCKET_FIXES: usize = 50;
/// Clock ticks of a second in `/proc`.
const TICKS: f64 = 100.0;

fn main() {
    if !figures::is_asked_for() {
        return;
    }
    figures::heading("ingest");
    forms();
    steps::table();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        run("in process", None).await;
        if std::env::var_os("DONGHAENG_REDIS_SERVER").is_some() {
            run("Redis", Some(Redis::start())).await;
        }
    });
}

/// One fix of the socket as text, and as the bytes it could be (docs/adr/0012-binary-fix.md).
fn forms() {
    let text = format!(r#"{{"t":"fix",{}"#, &fixes(0, 17)[1..]);
    let bytes = packed(37.5663, 126.9779, 17);
    let binary = measure(200_000, |_| unpacked(std::hint::black_box(&bytes)).expect("a fix"));
    let json = measure(200_000, |_| ClientMessage::parse(std::hint::black_box(&text)).expect("a fix"));
    row(&format!("baseline, a binary fix of {} bytes read", bytes.len()), &binary, None);
    row(&format!("realistic, a JSON fix of {} bytes read", text.len()), &json, Some(binary.p50_us()));
}

fn packed(lat: f64, lon: f64, seq: u32) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[0] = 1;
    bytes[1] = FixKind::Gps as u8;
    bytes[2..4].copy_from_slice(&8_u16.to_le_bytes());
    bytes[4..8].copy_from_slice(&((lat * 1e7) as i32).to_le_bytes());
    bytes[8..12].copy_from_slice(&((lon * 1e7) as i32).to_le_bytes());
    bytes[12..16].copy_from_slice(&120_u32.to_le_bytes());
    bytes[16..20].copy_from_slice(&seq.to_le_bytes());
    bytes
}

fn unpacked(bytes: &[u8; 20]) -> Option<Fix> {
    let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    Some(Fix {
        position: Position::from_e7(i32::from_le_bytes(four(4)), i32::from_le_bytes(four(8))).ok()?,
        accuracy_m: f32::from(u16::from_le_bytes([bytes[2], bytes[3]])),
        kind: FixKind::from_u8(bytes[1])?,
        taken_at_ms: -i64::from(u32::from_le_bytes(four(12))),
        session_epoch: 0,
        seq: u32::from_le_bytes(four(16)),
    })
}

async fn run(how: &str, redis: Option<Redis>) {
    let options = ServerOptions { redis: redis.as_ref().map(Redis::url), ..ServerOptions::default() };
    let server = Server::start(options).await;
    let staff = enrol(&server, STAFF, 0, 0).await.staff;
    begin_shifts(&server, &staff).await;

    let before = Spent::of(&server, redis.as_ref());
    let (times, took) = over_http(&server, &staff).await;
    row(&format!("{how}: POST /v1/fixes, {CONNECTIONS} connections"), &times, None);
    Spent::of(&server, redis.as_ref()).since(&before, HTTP_FIXES, took);

    let sockets = open_sockets(&server, &staff[..SOCKETS]).await;
    // The first epochs are issued by the record; what is measured is what follows.
    let before = Spent::of(&server, redis.as_ref());
    let took = over_sockets(&server, sockets).await;
    note(format!("{how}: {SOCKETS} sockets, one fix a message"));
    Spent::of(&server, redis.as_ref()).since(&before, SOCKETS * SOCKET_FIXES, took);
}

async fn begin_shifts(server: &Server, staff: &[String]) {
    let mut tasks = Vec::new();
    let many = staff.len().div_ceil(16);
    for (first, part) in (0..).step_by(many).zip(staff.chunks(many)) {
        let (address, part) = (address(server), part.to_vec());
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await;
            for (who, token) in (first..).zip(part) {
                assert_eq!(connection.post("/v1/shift", &token, r#"{"mode":"walk","hours":8}"#).await, 201);
                assert_eq!(connection.post("/v1/fixes", &token, &fixes(who, 0)).await, 202);
            }
        }));
    }
    for task in tasks {
        task.await.expect("shifts begin");
    }
}

/// Each connection has staff of its own and sends for one after the other.
async fn over_http(server: &Server, staff: &[String]) -> (Times, Duration) {
    let begun = Instant::now();
    let mut tasks = Vec::new();
    let each = HTTP_FIXES / CONNECTIONS;
    let many = staff.len().div_ceil(CONNECTIONS);
    for (first, own) in (0..).step_by(many).zip(staff.chunks(many)) {
        let (address, own) = (address(server), own.to_vec());
        tasks.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await;
            let mut took = Vec::with_capacity(each);
            for n in 0..each {
                let body = fixes(first + n % own.len(), 1 + (n / own.len()) as u32);
                let begun = Instant::now();
                let status = connection.post("/v1/fixes", &own[n % own.len()], &body).await;
                took.push(begun.elapsed());
                assert_eq!(status, 202);
            }
            took
        }));
    }
    let mut times = Times::new();
    for task in tasks {
        for took in task.await.expect("the connection holds") {
            times.add(took);
        }
    }
    (times, begun.elapsed())
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

async fn open_sockets(server: &Server, staff: &[String]) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for token in staff {
        let mut request = format!("ws://{}/v1/ws", address(server)).into_client_request().expect("a good address");
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {token}").parse().expect("plain"));
        headers.insert("sec-websocket-protocol", "donghaeng.v1".parse().expect("plain"));
        let stream = TcpStream::connect(address(server)).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("the socket opens");
        socket.send(Message::text(r#"{"t":"hello","v":1}"#)).await.expect("it is open");
        sockets.push(socket);
    }
    sockets
}

/// One fix of each socket after the other; over when the server has counted them all.
async fn over_sockets(server: &Server, sockets: Vec<Socket>) -> Duration {
    let taken = counted(server).await;
    let begun = Instant::now();
    let mut tasks = Vec::new();
    let mut sockets = sockets.into_iter().enumerate().peekable();
    while sockets.peek().is_some() {
        let mut own: Vec<(usize, Socket)> = sockets.by_ref().take(SOCKETS / 4).collect();
        tasks.push(tokio::spawn(async move {
            for n in 0..SOCKET_FIXES {
                for (who, socket) in &mut own {
                    let text = format!(r#"{{"t":"fix",{}"#, &fixes(*who, n as u32 + 1)[1..]);
                    let message = Message::Text(Bytes::from(text).try_into().expect("text"));
                    socket.send(message).await.expect("it is open");
                }
            }
            own
        }));
    }
    let mut open = Vec::new();
    for task in tasks {
        open.push(task.await.expect("the sockets hold"));
    }
    let all = taken + (SOCKETS * SOCKET_FIXES) as u64;
    while counted(server).await < all {
        assert!(begun.elapsed() < Duration::from_secs(60), "fixes are missing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

/// Of the staff spread over some 11 by 14 km, a metre or two from the fix before: nobody shares a street, a cell or an area of Redis with
/// everybody.
fn fixes(who: usize, seq: u32) -> String {
    const SIDE: usize = 100;
    let across = |n: usize, degrees: f64| (n as f64 / SIDE as f64 - 0.5) * degrees;
    let lat = MEETING.0 + across(who % SIDE, 0.1) + f64::from(seq % 100) * 1e-5;
    let lon = MEETING.1 + across(who / SIDE % SIDE, 0.16);
    format!(r#"{{"fixes":[{{"lat":{lat:.6},"lon":{lon:.6},"acc_m":8,"kind":"gps","age_ms":120,"seq":{seq}}}]}}"#)
}

fn address(server: &Server) -> String {
    server.url().trim_start_matches("http://").to_owned()
}

/// Fixes the server has given a verdict.
async fn counted(server: &Server) -> u64 {
    let mut connection = Connection::open(&address(server)).await;
    let text = connection.get("/metrics").await;
    let lines = text.lines().filter(|line| line.starts_with("donghaeng_fixes_total{"));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// One connection that is kept, with the least a client needs.
struct Connection {
    stream: TcpStream,
    out: String,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, out: String::new(), buffer: Vec::new() }
    }

    /// The status.
    async fn post(&mut self, path: &str, token: &str, body: &str) -> u16 {
        self.out.clear();
        let length = body.len();
        write!(
            self.out,
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .expect("a String takes every write");
        self.exchange().await.0
    }

    async fn get(&mut self, path: &str) -> String {
        self.out = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        let (_, begin) = self.exchange().await;
        String::from_utf8_lossy(&self.buffer[begin..]).into_owned()
    }

    /// The status, and where the body begins in the buffer.
    async fn exchange(&mut self) -> (u16, usize) {
        self.stream.write_all(self.out.as_bytes()).await.expect("the server is there");
        self.buffer.clear();
        loop {
            assert!(self.stream.read_buf(&mut self.buffer).await.expect("the server is there") > 0, "closed");
            let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).expect("plain");
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let length: usize = length.map_or(0, |n| n.trim().parse().expect("a number"));
            if self.buffer.len() >= end + 4 + length {
                return (head[9..12].parse().expect("a status"), end + 4);
            }
        }
    }
}

/// What was spent so far.
struct Spent {
    server_s: f64,
    /// Seconds, and bytes that came in.
    redis: Option<(f64, f64)>,
}

impl Spent {
    fn of(server: &Server, redis: Option<&Redis>) -> Self {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("the server runs");
        let after_name: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = |n: usize| after_name[n].parse::<f64>().expect("a number");
        let said = redis.map(|redis| {
            let text = redis.ask(&[b"INFO", b"all"]).concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            let field = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name));
                line.and_then(|value| value.trim().parse::<f64>().ok()).expect("Redis says so")
            };
            let cpu_s = field("used_cpu_sys:") + field("used_cpu_user:");
            (cpu_s, field("total_net_input_bytes:"))
        });
        Self { server_s: (ticks(11) + ticks(12)) / TICKS, redis: said }
    }

    fn since(&self, before: &Self, fixes: usize, took: Duration) {
        let many = fixes as f64;
        let cpu_us = (self.server_s - before.server_s) * 1e6 / many;
        note(format!("{:.0} fixes/s, {cpu_us:.1} us of the server's CPU a fix", many / took.as_secs_f64()));
        if let (Some(now), Some(then)) = (self.redis, before.redis) {
            let (cpu_us, bytes) = ((now.0 - then.0) * 1e6 / many, (now.1 - then.1) / many);
            note(format!("{cpu_us:.1} us of Redis' CPU and {bytes:.0} bytes into it a fix"));
        }
    }
}
