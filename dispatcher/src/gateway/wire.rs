//! Owns what the engine's node and a gateway say to each other, both ways: the list of whom a gateway may judge, whose a secret is, and
//! the headers of what is relayed. Names accounts by their ids and nothing else of them, but for the last place of whom a gateway asks
//! about.

use geo::{Fix, FixKind, Position};
use serde::{Deserialize, Serialize};
use std::fmt;
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
    /// Of whom it wants to know what was believed last, at most [`LAST_MAX`].
    pub last: Vec<Uuid>,
}

/// Most of whom it is asked at a time what was believed last.
pub const LAST_MAX: usize = 2_000;

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
    /// What tells its Redis from any other; null while it does not know.
    pub redis: Option<String>,
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
    /// What was believed last of those who were asked about, if they are the gateway's to judge and their newest fix was believed.
    pub last: Vec<Last>,
}

/// The last fix of somebody.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Last {
    /// The account.
    pub id: Uuid,
    /// Degrees × 10⁷.
    pub lat_e7: i32,
    /// Degrees × 10⁷.
    pub lon_e7: i32,
    /// Radius of the error circle, metres.
    pub acc_m: f32,
    /// Kind of fix, by its number.
    pub kind: u8,
    /// When it was taken, by the clock of the engine's node.
    pub taken_at_ms: i64,
    /// Session epoch.
    pub epoch: u32,
    /// Number in it.
    pub seq: u32,
}

/// Where somebody is stays hidden.
impl fmt::Debug for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Last(hidden)")
    }
}

impl Last {
    /// Of an account.
    pub fn of(id: Uuid, fix: &Fix) -> Self {
        Self {
            id,
            lat_e7: fix.position.lat_e7(),
            lon_e7: fix.position.lon_e7(),
            acc_m: fix.accuracy_m,
            kind: fix.kind as u8,
            taken_at_ms: fix.taken_at_ms,
            epoch: fix.session_epoch,
            seq: fix.seq,
        }
    }

    /// As a fix, on a clock that is so far ahead of the engine's node's; `None` if it is none.
    pub fn fix(&self, ahead_ms: i64) -> Option<Fix> {
        Some(Fix {
            position: Position::from_e7(self.lat_e7, self.lon_e7).ok()?,
            accuracy_m: self.acc_m,
            kind: FixKind::from_u8(self.kind)?,
            taken_at_ms: self.taken_at_ms.saturating_add(ahead_ms),
            session_epoch: self.epoch,
            seq: self.seq,
        })
    }
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
    /// The session of the phone that counts, if one has begun: the row of its sign-in, its number if it has one, its epoch.
    pub phone: Option<(i64, Option<u32>, u32)>,
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
