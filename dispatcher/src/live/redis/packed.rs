//! Owns the bytes of one position in Redis. 32 bytes, little endian:
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | kind of fix |
//! | 2 | 2 | error radius, whole metres, rounded up |
//! | 4 | 4 | unit number |
//! | 8 | 4 | latitude, degrees × 10⁷, signed |
//! | 12 | 4 | longitude, degrees × 10⁷, signed |
//! | 16 | 8 | taken at, milliseconds since 1970, signed |
//! | 24 | 4 | session epoch |
//! | 28 | 4 | sequence number |
//!
//! What does not read back as a valid fix is `None`, never a panic: the hashes can be written by others.

use geo::{Fix, FixKind, Position};

/// Length of a record.
pub(in crate::live) const LEN: usize = 32;
const VERSION: u8 = 1;

/// To bytes.
pub(in crate::live) fn pack(no: u32, fix: &Fix) -> [u8; LEN] {
    let mut out = [0; LEN];
    out[0] = VERSION;
    out[1] = fix.kind as u8;
    out[2..4].copy_from_slice(&(fix.accuracy_m.ceil() as u16).to_le_bytes());
    out[4..8].copy_from_slice(&no.to_le_bytes());
    out[8..12].copy_from_slice(&fix.position.lat_e7().to_le_bytes());
    out[12..16].copy_from_slice(&fix.position.lon_e7().to_le_bytes());
    out[16..24].copy_from_slice(&fix.taken_at_ms.to_le_bytes());
    out[24..28].copy_from_slice(&fix.session_epoch.to_le_bytes());
    out[28..32].copy_from_slice(&fix.seq.to_le_bytes());
    out
}

/// Unit number and fix; `None` for anything else than a record of this version.
pub(in crate::live) fn unpack(bytes: &[u8]) -> Option<(u32, Fix)> {
    let bytes: &[u8; LEN] = bytes.try_into().ok()?;
    let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    if bytes[0] != VERSION {
        return None;
    }
    let fix = Fix {
        position: Position::from_e7(i32::from_le_bytes(four(8)), i32::from_le_bytes(four(12))).ok()?,
        accuracy_m: f32::from(u16::from_le_bytes([bytes[2], bytes[3]])),
        kind: FixKind::from_u8(bytes[1])?,
        taken_at_ms: i64::from_le_bytes(bytes[16..24].try_into().ok()?),
        session_epoch: u32::from_le_bytes(four(24)),
        seq: u32::from_le_bytes(four(28)),
    };
    Some((u32::from_le_bytes(four(4)), fix.checked().ok()?))
}
