//! Owns one socket from hello to close: sign-in, resume, numbered messages sent until acknowledged, commands, heartbeat, limits.
//! Generic over the transport, so that a pair of channels can stand in for a phone.

use super::close::Close;
use super::hub::Registration;
use super::mailbox::Item;
use super::message::{ClientMessage, MESSAGE_BYTES_MAX, Misfit, Resume};
use super::render::render;
use super::screen::Screen;
use crate::http::App;
use crate::http::command;
use crate::http::ingest::sources::Via;
use crate::http::limit::{Bucket, Rate};
use crate::http::problem::{Answer, Code, Problem};
use crate::http::renewals;
use crate::live::Verdict;
use crate::record::{Account, OutboxRow, RENEW_AFTER_S, Role, SignedIn, token_ttl_s};
use crate::telemetry;
use crate::view::people::role_word;
use axum::extract::ws::{Message, Utf8Bytes};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use geo::Bounds;
use matcher::model::{OfferId, Timestamp, TripId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// The protocol's version.
const VERSION: u32 = 1;
/// The first message must come within this.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence, of either side, after which the server asks: a page hangs up on a server it has not heard for longer, and nothing else tells
/// it that its fixes arrive.
pub const HEARTBEAT: Duration = Duration::from_secs(25);
/// The answer must come within this.
pub const PONG_TIMEOUT: Duration = Duration::from_secs(8);
/// A write that takes longer is a client that does not read.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the client's own close frame is waited for.
pub const FAREWELL: Duration = Duration::from_secs(2);
/// Messages of one client.
pub const MESSAGES: Rate = Rate { per_s: 20.0, burst: 60.0 };
/// What a flood has brought already is looked through for an alarm so long, and so far.
pub const FLOOD_LOOK: Duration = Duration::from_millis(500);
/// See [`FLOOD_LOOK`].
pub const FLOOD_MESSAGES_MAX: usize = 2_000;
/// What has arrived before a socket is closed is looked through so long.
const CLOSING_LOOK: Duration = Duration::from_millis(100);
/// Waits before a numbered message is sent again; the last one repeats.
const RESEND: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// Most numbered messages without acknowledgement; a client beyond that does not read.
const UNACKED_MAX: usize = 256;
/// Longest and shortest wait before the token is looked at again, milliseconds.
const NAP_MS_MAX: i64 = 3_600_000;
const NAP_MS_MIN: u64 = 1_000;
/// Rows read at a time.
const ROWS_PER_READ: u32 = 256;

/// How the socket was opened.
pub enum Opening {
    /// By a token in the header.
    SignedIn(Arc<SignedIn>),
    /// By a page; the hello must carry a ticket.
    Ticket,
}

/// A numbered message on its way.
struct Unacked {
    row: OutboxRow,
    tries: usize,
    again_at: Instant,
}

struct Session<S> {
    app: Arc<App>,
    socket: S,
    signed_in: Arc<SignedIn>,
    registration: Registration,
    /// Last number sent.
    sent: i64,
    unacked: BTreeMap<i64, Unacked>,
    bucket: Bucket,
    /// When the token ends unless it is renewed, and when that is tried next.
    expires_at: Timestamp,
    renew_at: Timestamp,
    /// When that was asked for, while there is no answer.
    renewal: Option<(Timestamp, oneshot::Receiver<Option<Timestamp>>)>,
    heard_at: Instant,
    told_at: Instant,
    pinged: bool,
}

/// Serves the socket until it closes.
pub async fn run<S, E>(app: Arc<App>, mut socket: S, opening: Opening)
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin + Send,
    E: Display + Send,
{
    metrics::gauge!(telemetry::SOCKETS).increment(1.0);
    // What happens once or seldom has its own allocation while it happens: a socket that only waits must cost little.
    let why = match Box::pin(greet(&app, &mut socket, opening)).await {
        Ok((signed_in, resume)) => serve(app, &mut socket, signed_in, resume).await,
        Err(why) => why,
    };
    if let Some(why) = why {
        metrics::counter!(telemetry::SOCKET_CLOSES, "reason" => why.word()).increment(1);
        let _ = Box::pin(timeout(FAREWELL, farewell(&mut socket, why))).await;
    }
    metrics::gauge!(telemetry::SOCKETS).decrement(1.0);
}

/// Says why, then waits for the client's own close.
async fn farewell<S, E>(socket: &mut S, why: Close)
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
{
    if socket.send(why.message()).await.is_ok() {
        while let Some(Ok(_)) = socket.next().await {}
    }
}

/// Waits for the hello. `Err(None)` is a client that has gone.
async fn greet<S, E>(
    app: &App,
    socket: &mut S,
    opening: Opening,
) -> Result<(Arc<SignedIn>, Option<Resume>), Option<Close>>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
    E: Display,
{
    let first = timeout(HELLO_TIMEOUT, next_message(socket)).await.map_err(|_| Some(Close::HelloTimeout))??;
    let ClientMessage::Hello { v: VERSION, ticket, resume } = first else { return Err(Some(Close::BadMessage)) };
    let signed_in = match opening {
        Opening::SignedIn(signed_in) => signed_in,
        Opening::Ticket => {
            let redeemed = ticket.and_then(|ticket| app.tickets.redeem(&ticket, app.env.now()));
            redeemed.ok_or(Some(Close::NotSignedIn))?
        }
    };
    if signed_in.account.role == Role::Admin {
        return Err(Some(Close::NotSignedIn));
    }
    Ok((signed_in, resume))
}

/// The next message of the protocol; control frames are passed over.
async fn next_message<S, E>(socket: &mut S) -> Result<ClientMessage, Option<Close>>
where
    S: Stream<Item = Result<Message, E>> + Unpin,
    E: Display,
{
    loop {
        let message = socket.next().await.ok_or(None)?;
        match read(message)? {
            Heard::Message(message) => return Ok(message),
            Heard::Misfit { .. } => return Err(Some(Close::BadMessage)),
            Heard::Nothing => {}
        }
    }
}

/// What a frame holds.
enum Heard {
    Message(ClientMessage),
    /// A command with a field that does not fit.
    Misfit {
        word: &'static str,
        id: Option<String>,
        field: String,
    },
    /// A control frame.
    Nothing,
}

/// `Err(None)` is a client that has gone.
fn read<E: Display>(message: Result<Message, E>) -> Result<Heard, Option<Close>> {
    match message {
        Ok(Message::Text(text)) if text.len() > MESSAGE_BYTES_MAX => Err(Some(Close::TooLarge)),
        Ok(Message::Text(text)) => match ClientMessage::parse(&text) {
            Ok(message) => Ok(Heard::Message(message)),
            Err(Misfit::Field { word, id, field }) => Ok(Heard::Misfit { word, id, field }),
            Err(Misfit::Foreign) => Err(Some(Close::BadMessage)),
        },
        Ok(Message::Binary(_)) => Err(Some(Close::BadMessage)),
        Ok(Message::Ping(_) | Message::Pong(_)) => Ok(Heard::Nothing),
        // The transport tells its errors apart by text only; a message beyond its limit is the one a client can cause and mend.
        Err(error) if error.to_string().contains("too long") => Err(Some(Close::TooLarge)),
        Ok(Message::Close(_)) | Err(_) => Err(None),
    }
}

async fn serve<S, E>(app: Arc<App>, socket: &mut S, signed_in: Arc<SignedIn>, resume: Option<Resume>) -> Option<Close>
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
    E: Display,
{
    if let Err(why) = Box::pin(may_go_on(&app, &signed_in, resume)).await {
        return Some(why);
    }
    // Joined before the numbers are read, so that a row committed in between is in one of the two places.
    let registration = app.hub.join(&signed_in);
    // Whoever comes after the drain has gone through the seats is not seen by it.
    if app.drain.is_cancelled() {
        registration.mailbox().close(Close::Restart);
    }
    let now = app.env.now();
    let mut session = Session {
        bucket: Bucket::full(MESSAGES, now.0),
        expires_at: signed_in.expires_at,
        renew_at: signed_in.expires_at.plus_s(RENEW_AFTER_S - token_ttl_s(signed_in.account.role)),
        renewal: None,
        app,
        socket,
        signed_in,
        registration,
        sent: 0,
        unacked: BTreeMap::new(),
        heard_at: Instant::now(),
        told_at: Instant::now(),
        pinged: false,
    };
    let outcome = match Box::pin(session.welcome(resume)).await {
        Ok(()) => session.exchange().await,
        Err(why) => Err(why),
    };
    let why = outcome.err().flatten();
    if matches!(why, Some(Close::Restart | Close::Replaced | Close::Slow | Close::BadMessage | Close::TooLarge)) {
        // A call for help that was on its way when the socket had to be closed is still one.
        let _gone_meanwhile = Box::pin(session.hear_alarms_left(CLOSING_LOOK)).await;
    }
    why
}

/// A page that was left open somewhere and comes back by itself must not close the socket of the phone that was taken up since.
async fn may_go_on(app: &App, signed_in: &SignedIn, resume: Option<Resume>) -> Result<(), Close> {
    let Some(Resume { epoch, .. }) = resume.filter(|_| signed_in.account.role != Role::Supervisor) else {
        return Ok(());
    };
    match app.ingest.is_left_behind(app, signed_in, epoch).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(Close::Replaced),
        Err(_) => Err(Close::Restart),
    }
}

