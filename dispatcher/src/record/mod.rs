//! Owns the truth: people, bookings, trips, holds, assignments, incidents, outbox, audit; SQL lives here and nowhere else.
//! Each method is one transition in one transaction, with its outbox and audit rows; phases change through
//! `matcher::lifecycle` only. Does not decide who may escort whom, and sends nothing: the outbox is read by `ws::hub`.
//!
//! Invariant: what a method returned `Ok` for is on disk (WAL, `synchronous=FULL`).

mod audit;
mod backup;
mod bookings;
mod clock_back;
mod conditions;
mod crew;
mod devices;
mod engine;
mod enrol;
mod files;
mod hands;
mod history;
mod incidents;
mod lengths;
mod next;
mod offers;
mod open;
mod outbox;
mod overlap;
mod people;
mod refused;
mod restore;
mod row;
mod series;
mod sessions;
mod shifts;
mod tokens;
mod tracks;
mod transitions;
mod travel;
mod trips;
mod types;
mod unreadable;
mod words;
mod write;
mod zones;

pub use audit::{AuditChain, AuditWalk};
pub use backup::BackupError;
pub use conditions::{CONDITIONS_MAX, Condition, NewCondition, SaidUnder, Streets, class_word};
pub use devices::{DEVICE_TTL_S, DEVICES_MAX, Device};
pub use enrol::CERTIFIED_S;
pub use history::{Crossed, EVENTS_MAX, TripEvent, ZoneCrossing};
pub use incidents::JOIN_S;
pub use lengths::{LengthOf, StoredLength};
pub use refused::{Refused, RefusedRow};
pub use restore::{RestoreError, RestoreHow, Restored, Revived};
pub use series::EXPAND_AHEAD_S;
pub use sessions::{Issued, PhoneSession};
pub use tokens::{CODE_AGAIN_S, CODE_TTL_S, RENEW_AFTER_S, TOKEN_AGE_MAX_S, token_ttl_s};
pub use tracks::{TRACK_FIXES_MAX, TRACK_KEPT_S, TrackFix, TrackNoted, TrackRow};
pub use travel::{OBSERVATIONS_MAX, OBSERVED_DAYS_MAX};
pub use trips::Duties;
pub use types::*;
pub use unreadable::{Changed, RowKind};
pub use zones::ZONES_MAX;

#[cfg(test)]
mod backup_tests;
#[cfg(test)]
mod booking_tests;
#[cfg(test)]
mod conditions_tests;
#[cfg(test)]
mod crew_tests;
#[cfg(test)]
mod devices_tests;
#[cfg(test)]
mod fence_tests;
#[cfg(test)]
mod hands_tests;
#[cfg(test)]
mod incidents_tests;
#[cfg(test)]
mod lengths_tests;
#[cfg(test)]
mod next_tests;
#[cfg(test)]
mod offers_tests;
#[cfg(test)]
mod outbox_tests;
#[cfg(test)]
mod people_tests;
#[cfg(test)]
mod restore_tests;
#[cfg(test)]
mod series_tests;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod tracks_tests;
#[cfg(test)]
mod travel_tests;
#[cfg(test)]
mod unreadable_tests;
#[cfg(test)]
mod zones_tests;

use crate::clock::Env;
use sqlx::SqlitePool;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use tokio::sync::{Mutex, watch};

/// The record, on SQLite: one connection that writes, a few that read.
pub struct Record {
    write: SqlitePool,
    read: SqlitePool,
    env: Env,
    /// `None` beside a running server: its writes are not fenced.
    epoch: Option<i64>,
    commits: watch::Sender<u64>,
    database: PathBuf,
    lock: Option<File>,
    /// The last reading of the roster, to read only what changed since.
    roster: Mutex<shifts::RosterCache>,
    unreadable: unreadable::Unreadable,
    /// Where the next sweep of the outbox begins.
    pruned_to: AtomicI64,
}
