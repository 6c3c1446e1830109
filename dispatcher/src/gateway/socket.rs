//! Owns a phone's socket at the gateway: opens one of its own on the engine's node with the same sign-in, and passes every message both
//! ways as it is, but for fixes of those whom the gateway may judge. What closes one closes the other, with the same code.

use super::door::passed;
use super::relay::away;
use super::upstream::passed_on;
use super::{Gateway, drain_pause};
use crate::http::auth::Peer;
use crate::http::ingest::desk::{Judged, UNSURE};
use crate::http::ingest::sources::Source;
use crate::http::limit::Bucket;
use crate::http::problem::{Code, Problem};
use crate::listen::Held;
use crate::record::PhoneSession;
use crate::telemetry;
use crate::ws::close::Close;
use crate::ws::message::{ClientMessage, MESSAGE_BYTES_MAX};
use crate::ws::session::{FAREWELL, FLOOD_LOOK, FLOOD_MESSAGES_MAX, MESSAGES, WRITE_TIMEOUT, answer_to};
use crate::ws::upgrade::{BUFFER_BYTES, WRITE_BYTES_MAX};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use matcher::model::AccountId;
use serde::Deserialize;
use std::sync::Arc;

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role as Side, WebSocketConfig};
use uuid::Uuid;

/// Both sides must have changed over within this.
const CHANGE_OVER: Duration = Duration::from_secs(5);
/// The engine's node answers an opening within this.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// Largest message of the engine's node: far above what it sends.
const FROM_ENGINE_BYTES_MAX: usize = 1 << 20;
/// Answers of the gateway's own that wait for the phone.
const ANSWERS_MAX: usize = 8;

type Wire = WebSocketStream<TokioIo<Upgraded>>;

/// Who sits at the other end, as the welcome says.
#[derive(Clone, Copy)]
struct Phone {
    account: AccountId,
    epoch: u32,
    /// The row of the sign-in, as soon as the list has shown the welcome's epoch to be of it. The socket goes on under a later epoch
    /// when its phone takes over from a tracker.
    token: Option<i64>,
}

impl Phone {
    /// Whether the phone that counts is this one: an account has one socket, so what its sign-in sends without a number comes by it.
    fn is(&mut self, counts: PhoneSession) -> bool {
        if counts.epoch == self.epoch {
            self.token = Some(counts.token);
        }
        counts.epoch >= self.epoch && counts.number.is_none() && self.token == Some(counts.token)
    }
}

/// The welcome, as far as it matters here.
#[derive(Deserialize)]
struct Welcome {
    t: String,
    role: String,
    account: Uuid,
    epoch: u32,
}

/// Opens the socket on the engine's node, then the phone's; a refusal goes to the phone as it came.
pub async fn open(gateway: &Arc<Gateway>, mut request: Request) -> Response {
    if gateway.drain.is_cancelled() {
        return Problem::from(Code::Draining).into_response();
    }
    let is_upgrade = request.extensions().get::<OnUpgrade>().is_some();
    let (held, peer) = (request.extensions_mut().remove::<Held>(), request.extensions().get::<Peer>().copied());
    let phone = hyper::upgrade::on(&mut request);
    let (mut parts, _) = request.into_parts();
    parts.extensions.clear();
    // An opening has no body, whatever it says.
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::TRANSFER_ENCODING);
    if !is_upgrade {
        parts.headers.remove(header::UPGRADE);
    }
    let onward = axum::http::Request::from_parts(parts, Full::new(Bytes::new()));
    let Ok(Ok(mut answer)) = timeout(OPEN_WITHIN, gateway.upstream.send(onward, peer)).await else {
        return away("socket", Code::UpstreamAway);
    };
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return passed_on(answer);
    }
    let engine = hyper::upgrade::on(&mut answer);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = answer.headers().clone();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    let serving = Arc::clone(gateway);
    gateway.sockets.spawn(async move {
        if let Ok(Ok((phone, engine))) = timeout(CHANGE_OVER, async { tokio::try_join!(phone, engine) }).await {
            metrics::gauge!(telemetry::SOCKETS).increment(1.0);
            let config = |largest| {
                WebSocketConfig::default()
                    .read_buffer_size(BUFFER_BYTES)
                    .write_buffer_size(0)
                    .max_write_buffer_size(WRITE_BYTES_MAX.max(2 * largest))
                    .max_message_size(Some(largest))
                    .max_frame_size(Some(largest))
            };
            let phone_config = Some(config(MESSAGE_BYTES_MAX));
            let phone = WebSocketStream::from_raw_socket(TokioIo::new(phone), Side::Server, phone_config).await;
            let engine_config = Some(config(FROM_ENGINE_BYTES_MAX));
            let engine = WebSocketStream::from_raw_socket(TokioIo::new(engine), Side::Client, engine_config).await;
            carry(&serving, phone, engine).await;
            metrics::gauge!(telemetry::SOCKETS).decrement(1.0);
        }
        drop(held);
    });
    response
}

