//! Owns the WebSocket of protocol v1 as a native client speaks it: hello and welcome, acknowledging and dropping doubles,
//! pong, commands and their results, coded closes. Does not reconnect by itself: whoever holds it decides, by
//! [`Closed::may_reconnect`] and [`backoff`].
//!
//! Invariant: a numbered message is handed over once and in order. One that comes early is left for the resend and counted
//! as a gap; one that comes again is acknowledged again and dropped.

use crate::target::Target;
use futures_util::{SinkExt as _, StreamExt as _};
use rand::Rng;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// The subprotocol this client speaks.
pub const SUBPROTOCOL: &str = "donghaeng.v1";

/// Longest frame the protocol allows.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;

/// The library's default buffers cost 134 kB a socket, these 6.
const BUFFER_BYTES: usize = 4096;

/// Frames up to this are read, so that one above the protocol's limit is seen and counted instead of ending the run.
const READ_BYTES_MAX: usize = 1 << 20;

/// Longest wait for a connection, the upgrade and the welcome, each.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for the result of a command in [`Socket::command`].
const RESULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Messages kept while a command waits for its result.
const READY_MAX: usize = 4096;

/// Where to go on after a broken connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// From the last welcome.
    pub epoch: u64,
    /// Last numbered message received.
    pub seq: u64,
}

/// Who opens the socket.
#[derive(Clone)]
pub enum Credentials {
    /// A native client: the token in a header.
    Bearer(String),
    /// A page: a one-use ticket in the first message, and the origin its browser sends.
    Ticket {
        /// From `POST /v1/ws-ticket`.
        ticket: String,
        /// The page's origin.
        origin: String,
    },
}

/// The server's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// `rider`, `staff`, `supervisor` or `admin`.
    pub role: String,
    /// Account id.
    pub account: String,
    /// Of this session.
    pub epoch: u64,
    /// False: fetch the state again.
    pub resumed: bool,
    /// Numbering goes on from here.
    pub seq: u64,
}

/// One message from the server.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// When its frame was read.
    pub at: Instant,
    /// `t`.
    pub kind: String,
    /// Its number, if it has one.
    pub seq: Option<u64>,
    /// The whole object.
    pub body: Value,
}

/// What this socket has carried and met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages received, pings too.
    pub received: u64,
    /// Messages sent, pongs and acks too.
    pub sent: u64,
    /// Numbered messages seen before and dropped: resends, not faults.
    pub repeated: u64,
    /// Numbered messages that came before their time: faults, as a server sends them in order.
    pub gaps: u64,
    /// Frames above [`FRAME_BYTES_MAX`]: faults.
    pub oversized: u64,
    /// Frames that were no JSON object with a `t`: faults.
    pub unreadable: u64,
}

/// The connection is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Close code, if a close frame came.
    pub code: Option<u16>,
    /// The word beside it, or what broke.
    pub reason: String,
}

impl Closed {
    /// Whether the protocol lets a client come back by itself: not after 44xx below 4450, but for a hello that was late.
    pub fn may_reconnect(&self) -> bool {
        !matches!(self.code, Some(4400..=4407 | 4409..4450))
    }

    /// A word to count it under.
    pub fn word(&self) -> String {
        self.code.map_or_else(|| "closed_broken".to_owned(), |code| format!("closed_{code}"))
    }
}

/// Why a socket did not open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialError {
    /// No connection; the text is the system's.
    Unreachable(String),
    /// The upgrade was answered with this status and problem code.
    Refused {
        /// HTTP status.
        status: u16,
        /// Problem code, empty if there was none.
        code: String,
    },
    /// Closed instead of a welcome.
    Closed(Closed),
    /// No welcome in time.
    Timeout,
    /// Something else than a welcome came first.
    NotWelcome,
}

impl DialError {
    /// Whether trying again can help.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Timeout => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::Closed(closed) => closed.may_reconnect(),
            Self::NotWelcome => false,
        }
    }

    /// A word to count it under.
    pub fn word(&self) -> String {
        match self {
            Self::Unreachable(_) => "dial_unreachable".to_owned(),
            Self::Refused { status, code } if code.is_empty() => format!("dial_{status}"),
            Self::Refused { code, .. } => format!("dial_{code}"),
            Self::Closed(closed) => closed.word(),
            Self::Timeout => "dial_timeout".to_owned(),
            Self::NotWelcome => "dial_not_welcome".to_owned(),
        }
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "socket cannot be opened: {why}"),
            other => write!(f, "socket was not opened: {}", other.word()),
        }
    }
}

impl std::error::Error for DialError {}

/// Why a command has no good result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// Answered `ok: false` with this code.
    Refused(String),
    /// The connection ended first: the outcome is unknown.
    Closed(Closed),
    /// No result in 30 s: the outcome is unknown.
    Timeout,
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "refused: {code}"),
            Self::Closed(closed) => write!(f, "no result: {}", closed.word()),
            Self::Timeout => f.write_str("no result in time"),
        }
    }
}

impl std::error::Error for CommandError {}