/// `Err(None)`: the client has gone. `Err(Some)`: it is to be closed.
type Flow<T = ()> = Result<T, Option<Close>>;

impl<S, E> Session<S>
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
    E: Display,
{
    fn account(&self) -> &Account {
        &self.signed_in.account
    }

    /// Answers the hello and, if the client left off somewhere that is still there, goes on from it.
    async fn welcome(&mut self, resume: Option<Resume>) -> Flow {
        let epoch =
            self.app.ingest.new_epoch(&self.app, &self.signed_in).await.map_err(|problem| match problem.code {
                Code::BadToken => Some(Close::Revoked),
                _ => Some(Close::Restart),
            })?;
        let (last, rows) =
            left_off(&self.app, &self.signed_in.account, resume, epoch).await.map_err(|_| Some(Close::Restart))?;
        let resumed = rows.is_some();
        self.sent = resume.filter(|_| resumed).map_or(last, |r| r.seq);
        if resumed {
            self.app.hub.ack(self.account().id, self.sent);
        }
        let mut welcome = json!({
            "t": "welcome", "v": VERSION, "role": role_word(self.account().role), "account": self.account().id.0,
            "epoch": epoch, "resumed": resumed, "seq": self.sent, "heartbeat_s": HEARTBEAT.as_secs(),
        });
        let left = resume.and_then(|resume| self.app.ingest.heard_of(&self.app, self.account().id, resume.epoch));
        if let Some(number) = left {
            welcome["fixes_heard"] = number.into();
        }
        self.send(welcome.to_string().into()).await?;
        for row in rows.unwrap_or_default() {
            self.send_row(row).await?;
        }
        Ok(())
    }

    async fn exchange(&mut self) -> Flow {
        let mut nap = Box::pin(sleep_until(self.next_due()));
        loop {
            if let Some(why) = self.registration.mailbox().why_close() {
                return Err(Some(why));
            }
            self.empty_mailbox().await?;
            let wake_at = self.next_due();
            // Too early is looked at once and gone on with; a timer set anew for each message is what every fix would pay for.
            if wake_at < nap.deadline() {
                nap.as_mut().reset(wake_at);
            }
            tokio::select! {
                biased;
                message = self.socket.next() => self.hear(message.ok_or(None)?).await?,
                () = self.registration.mailbox().changed() => {}
                () = nap.as_mut() => {
                    Box::pin(self.be_on_time()).await?;
                    nap.as_mut().reset(self.next_due());
                }
            }
        }
    }

    /// Sends what waits. Between messages the client is heard too: select is only reached when the box is empty, and each
    /// send is bounded.
    async fn empty_mailbox(&mut self) -> Flow {
        while let Some(item) = self.registration.mailbox().next() {
            match item {
                Item::Text(text) => self.send(text).await?,
                Item::Row(OutboxRow { seq, .. }) | Item::Lost(seq) if seq <= self.sent => {}
                Item::Row(row) if row.seq == self.sent + 1 => self.send_row(row).await?,
                Item::Row(_) => Box::pin(self.catch_up()).await?,
                // See `outbox`.
                Item::Lost(_) => return Err(Some(Close::Restart)),
            }
        }
        Ok(())
    }

    /// A number was passed over: the rows in between are on the record, or cannot be read.
    async fn catch_up(&mut self) -> Flow {
        let rows = self.app.record.outbox_of(self.account().id, self.sent, ROWS_PER_READ).await;
        for row in rows.map_err(|_| Some(Close::Restart))? {
            if row.seq != self.sent + 1 {
                return Err(Some(Close::Restart));
            }
            self.send_row(row).await?;
        }
        Ok(())
    }

    async fn send_row(&mut self, row: OutboxRow) -> Flow {
        if self.unacked.len() >= UNACKED_MAX {
            return Err(Some(Close::Slow));
        }
        // A number passed over would be lost with the acknowledgement of the next: the phone comes back and goes on from here.
        let text = self.render(&row).await.ok_or(Some(Close::Restart))?;
        self.sent = row.seq;
        self.send(text).await?;
        let again_at = Instant::now() + RESEND[0];
        self.unacked.insert(row.seq, Unacked { row, tries: 0, again_at });
        Ok(())
    }

    /// From the present state; `None` while the record is away.
    async fn render(&mut self, row: &OutboxRow) -> Option<Utf8Bytes> {
        Box::pin(render(&self.app, &self.signed_in.account, row)).await.ok().map(Utf8Bytes::from)
    }

    async fn send(&mut self, text: Utf8Bytes) -> Flow {
        let write = timeout(WRITE_TIMEOUT, self.socket.send(Message::Text(text)));
        tokio::select! {
            why = self.registration.mailbox().closed() => Err(Some(why)),
            written = write => match written {
                Ok(Ok(())) => {
                    self.told_at = Instant::now();
                    Ok(())
                }
                Ok(Err(_)) => Err(None),
                Err(_) => Err(Some(Close::Slow)),
            },
        }
    }

    /// When the one of both who was silent for longer has been so for a heartbeat.
    fn ping_at(&self) -> Instant {
        self.heard_at.min(self.told_at) + HEARTBEAT
    }

    /// When something must be done even if nobody speaks.
    fn next_due(&self) -> Instant {
        let silence = if self.pinged { self.heard_at + HEARTBEAT + PONG_TIMEOUT } else { self.ping_at() };
        let left_ms = self.expires_at.since_ms(self.app.env.now()).clamp(0, NAP_MS_MAX);
        let expiry = Instant::now() + Duration::from_millis(left_ms.unsigned_abs().max(NAP_MS_MIN));
        self.unacked.values().map(|u| u.again_at).fold(silence.min(expiry), Instant::min)
    }

    /// An open socket is a token in use: it is made to last as a call would make it, and with its end the socket ends. While
    /// the record is away the time it had holds.
    ///
    /// What the phone says waits for it only where its time is over.
    async fn stay_signed_in(&mut self) -> Flow {
        let now = self.app.env.now();
        while now >= self.renew_at {
            let asked = self.renewal.take();
            let (at, mut answer) = asked.unwrap_or_else(|| (now, renewals::ask(&self.app, self.signed_in.token, now)));
            let renewed = if now >= self.expires_at {
                answer.await.ok()
            } else {
                match answer.try_recv() {
                    Err(TryRecvError::Empty) => {
                        self.renewal = Some((at, answer));
                        return Ok(());
                    }
                    told => told.ok(),
                }
            };
            match renewed {
                Some(None) => return Err(Some(Close::Revoked)),
                // A trip keeps a token that has reached its greatest age no longer than until the next look.
                Some(Some(until)) => self.expires_at = until.max(at.plus_s(RENEW_AFTER_S)),
                None if now >= self.expires_at => return Err(Some(Close::Revoked)),
                None => {}
            }
            self.renew_at = at.plus_s(RENEW_AFTER_S);
        }
        Ok(())
    }

    async fn be_on_time(&mut self) -> Flow {
        let now = Instant::now();
        self.stay_signed_in().await?;
        if self.pinged && now >= self.heard_at + HEARTBEAT + PONG_TIMEOUT {
            return Err(Some(Close::Silent));
        }
        if !self.pinged && now >= self.ping_at() {
            self.pinged = true;
            self.send(Utf8Bytes::from_static(r#"{"t":"ping"}"#)).await?;
        }
        let due: Vec<i64> = self.unacked.iter().filter(|(_, u)| u.again_at <= now).map(|(seq, _)| *seq).collect();
        for seq in due {
            let Some(unacked) = self.unacked.get_mut(&seq) else { continue };
            unacked.tries += 1;
            unacked.again_at = now + RESEND[unacked.tries.min(RESEND.len() - 1)];
            let row = unacked.row.clone();
            metrics::counter!(telemetry::RESENDS).increment(1);
            // It has been sent on this socket before, so nothing is lost if it cannot be made anew now.
            if let Some(text) = self.render(&row).await {
                self.send(text).await?;
            }
        }
        Ok(())
    }

    async fn hear(&mut self, message: Result<Message, E>) -> Flow {
        self.heard_at = Instant::now();
        self.pinged = false;
        self.stay_signed_in().await?;
        let message = match read(message) {
            Ok(Heard::Message(sos @ ClientMessage::Sos { .. })) => return Box::pin(self.raise(sos)).await,
            other => other,
        };
        if self.bucket.take(MESSAGES, self.app.env.now().0).is_err() {
            Box::pin(self.hear_alarms_left(FLOOD_LOOK)).await?;
            return Err(Some(Close::Flood));
        }
        let message = match message? {
            Heard::Message(message) => message,
            Heard::Misfit { word, id, field } => return Box::pin(self.refuse(word, id, field)).await,
            Heard::Nothing => return Ok(()),
        };
        if matches!(message, ClientMessage::Fix { .. }) {
            self.app.hub.fix_messages.0.increment(1);
        } else {
            metrics::counter!(telemetry::SOCKET_MESSAGES, "t" => message.word()).increment(1);
        }
        let id = message.id().map(str::to_owned);
        let (result, silent) = match message {
            ClientMessage::Hello { .. } => return Err(Some(Close::BadMessage)),
            ClientMessage::Pong {} => return Ok(()),
            ClientMessage::Ack { seq } => return self.acked(seq),
            view @ ClientMessage::View { .. } => (self.look(&view), false),
            fixes @ ClientMessage::Fix { .. } => match Box::pin(obey(&self.app, &self.signed_in, fixes)).await {
                Ok(told) if told["replaced"] == true => return Err(Some(Close::Replaced)),
                told => (told, true),
            },
            command => (Box::pin(obey(&self.app, &self.signed_in, command)).await, false),
        };
        match result {
            Ok(_) if silent => Ok(()),
            result => self.send(answer_to(id.as_deref(), result).to_string().into()).await,
        }
    }

    /// One bad value does not cost a phone its line.
    async fn refuse(&mut self, word: &'static str, id: Option<String>, field: String) -> Flow {
        metrics::counter!(telemetry::SOCKET_MESSAGES, "t" => word).increment(1);
        self.send(answer_to(id.as_deref(), Err(Problem::bad_field(field))).to_string().into()).await
    }

    /// From here on the socket is told of what its screen shows, and not of everybody.
    fn look(&self, view: &ClientMessage) -> Answer<Value> {
        command::only(self.account(), &[Role::Supervisor])?;
        let ClientMessage::View { west, south, east, north, zoom, .. } = *view else { return Ok(json!({})) };
        let screen = Screen::of(&Bounds { west, south, east, north }, zoom).map_err(Problem::bad_field)?;
        let tier = screen.tier;
        self.registration.look(screen);
        Ok(json!({"tier": tier.word()}))
    }

    /// An alarm has a bucket of its own: what else the phone sends never stands before it.
    async fn raise(&mut self, sos: ClientMessage) -> Flow {
        metrics::counter!(telemetry::SOCKET_MESSAGES, "t" => sos.word()).increment(1);
        let id = sos.id().map(str::to_owned);
        let result = match self.app.urgent_calls.take(self.account().id, self.app.env.now().0) {
            Ok(()) => Box::pin(obey(&self.app, &self.signed_in, sos)).await,
            Err(_) => Err(Code::TooManyRequests.into()),
        };
        self.send(answer_to(id.as_deref(), result).to_string().into()).await
    }

    /// Before the socket is closed: an alarm among what the phone has sent already is obeyed.
    async fn hear_alarms_left(&mut self, within: Duration) -> Flow {
        let until = Instant::now() + within;
        for _ in 0..FLOOD_MESSAGES_MAX {
            let Ok(Some(message)) = timeout_at(until, self.socket.next()).await else { break };
            match read(message) {
                Ok(Heard::Message(sos @ ClientMessage::Sos { .. })) => self.raise(sos).await?,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Everything up to the number has arrived. A number never sent is not an acknowledgement.
    fn acked(&mut self, seq: i64) -> Flow {
        if seq < 0 || seq > self.sent {
            return Err(Some(Close::BadMessage));
        }
        self.unacked = self.unacked.split_off(&(seq + 1));
        if self.account().role != Role::Supervisor {
            self.app.hub.ack(self.account().id, seq);
        }
        Ok(())
    }
}

/// The last number issued, and the rows after the client's if every one of them is there.
async fn left_off(
    app: &App,
    account: &Account,
    resume: Option<Resume>,
    epoch: u32,
) -> Answer<(i64, Option<Vec<OutboxRow>>)> {
    if account.role == Role::Supervisor {
        return Ok((0, None));
    }
    let (last, _) = app.record.outbox_seq(account.id).await?;
    let Some(from) = resume.filter(|r| r.epoch < epoch && (0..=last).contains(&r.seq)) else {
        return Ok((last, None));
    };
    let rows = app.record.outbox_of(account.id, from.seq, ROWS_PER_READ).await?;
    let whole = rows.len() as i64 >= last - from.seq && (from.seq + 1..).zip(&rows).all(|(n, row)| row.seq == n);
    Ok((last, whole.then_some(rows)))
}

/// Does what REST would; the value holds what the result says beside `ok`.
async fn obey(app: &App, signed_in: &SignedIn, message: ClientMessage) -> Answer<Value> {
    let account = &signed_in.account;
    let roles: &[Role] = match message {
        ClientMessage::Fix { .. } | ClientMessage::Sos { .. } => &[Role::Rider, Role::Staff],
        _ => &[Role::Staff],
    };
    command::only(account, roles)?;
    match message {
        ClientMessage::Fix { fixes } => {
            // Nobody reads verdicts here: one whose fixes do not count is not to go on as if they did.
            if command::fixes(app, signed_in, Via::Socket, &fixes).await?.contains(&Verdict::Replaced) {
                return Ok(json!({"replaced": true}));
            }
        }
        ClientMessage::Answer { offer, accept, .. } => {
            let state = command::answer(app, account, OfferId(offer), accept).await?;
            return Ok(json!({"state": state}));
        }
        ClientMessage::Status { trip, to, .. } => command::status(app, account, TripId(trip), &to).await?,
        ClientMessage::DropOut { trip, .. } => command::drop_out(app, account, TripId(trip)).await?,
        ClientMessage::Sos { trip, .. } => {
            let incident = command::sos(app, account, trip.map(TripId)).await?;
            return Ok(json!({"incident": incident.0}));
        }
        ClientMessage::Hello { .. }
        | ClientMessage::Ack { .. }
        | ClientMessage::Pong {}
        | ClientMessage::View { .. } => {}
    }
    Ok(json!({}))
}

/// The answer to a command, or to what was sent without being one.
pub fn answer_to(id: Option<&str>, result: Result<Value, Problem>) -> Value {
    let mut answer = match result {
        Ok(mut more) => {
            more["ok"] = true.into();
            more
        }
        Err(problem) => {
            let mut refused = json!({"ok": false, "code": problem.code.word()});
            if let Some(field) = problem.field {
                refused["field"] = field.into();
            }
            refused
        }
    };
    answer["t"] = "result".into();
    if let Some(id) = id {
        answer["id"] = id.into();
    }
    answer
}
