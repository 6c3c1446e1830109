//! Owns the bytes of one member's record in Redis and in the feed. 29 bytes, big endian, order first, so that Redis can compare it:
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 1 | high half: version, 2; low half: kind of fix, or 15: gone |
//! | 1 | 4 | session epoch |
//! | 5 | 4 | sequence number |
//! | 9 | 2 | error radius, whole metres, rounded up |
//! | 11 | 4 | unit number |
//! | 15 | 4 | latitude, degrees × 10⁷, signed |
//! | 19 | 4 | longitude, degrees × 10⁷, signed |
//! | 23 | 6 | taken at, milliseconds since 1970 on the clock of the Redis that holds it |
//!
//! Of who is gone only order and time are told: no place. What stands beside order and time decides between two of one order
//! ([`Standing::rank`]), in Redis as here. What does not read back is `None`, never a panic: others can write there.

use super::super::LivePosition;
use super::super::index::{GONE, Order, Standing};
use super::queue::Below;
use geo::{Fix, FixKind, Position};
use matcher::model::AccountId;

/// Length of a record.
pub(in crate::live) const LEN: usize = 29;
const VERSION: u8 = 2;
/// Six bytes of milliseconds: until the year 10889.
const TIME_MAX: i64 = (1 << 48) - 1;

/// What stands about a member, to bytes. `shift_ms` is added to the time.
pub(in crate::live) fn pack(standing: &Standing, shift_ms: i64) -> [u8; LEN] {
    let mut out = [0; LEN];
    let ((epoch, seq), content) = standing.rank();
    out[0] = VERSION << 4 | content[0];
    out[1..5].copy_from_slice(&epoch.to_be_bytes());
    out[5..9].copy_from_slice(&seq.to_be_bytes());
    out[9..23].copy_from_slice(&content[1..]);
    let time = standing.taken_at_ms().saturating_add(shift_ms).clamp(0, TIME_MAX);
    out[23..].copy_from_slice(&time.to_be_bytes()[2..]);
    out
}

/// What the bytes say about the member; `None` for anything else than a record of this version. `shift_ms` is taken off the time.
pub(in crate::live) fn unpack(staff: AccountId, bytes: &[u8], shift_ms: i64) -> Option<Standing> {
    let bytes: &[u8; LEN] = bytes.try_into().ok()?;
    let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    if bytes[0] >> 4 != VERSION {
        return None;
    }
    let order: Order = (u32::from_be_bytes(four(1)), u32::from_be_bytes(four(5)));
    let mut time = [0; 8];
    time[2..].copy_from_slice(&bytes[23..]);
    let taken_at_ms = i64::from_be_bytes(time) - shift_ms;
    if bytes[0] & 15 == GONE {
        return Some(Standing::Gone { order, taken_at_ms });
    }
    let fix = Fix {
        position: Position::from_e7(i32::from_be_bytes(four(15)), i32::from_be_bytes(four(19))).ok()?,
        accuracy_m: f32::from(u16::from_be_bytes([bytes[9], bytes[10]])),
        kind: FixKind::from_u8(bytes[0] & 15)?,
        taken_at_ms,
        session_epoch: order.0,
        seq: order.1,
    };
    Some(Standing::At(LivePosition { staff, no: u32::from_be_bytes(four(11)), fix: fix.checked().ok()? }))
}

/// What outdates a record, as Redis compares it: an order, and 15 where its member is gone.
pub(super) fn below_bytes(((epoch, seq), is_gone): Below) -> [u8; 9] {
    let mut out = [0; 9];
    out[..4].copy_from_slice(&epoch.to_be_bytes());
    out[4..8].copy_from_slice(&seq.to_be_bytes());
    out[8] = if is_gone { GONE } else { 0 };
    out
}