/// Wait before the attempt number `attempt` (0 is the first) to come back: full jitter, 0..min(30 s, 0.5 s × 2ⁿ).
pub fn backoff(attempt: u32, rng: &mut impl Rng) -> Duration {
    let most_ms = 500_u64.saturating_mul(1 << attempt.min(10)).min(30_000);
    Duration::from_millis(rng.random_range(0..most_ms))
}

/// An open, welcomed socket.
pub struct Socket {
    wire: WebSocketStream<TcpStream>,
    /// The server's first message.
    pub welcome: Welcome,
    /// What it has carried.
    pub counts: Counts,
    seq: u64,
    commands: u64,
    /// Read but not yet handed over. A message goes here before its acknowledgement is sent, so that a caller may drop
    /// [`Socket::next`] at any await and lose nothing.
    ready: VecDeque<Incoming>,
    ack_owed: bool,
    pong_owed: bool,
    probe: Probe,
}

/// A question about how far the server has come.
#[derive(Debug, Default)]
struct Probe {
    asked: Option<Instant>,
    took: Option<Duration>,
}

impl Socket {
    /// Connects from `source` (any address if none), says hello and waits for the welcome.
    pub async fn open(
        target: &Target,
        who: &Credentials,
        resume: Option<Resume>,
        source: Option<IpAddr>,
    ) -> Result<Self, DialError> {
        let mut wire = upgrade(target, who, source).await?;
        let mut hello = json!({ "t": "hello", "v": 1 });
        if let Credentials::Ticket { ticket, .. } = who {
            hello["ticket"] = json!(ticket);
        }
        if let Some(Resume { epoch, seq }) = resume {
            hello["resume"] = json!({ "epoch": epoch, "seq": seq });
        }
        wire.send(text(&hello)).await.map_err(|e| DialError::Closed(broken(&e)))?;
        let first = within(read(&mut wire, &mut Probe::default())).await?.map_err(DialError::Closed)?;
        let welcome = serde_json::from_str(&first).ok().and_then(|v| parse_welcome(&v)).ok_or(DialError::NotWelcome)?;
        let counts = Counts { received: 1, sent: 1, ..Counts::default() };
        let seq = welcome.seq;
        Ok(Self {
            wire,
            welcome,
            counts,
            seq,
            commands: 0,
            ready: VecDeque::new(),
            ack_owed: false,
            pong_owed: false,
            probe: Probe::default(),
        })
    }

    /// Where a new socket would go on.
    pub fn resume(&self) -> Resume {
        Resume { epoch: self.welcome.epoch, seq: self.seq }
    }

    /// The next message that is news: pings are answered and doubles dropped on the way. Safe to drop at any await.
    pub async fn next(&mut self) -> Result<Incoming, Closed> {
        loop {
            let paid = self.pay_debts().await;
            // What was read counts as received for a resume, so it is handed over even when the connection is gone.
            if let Some(message) = self.ready.pop_front() {
                return Ok(message);
            }
            paid?;
            let frame = read(&mut self.wire, &mut self.probe).await?;
            self.take(&frame);
        }
    }

    /// Sends one object as it is.
    pub async fn send(&mut self, message: &Value) -> Result<(), Closed> {
        self.send_text(message.to_string()).await
    }

    /// Sends any text: for tests of bad input.
    pub async fn send_text(&mut self, message: String) -> Result<(), Closed> {
        self.counts.sent += 1;
        self.wire.send(Message::text(message)).await.map_err(|e| broken(&e))
    }

    /// Sends a command with a fresh id and hands the id back; its `result` comes through [`Socket::next`].
    pub async fn begin(&mut self, kind: &str, fields: Value) -> Result<String, Closed> {
        self.commands += 1;
        let id = format!("c{}", self.commands);
        let mut message = fields;
        message["t"] = json!(kind);
        message["id"] = json!(id);
        self.send(&message).await?;
        Ok(id)
    }

    /// Sends a command and waits for its result; other messages meanwhile are kept for [`Socket::next`].
    pub async fn command(&mut self, kind: &str, fields: Value) -> Result<Value, CommandError> {
        let id = self.begin(kind, fields).await.map_err(CommandError::Closed)?;
        let wait = async {
            loop {
                let mine = |m: &Incoming| m.kind == "result" && m.body["id"] == id.as_str();
                if let Some(result) = self.ready.iter().position(mine).and_then(|i| self.ready.remove(i)) {
                    return outcome(result.body);
                }
                let frame = read(&mut self.wire, &mut self.probe).await.map_err(CommandError::Closed)?;
                self.take(&frame);
                self.pay_debts().await.map_err(CommandError::Closed)?;
            }
        };
        tokio::time::timeout(RESULT_TIMEOUT, wait).await.unwrap_or(Err(CommandError::Timeout))
    }

    /// Asks by a ping frame when all that was sent since `asked` has been dealt with: a server takes one frame after the other. One
    /// question at a time; more are not asked.
    pub async fn ask(&mut self, asked: Instant) -> Result<(), Closed> {
        if self.probe.asked.is_some() {
            return Ok(());
        }
        self.probe.asked = Some(asked);
        self.wire.send(Message::Ping(Vec::new().into())).await.map_err(|e| broken(&e))
    }