/// Carries messages both ways until one side ends, then ends the other.
async fn carry(gateway: &Arc<Gateway>, phone: Wire, engine: Wire) {
    let (mut to_phone, from_phone) = phone.split();
    let (mut to_engine, from_engine) = engine.split();
    let who = std::sync::OnceLock::new();
    let (answers, answering) = mpsc::channel(ANSWERS_MAX);
    let ending = {
        let upward = up(gateway, from_phone, &mut to_engine, &who, &answers);
        let downward = down(from_engine, &mut to_phone, &who, answering);
        tokio::select! {
            ending = upward => ending,
            ending = downward => ending,
            () = drain_pause(gateway) => Ending::Phone(Some(frame(Close::Restart))),
        }
    };
    let (to_the_phone, to_the_engine) = match ending {
        Ending::Phone(close) => (close, None),
        Ending::Engine(close) => (None, close),
    };
    if let Some(close) = &to_the_phone {
        let word = close.reason.as_str().to_owned();
        let reason = Close::ALL.into_iter().find(|known| known.word() == word).map_or("other", Close::word);
        metrics::counter!(telemetry::SOCKET_CLOSES, "reason" => reason).increment(1);
    }
    let farewell = async {
        let _ =
            tokio::join!(to_phone.send(Message::Close(to_the_phone)), to_engine.send(Message::Close(to_the_engine)));
    };
    let _gone_already = timeout(FAREWELL, farewell).await;
}

/// Whom to tell that it is over.
enum Ending {
    /// The phone, and how.
    Phone(Option<CloseFrame>),
    /// The engine's node: the phone has gone.
    Engine(Option<CloseFrame>),
}

fn frame(close: Close) -> CloseFrame {
    CloseFrame { code: close.number().into(), reason: close.word().into() }
}

/// From the engine's node to the phone, and the gateway's own answers between.
async fn down(
    mut engine: SplitStream<Wire>,
    phone: &mut SplitSink<Wire, Message>,
    who: &std::sync::OnceLock<Phone>,
    mut answering: mpsc::Receiver<String>,
) -> Ending {
    loop {
        let message = tokio::select! {
            message = engine.next() => match message {
                Some(Ok(Message::Close(close))) => return Ending::Phone(close),
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => message,
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return Ending::Phone(Some(frame(Close::Restart))),
            },
            Some(answer) = answering.recv() => Message::Text(answer.into()),
        };
        if who.get().is_none()
            && let Message::Text(text) = &message
            && let Ok(welcome) = serde_json::from_str::<Welcome>(text)
            && welcome.t == "welcome"
            && welcome.role == "staff"
        {
            let _first_counts =
                who.set(Phone { account: AccountId(welcome.account), epoch: welcome.epoch, token: None });
        }
        match timeout(WRITE_TIMEOUT, phone.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Ending::Engine(None),
            Err(_) => return Ending::Phone(Some(frame(Close::Slow))),
        }
    }
}

