//! Owns one HTTP exchange as bytes on a fresh connection, so that a test sees every header and may send what no client would.
//! Judges nothing but that an answer came.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Longest wait for one read.
const READ_WAIT: Duration = Duration::from_secs(15);

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Raw {
    /// HTTP status.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// All after the headers.
    pub body: String,
}

impl Raw {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The body as JSON, null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// A connection to the server of this base address.
///
/// # Panics
/// When nobody listens.
pub fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
    stream.set_read_timeout(Some(READ_WAIT)).expect("a timeout can be set");
    stream
}

/// One request and its answer. `body` brings its own length, and JSON as its type unless a header says otherwise.
///
/// # Panics
/// When no answer came.
pub fn call(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Raw {
    let mut stream = connect(url);
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", &url["http://".len()..]);
    let mut add = |name: &str, value: &str| {
        for part in [name, ": ", value, "\r\n"] {
            head.push_str(part);
        }
    };
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        add(name, value);
    }
    if let Some(body) = body {
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            add("content-type", "application/json");
        }
        add("content-length", &body.len().to_string());
    }
    // A server that refuses early may have closed its side; its answer is there all the same.
    let _refused_early =
        stream.write_all((head + "\r\n").as_bytes()).and_then(|()| stream.write_all(body.unwrap_or_default()));
    let mut bytes = Vec::new();
    let _reset_after_the_answer = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {method} {path}"));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status line");
    Raw { status, head: head.to_lowercase(), body: body.to_owned() }
}
