//! Owns what the engine's node and a gateway say to each other, both ways: the list of whom a gateway may judge, whose a secret is, and
//! the headers of what is relayed. Names accounts by their ids and nothing else of them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Carries the secret that gateway and engine's node share.
pub const SECRET_HEADER: &str = "x-donghaeng-gateway";
/// Carries the address that a relayed request came from.
pub const CLIENT_HEADER: &str = "x-donghaeng-client";
/// Where the list is asked for.
pub const LIST_PATH: &str = "/gateway/list";
/// Where it is asked whose a secret is.
pub const WHO_PATH: &str = "/gateway/who";
/// A list that was last asked for longer ago counts for nothing: what is taken back works nowhere after a second.
pub const GOOD_FOR: std::time::Duration = crate::http::known::GOOD_FOR;

/// What a gateway knows, and asks for the rest of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Of the engine's node that it has asked before; 0 of none.
    pub life: u64,
    /// Up to which change of the list.
    pub version: u64,
    /// Up to which revocation.
    pub revocation: i64,
}

/// What has changed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Another number in each life of the engine's node: what its predecessor said is void.
    pub life: u64,
    /// The list is whole up to this change.
    pub version: u64,
    /// All there is, and not only what has changed.
    pub whole: bool,
    /// The clock of the engine's node, milliseconds since 1970.
    pub now_ms: i64,
    /// Whether the engine's node hears what others write into Redis.
    pub hears: bool,
    /// The map's box: west, south, east, north, degrees.
    pub bounds: [f64; 4],
    /// Staff at work.
    pub staff: Vec<Listed>,
    /// Not at work any more.
    pub gone: Vec<Uuid>,
    /// Number of the last revocation told.
    pub revocation: i64,
    /// There are more of them: ask again at once.
    pub more: bool,
    /// Whose rights ended: the account, and the row of the token, all if there is none.
    pub revoked: Vec<(Uuid, Option<i64>)>,
}

/// A staff member at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The account.
    pub id: Uuid,
    /// Unit number.
    pub no: u32,
    /// From when, by the clock of the engine's node.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// Session epoch of the phone, if one was issued.
    pub phone: Option<u32>,
    /// Those of trackers, by the row of their secret.
    pub trackers: Vec<(i64, u32)>,
    /// Everything of theirs is for the engine's node.
    pub pass: bool,
}

/// A secret, and what it should be good for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// A tracker's, and not a sign-in.
    pub device: bool,
    /// The secret itself.
    pub secret: String,
}

/// Whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Row of the token.
    pub token: i64,
    /// Whose.
    pub account: Uuid,
    /// Whether they are staff.
    pub staff: bool,
    /// Until when it works, and until when it is better shown to the engine's node, which makes it last: milliseconds since 1970.
    pub until_ms: i64,
}
