//! Owns the close codes: number, word, and whether the client should come back by itself.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};

/// Why a socket is closed by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Close {
    /// Not JSON, unknown `t`, wrong fields, binary.
    BadMessage,
    /// No, bad, used or late ticket, or no token for a socket.
    NotSignedIn,
    /// Token ended or account suspended.
    Revoked,
    /// No hello in time.
    HelloTimeout,
    /// The same account opened a newer socket.
    Replaced,
    /// A message above 16 KiB.
    TooLarge,
    /// Did not read.
    Slow,
    /// No pong, no message.
    Silent,
    /// Too many messages.
    Flood,
    /// The server drains.
    Restart,
}

impl Close {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::BadMessage,
        Self::NotSignedIn,
        Self::Revoked,
        Self::HelloTimeout,
        Self::Replaced,
        Self::TooLarge,
        Self::Slow,
        Self::Silent,
        Self::Flood,
        Self::Restart,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::BadMessage => 4400,
            Self::NotSignedIn => 4401,
            Self::Revoked => 4403,
            Self::HelloTimeout => 4408,
            Self::Replaced => 4409,
            Self::TooLarge => 4413,
            Self::Slow => 4450,
            Self::Silent => 4451,
            Self::Flood => 4452,
            Self::Restart => 1012,
        }
    }

    /// The reason on the wire, and the metric's label.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BadMessage => "bad_message",
            Self::NotSignedIn => "not_signed_in",
            Self::Revoked => "revoked",
            Self::HelloTimeout => "hello_timeout",
            Self::Replaced => "replaced",
            Self::TooLarge => "too_large",
            Self::Slow => "slow",
            Self::Silent => "silent",
            Self::Flood => "flood",
            Self::Restart => "restart",
        }
    }

    /// Whether the client reconnects by itself with what it has. A page does so after `NotSignedIn` too: it gets a new ticket
    /// first, and is told there if its token is dead.
    pub const fn reconnects(self) -> bool {
        self.number() >= 4450 || matches!(self, Self::Restart | Self::HelloTimeout)
    }

    /// The frame.
    pub fn message(self) -> Message {
        Message::Close(Some(CloseFrame { code: self.number(), reason: Utf8Bytes::from_static(self.word()) }))
    }
}