    /// How long the last question took, once.
    pub fn answered(&mut self) -> Option<Duration> {
        self.probe.took.take()
    }

    /// Says goodbye; errors mean it was gone already.
    pub async fn close(mut self) {
        let _gone_already = self.wire.close(None).await;
    }

    /// Judges one frame: counts it, notes what is owed for it, keeps it if it is news.
    fn take(&mut self, frame: &str) {
        let at = Instant::now();
        self.counts.received += 1;
        if frame.len() > FRAME_BYTES_MAX {
            self.counts.oversized += 1;
        }
        let body: Value = serde_json::from_str(frame).unwrap_or(Value::Null);
        let Some(kind) = body["t"].as_str().map(str::to_owned) else {
            self.counts.unreadable += 1;
            return;
        };
        if kind == "ping" {
            self.pong_owed = true;
            return;
        }
        let seq = body["seq"].as_u64();
        if let Some(seq) = seq {
            self.ack_owed = true;
            if seq <= self.seq {
                self.counts.repeated += 1;
                return;
            }
            if seq > self.seq + 1 {
                self.counts.gaps += 1;
                return;
            }
            self.seq = seq;
        }
        if self.ready.len() >= READY_MAX {
            self.ready.retain(|m| m.seq.is_some() || m.kind == "result");
        }
        self.ready.push_back(Incoming { at, kind, seq, body });
    }

    /// Sends the pong and the acknowledgement owed. A debt is forgotten only when paid: paying twice is harmless.
    async fn pay_debts(&mut self) -> Result<(), Closed> {
        if self.pong_owed {
            self.send(&json!({ "t": "pong" })).await?;
            self.pong_owed = false;
        }
        if self.ack_owed {
            self.send(&json!({ "t": "ack", "seq": self.seq })).await?;
            self.ack_owed = false;
        }
        Ok(())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket(epoch {}, seq {})", self.welcome.epoch, self.seq)
    }
}

async fn upgrade(
    target: &Target,
    who: &Credentials,
    source: Option<IpAddr>,
) -> Result<WebSocketStream<TcpStream>, DialError> {
    let stream = within(connect(target, source)).await?.map_err(|e| DialError::Unreachable(e.to_string()))?;
    let unreachable = |e: &dyn fmt::Display| DialError::Unreachable(e.to_string());
    let mut request = target.ws().into_client_request().map_err(|e| unreachable(&e))?;
    let headers = request.headers_mut();
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let (name, value) = match who {
        Credentials::Bearer(token) => (AUTHORIZATION, format!("Bearer {token}")),
        Credentials::Ticket { origin, .. } => (ORIGIN, origin.clone()),
    };
    headers.insert(name, HeaderValue::from_str(&value).map_err(|e| unreachable(&e))?);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * FRAME_BYTES_MAX)
        .max_message_size(Some(READ_BYTES_MAX))
        .max_frame_size(Some(READ_BYTES_MAX));
    match within(client_async_with_config(request, stream, Some(config))).await? {
        Ok((wire, _)) => Ok(wire),
        Err(WsError::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            let problem: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
            let code = problem["code"].as_str().unwrap_or_default().to_owned();
            Err(DialError::Refused { status: response.status().as_u16(), code })
        }
        Err(e) => Err(unreachable(&e)),
    }
}

async fn connect(target: &Target, source: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let to = lookup_host(target.authority()).await?.next().ok_or(std::io::ErrorKind::NotFound)?;
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn within<T>(step: impl Future<Output = T>) -> Result<T, DialError> {
    tokio::time::timeout(STEP_TIMEOUT, step).await.map_err(|_| DialError::Timeout)
}

/// The next text frame. Safe to drop at its await.
async fn read(wire: &mut WebSocketStream<TcpStream>, probe: &mut Probe) -> Result<String, Closed> {
    loop {
        match wire.next().await {
            Some(Ok(Message::Pong(_))) => probe.took = probe.asked.take().map(|asked| asked.elapsed()),
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) =
                    frame.map_or((None, String::new()), |f| (Some(f.code.into()), f.reason.to_string()));
                return Err(Closed { code, reason });
            }
            Some(Ok(_)) => {}
            Some(Err(e)) => return Err(broken(&e)),
            None => return Err(Closed { code: None, reason: "connection ended".to_owned() }),
        }
    }
}

fn broken(error: &WsError) -> Closed {
    Closed { code: None, reason: error.to_string() }
}

fn text(message: &Value) -> Message {
    Message::text(message.to_string())
}

fn parse_welcome(v: &Value) -> Option<Welcome> {
    if v["t"] != "welcome" {
        return None;
    }
    Some(Welcome {
        role: v["role"].as_str()?.to_owned(),
        account: v["account"].as_str()?.to_owned(),
        epoch: v["epoch"].as_u64()?,
        resumed: v["resumed"].as_bool()?,
        seq: v["seq"].as_u64()?,
    })
}

fn outcome(result: Value) -> Result<Value, CommandError> {
    if result["ok"] == true {
        return Ok(result);
    }
    Err(CommandError::Refused(result["code"].as_str().unwrap_or("no_code").to_owned()))
}
