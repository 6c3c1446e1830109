//! Owns what a client may say, parsed strictly: an unknown `t` or field is refused.

use crate::json::Tree;
use crate::view::FixIn;
use serde::Deserialize;
use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer};
use std::iter;
use uuid::Uuid;

/// Largest message either way, bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// How phones begin a message with fixes.
const FIX_BEGINS: &str = r#"{"t":"fix","#;
/// Longest command id, characters.
const ID_CHARS_MAX: usize = 36;

/// Where a client left off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Epoch of the session that ended.
    pub epoch: u32,
    /// Last number received.
    pub seq: i64,
}

/// One message from a client; `t` names which.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// The first.
    Hello {
        /// Protocol version.
        v: u32,
        /// One-use ticket, from pages.
        ticket: Option<String>,
        /// Where it left off.
        resume: Option<Resume>,
    },
    /// Everything up to the number has been received.
    Ack {
        /// The number.
        seq: i64,
    },
    /// Still there.
    Pong {},
    /// Where the phone is.
    Fix {
        /// Oldest first.
        fixes: Vec<FixIn>,
    },
    /// To an offer.
    Answer {
        /// Of the command.
        id: String,
        /// The offer.
        offer: Uuid,
        /// Yes or no.
        accept: bool,
    },
    /// A crew member's tap.
    Status {
        /// Of the command.
        id: String,
        /// The trip.
        trip: Uuid,
        /// The phase reached.
        to: String,
    },
    /// Gives the slot back.
    DropOut {
        /// Of the command.
        id: String,
        /// The trip.
        trip: Uuid,
    },
    /// The alarm.
    Sos {
        /// Of the command.
        id: String,
        /// On which trip.
        trip: Option<Uuid>,
    },
    /// What a screen looks at from now on, in degrees.
    View {
        /// Of the command.
        id: String,
        /// Its western edge.
        west: f64,
        /// Its southern edge.
        south: f64,
        /// Its eastern edge.
        east: f64,
        /// Its northern edge.
        north: f64,
        /// How close, as web maps count.
        zoom: f64,
    },
}

/// What comes often, read without a tree; written in another order it is read like any other message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixMessage<'a> {
    #[serde(rename = "t", borrow)]
    _t: &'a str,
    fixes: Vec<FixIn>,
}

impl ClientMessage {
    /// From a text frame; `None` for anything the protocol does not know.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(Ok(fixes)) = text.starts_with(FIX_BEGINS).then(|| serde_json::from_str::<FixMessage>(text)) {
            return Some(Self::Fix { fixes: fixes.fixes });
        }
        let Tree::Object(mut fields) = serde_json::from_str(text).ok()? else { return None };
        let at = fields.iter().position(|(name, _)| name == "t")?;
        let (_, Tree::Text(word)) = fields.swap_remove(at) else { return None };
        let tagged = MapDeserializer::<_, Error>::new(iter::once((word, Tree::Object(fields))));
        let message = Self::deserialize(MapAccessDeserializer::new(tagged)).ok()?;
        let fits = message.id().is_none_or(|id| !id.is_empty() && id.chars().count() <= ID_CHARS_MAX);
        fits.then_some(message)
    }

    /// The command's id, if it is one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Answer { id, .. }
            | Self::Status { id, .. }
            | Self::DropOut { id, .. }
            | Self::Sos { id, .. }
            | Self::View { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The metric's label.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Ack { .. } => "ack",
            Self::Pong {} => "pong",
            Self::Fix { .. } => "fix",
            Self::Answer { .. } => "answer",
            Self::Status { .. } => "status",
            Self::DropOut { .. } => "drop_out",
            Self::Sos { .. } => "sos",
            Self::View { .. } => "view",
        }
    }
}
