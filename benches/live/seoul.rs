//! Owns staff who are anywhere in Seoul, for benches that need no more of a crowd than its size.

use geo::{Fix, FixKind, Position};
use matcher::model::AccountId;
use rand::Rng as _;
use rand::rngs::StdRng;
use uuid::Uuid;

pub fn staff(no: u32) -> AccountId {
    AccountId(Uuid::from_u64_pair(7, u64::from(no)))
}

pub fn somewhere(dice: &mut StdRng) -> Position {
    let place =
        Position::from_e7(dice.random_range(374_300_000..377_000_000), dice.random_range(1_267_700_000..1_271_800_000));
    place.expect("within Seoul")
}

pub fn fix(position: Position, seq: u32, taken_at_ms: i64) -> Fix {
    Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms, session_epoch: 1, seq }
}
