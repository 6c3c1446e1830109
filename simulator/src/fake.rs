//! Owns a server of a few lines for the tests of `client` and `socket`: each accepted connection is played by a closure.

use crate::target::Target;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use std::fmt::Write as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The server's end of one socket.
pub(crate) struct Wire(WebSocketStream<TcpStream>);

impl Wire {
    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next object the client says; null when it is gone.
    pub(crate) async fn hear(&mut self) -> Value {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            _ => Value::Null,
        }
    }

    pub(crate) async fn close(&mut self, code: u16, word: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: word.into() };
        let _gone = self.0.close(Some(frame)).await;
    }
}

/// A server on a free port.
pub(crate) async fn listen() -> (TcpListener, Target) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    (listener, target)
}

/// Accepts one socket; hands over its upgrade request's headers as `name: value` lines.
#[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
pub(crate) async fn accept(listener: &TcpListener) -> (Wire, String) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut seen = String::new();
    let look = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        for (name, value) in request.headers() {
            writeln!(seen, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        let protocol = request.headers().get("sec-websocket-protocol").unwrap().clone();
        response.headers_mut().insert("sec-websocket-protocol", protocol);
        Ok(response)
    };
    let wire = tokio_tungstenite::accept_hdr_async(stream, look).await.unwrap();
    (Wire(wire), seen)
}

/// Accepts one plain HTTP request, answers it with these bytes, and hands over what was asked.
pub(crate) async fn answer(listener: &TcpListener, status: &str, headers: &str, body: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut asked = vec![0; 16 * 1024];
    let mut length = 0;
    loop {
        length += stream.read(&mut asked[length..]).await.unwrap();
        let text = String::from_utf8_lossy(&asked[..length]).into_owned();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let announced = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if rest.len() >= announced.unwrap_or(0) {
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
                return text;
            }
        }
    }
}
