//! Owns the byte layout of one staff member's record in Redis. 34 bytes, little-endian:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | kind of fix |
//! | 2 | 4 | latitude × 10⁷, i32 |
//! | 6 | 4 | longitude × 10⁷, i32 |
//! | 10 | 8 | taken at, milliseconds since 1970, i64 |
//! | 18 | 4 | session epoch, u32 |
//! | 22 | 4 | sequence, u32 |
//! | 26 | 4 | unit number, u32 |
//! | 30 | 4 | accuracy in metres, f32 |

use crate::live::index::LivePosition;
use geo::{Fix, FixKind, Position};
use matcher::model::AccountId;
use uuid::Uuid;

const VERSION: u8 = 1;
/// Bytes of a record.
pub const RECORD_BYTES: usize = 34;

/// The field of the hash.
pub fn field(staff: AccountId) -> [u8; 16] {
    staff.0.into_bytes()
}

/// The value of the hash.
pub fn pack(position: &LivePosition) -> [u8; RECORD_BYTES] {
    let fix = &position.fix;
    let mut bytes = [0; RECORD_BYTES];
    bytes[0] = VERSION;
    bytes[1] = fix.kind as u8;
    bytes[2..6].copy_from_slice(&fix.position.lat_e7().to_le_bytes());
    bytes[6..10].copy_from_slice(&fix.position.lon_e7().to_le_bytes());
    bytes[10..18].copy_from_slice(&fix.taken_at_ms.to_le_bytes());
    bytes[18..22].copy_from_slice(&fix.session_epoch.to_le_bytes());
    bytes[22..26].copy_from_slice(&fix.seq.to_le_bytes());
    bytes[26..30].copy_from_slice(&position.no.to_le_bytes());
    bytes[30..34].copy_from_slice(&fix.accuracy_m.to_le_bytes());
    bytes
}

/// `None` for anything this version did not write.
pub fn unpack(field: &[u8], value: &[u8]) -> Option<LivePosition> {
    let staff = AccountId(Uuid::from_slice(field).ok()?);
    let bytes: &[u8; RECORD_BYTES] = value.try_into().ok()?;
    if bytes[0] != VERSION {
        return None;
    }
    let four = |at: usize| -> [u8; 4] { [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] };
    let position = Position::from_e7(i32::from_le_bytes(four(2)), i32::from_le_bytes(four(6))).ok()?;
    let mut taken = [0; 8];
    taken.copy_from_slice(&bytes[10..18]);
    let fix = Fix {
        position,
        accuracy_m: f32::from_le_bytes(four(30)),
        kind: FixKind::from_u8(bytes[1])?,
        taken_at_ms: i64::from_le_bytes(taken),
        session_epoch: u32::from_le_bytes(four(18)),
        seq: u32::from_le_bytes(four(22)),
    };
    Some(LivePosition { staff, no: u32::from_le_bytes(four(26)), fix: fix.checked().ok()? })
}
