//! Owns the address of the server under test. Does not connect.
//!
//! Plain HTTP only: TLS would measure the crypto library of this program, and a server that speaks HTTPS has a plain
//! listener behind it.

use std::fmt;

/// Where the server listens, e.g. `http://127.0.0.1:8080`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: String,
    port: u16,
}

/// Why a text is not a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetError {
    /// Something other than `http://`.
    NotHttp,
    /// No host, or a port that is no number.
    NotAnAddress,
    /// A path, query or user after the address.
    TooMuch,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotHttp => "target must begin with http:// (TLS is not spoken here: give the plain listener)",
            Self::NotAnAddress => "target must be http://HOST:PORT",
            Self::TooMuch => "target must end after the port",
        })
    }
}

impl std::error::Error for TargetError {}

impl std::str::FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let rest = text.strip_prefix("http://").ok_or(TargetError::NotHttp)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(TargetError::TooMuch);
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| TargetError::NotAnAddress)?),
            None => (authority, 80),
        };
        if host.is_empty() || (host.contains(':') && !host.starts_with('[')) {
            return Err(TargetError::NotAnAddress);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl Target {
    /// `host:port` as a connector and the `Host` header want it.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// `http://host:port` followed by `path`.
    pub fn http(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority())
    }

    /// The address of the one socket, `ws://host:port/v1/ws`.
    pub fn ws(&self) -> String {
        format!("ws://{}/v1/ws", self.authority())
    }

    /// The origin a page of this server would send.
    pub fn origin(&self) -> String {
        self.http("")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority())
    }
}