/// From the phone to the engine's node, but for what is settled here.
async fn up(
    gateway: &Gateway,
    mut phone: SplitStream<Wire>,
    engine: &mut SplitSink<Wire, Message>,
    who: &std::sync::OnceLock<Phone>,
    answers: &mpsc::Sender<String>,
) -> Ending {
    let mut bucket = Bucket::full(MESSAGES, gateway.env.now().0);
    let settled = metrics::counter!(telemetry::SOCKET_MESSAGES, "t" => "fix");
    let mut seated: Option<Phone> = None;
    loop {
        let message = match phone.next().await {
            Some(Ok(Message::Close(close))) => return Ending::Engine(close),
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => message,
            Some(Ok(_)) => continue,
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => {
                return Ending::Phone(Some(frame(Close::TooLarge)));
            }
            Some(Err(_)) | None => return Ending::Engine(None),
        };
        let parsed = if let Message::Text(text) = &message { ClientMessage::parse(text).ok() } else { None };
        let is_sos = matches!(parsed, Some(ClientMessage::Sos { .. }));
        if !is_sos && bucket.take(MESSAGES, gateway.env.now().0).is_err() {
            return flood(phone, engine).await;
        }
        let mut gone_on = None;
        if seated.is_none() {
            seated = who.get().copied();
        }
        if let (Some(ClientMessage::Fix { fixes }), Some(phone)) = (&parsed, &mut seated) {
            match settle(gateway, phone, fixes) {
                Judged::Settled(_) => {
                    settled.increment(1);
                    continue;
                }
                Judged::TooMany(_) => {
                    let refused = answer_to(None, Err(Code::TooManyRequests.into())).to_string();
                    // A phone that reads no answers is soon one that is slow.
                    let _full = answers.try_send(refused);
                    continue;
                }
                Judged::Pass(why) => {
                    passed(why);
                    gateway.passes_on(phone.account);
                    gone_on = Some((phone.account, why));
                }
            }
        }
        if engine.send(message).await.is_err() {
            // Its own word on why may still be on its way: the other direction ends the socket.
            let () = std::future::pending().await;
        }
        if let Some((staff, why)) = gone_on {
            gateway.passed_on(staff, why);
        }
    }
}

/// The fixes of a phone that may be judged here.
fn settle(gateway: &Gateway, phone: &mut Phone, fixes: &[crate::view::FixIn]) -> Judged {
    let now = gateway.env.now();
    let parsed: Result<Vec<_>, _> = fixes.iter().map(|fix| fix.parse(now)).collect();
    let Ok(fixes) = parsed else { return Judged::Pass("unread") };
    let member = match gateway.list.member(phone.account, now) {
        Ok(member) => member,
        Err(why) => return Judged::Pass(why),
    };
    match member.epochs.phone() {
        Some(counts) if phone.is(counts) => {
            gateway.judge(phone.account, &member, Source::Phone(counts.token), counts.epoch, fixes, now)
        }
        Some(counts) if counts.epoch > phone.epoch => Judged::Pass("epoch"),
        // The list is from before this socket.
        _ => Judged::Pass(UNSURE),
    }
}

/// Before the socket of a phone that sends too much is closed: an alarm among what it has sent already goes on.
async fn flood(mut phone: SplitStream<Wire>, engine: &mut SplitSink<Wire, Message>) -> Ending {
    let until = Instant::now() + FLOOD_LOOK;
    for _ in 0..FLOOD_MESSAGES_MAX {
        let Ok(Some(Ok(message))) = timeout_at(until, phone.next()).await else { break };
        let Message::Text(text) = &message else { continue };
        if matches!(ClientMessage::parse(text), Ok(ClientMessage::Sos { .. })) && engine.send(message).await.is_err() {
            break;
        }
    }
    Ending::Phone(Some(frame(Close::Flood)))
}
