//! Owns the upgrade: who may open a socket from where. A native client carries its token in a header and no `Origin`; a page
//! carries an allowed `Origin` and signs in by ticket. A token is never taken from the address.

use super::message::MESSAGE_BYTES_MAX;
use super::session::{self, Opening};
use crate::http::App;
use crate::http::auth::bearer;
use crate::http::problem::{Answer, Code, Problem, ProblemBody};
use crate::listen::Held;
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use std::sync::Arc;

/// The subprotocol.
pub const SUBPROTOCOL: &str = "donghaeng.v1";
/// tungstenite's own buffers, bytes: its default of 128 KiB each is allocated per socket.
pub const BUFFER_BYTES: usize = 4_096;
/// Beyond this a write fails instead of growing memory, bytes.
pub const WRITE_BYTES_MAX: usize = 128 * 1024;

/// Opens the socket; see docs/PROTOCOL.md.
#[utoipa::path(get, path = "/v1/ws", tag = "socket",
    responses((status = 101, description = "switching to donghaeng.v1"), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody),
        (status = 426, body = ProblemBody)))]
pub async fn upgrade(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    held: Option<Extension<Held>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    let upgrade = upgrade.map_err(|_| Problem::from(Code::Upgrade))?;
    if app.drain.is_cancelled() {
        return Err(Code::Draining.into());
    }
    let opening = opening(&app, &headers).await?;
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        session::run(app, socket, opening).await;
        drop(held);
    }))
}

async fn opening(app: &App, headers: &HeaderMap) -> Answer<Opening> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        let token = bearer(headers).ok_or(Code::NoToken)?;
        let signed_in = app.record.authenticate(app.env.now(), token).await?.ok_or(Code::BadToken)?;
        return Ok(Opening::SignedIn(Arc::new(signed_in)));
    };
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let is_ours = origin.to_str().is_ok_and(|origin| is_allowed(origin, host, &app.config.origins));
    if is_ours { Ok(Opening::Ticket) } else { Err(Code::BadOrigin.into()) }
}

/// The server's own host, or one named in the configuration.
pub(super) fn is_allowed(origin: &str, host: &str, listed: &[String]) -> bool {
    let own = ["https://", "http://"].iter().filter_map(|scheme| origin.strip_prefix(scheme));
    let same_host = !host.is_empty() && own.into_iter().any(|o| o.eq_ignore_ascii_case(host));
    same_host || listed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
}
