//! Owns what a client may say, parsed strictly. A command with a field that does not fit names the field, as a call would; anything
//! else that does not fit is no message of the protocol.

use crate::http::body::blame;
use crate::json::Tree;
use crate::view::FixIn;
use serde::Deserialize;
use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer};
use std::iter;
use uuid::Uuid;

/// Largest message either way, bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// What most messages are.
pub const FIX_WORD: &str = "fix";
/// How phones begin a message with fixes, and how one ends that is written with its names in their order.
const FIX_BEGINS: &str = r#"{"t":"fix","#;
const FIX_ENDS: &str = r#","t":"fix"}"#;
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

/// What comes often, read without a tree; written otherwise it is read like any other message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixMessage<'a> {
    #[serde(rename = "t", borrow)]
    word: &'a str,
    fixes: Vec<FixIn>,
}

/// A text that is no [`ClientMessage`].
#[derive(Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Not JSON, an unknown `t`, or wrong in what keeps the socket itself: nothing can be said to it.
    Foreign,
    /// A command that can be answered.
    Field {
        /// Which.
        word: &'static str,
        /// Its id, if that is one.
        id: Option<String>,
        /// The path of the field; empty if it has no name here.
        field: String,
    },
}

fn fits(id: &str) -> bool {
    !id.is_empty() && id.chars().count() <= ID_CHARS_MAX
}

impl ClientMessage {
    /// What is answered by a `result`.
    const COMMANDS: [&str; 6] = ["fix", "answer", "status", "drop_out", "sos", "view"];

    /// From a text frame.
    pub fn parse(text: &str) -> Result<Self, Misfit> {
        if (text.starts_with(FIX_BEGINS) || text.ends_with(FIX_ENDS))
            && let Ok(FixMessage { word: FIX_WORD, fixes }) = serde_json::from_str(text)
        {
            return Ok(Self::Fix { fixes });
        }
        let Ok(Tree::Object(mut fields)) = serde_json::from_str(text) else { return Err(Misfit::Foreign) };
        let at = fields.iter().position(|(name, _)| name == "t").ok_or(Misfit::Foreign)?;
        let (_, Tree::Text(word)) = fields.swap_remove(at) else { return Err(Misfit::Foreign) };
        let command = Self::COMMANDS.into_iter().find(|known| *known == word);
        let id = fields.iter().find_map(|(name, value)| match value {
            Tree::Text(id) if name == "id" && fits(id) => Some(id.clone()),
            _ => None,
        });
        let misfit = |field: String| command.map_or(Misfit::Foreign, |word| Misfit::Field { word, id, field });
        let tagged = MapDeserializer::<_, Error>::new(iter::once((word, Tree::Object(fields))));
        match serde_path_to_error::deserialize::<_, Self>(MapAccessDeserializer::new(tagged)) {
            Ok(message) if message.id().is_none_or(fits) => Ok(message),
            Ok(_) => Err(misfit("id".to_owned())),
            Err(error) => {
                // The path begins with the word.
                let path = error.path().to_string();
                let path = path.split_once('.').map_or(".", |(_, path)| path);
                Err(misfit(blame(path, &error.inner().to_string())))
            }
        }
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
            Self::Fix { .. } => FIX_WORD,
            Self::Answer { .. } => "answer",
            Self::Status { .. } => "status",
            Self::DropOut { .. } => "drop_out",
            Self::Sos { .. } => "sos",
            Self::View { .. } => "view",
        }
    }
}
