//! Owns `admin device`: secrets of trackers, from the shell. A secret is printed once and never again.

use super::Misuse;
use crate::record::{Actor, DEVICES_MAX, Device, Record};
use crate::view::time::instant;
use anyhow::Result;
use clap::Subcommand;
use matcher::model::{AccountId, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// What to do with trackers.
#[derive(Subcommand)]
pub enum Devices {
    /// A secret for an app that sends one staff member's positions (OwnTracks, Traccar Client) and may do nothing else; printed once
    Add {
        /// Staff member's account
        #[arg(long, value_name = "ID")]
        staff: Uuid,
        /// What to call it, 1 to 60 characters
        #[arg(long, default_value = "tracker")]
        label: String,
    },
    /// Those that work, with their numbers
    List {
        /// Of this staff member's account only
        #[arg(long, value_name = "ID")]
        staff: Option<Uuid>,
    },
    /// End one; it sends nothing more within a second
    Revoke {
        /// Its number, from `list`
        #[arg(long, value_name = "N")]
        device: i64,
    },
}

/// Does it; what to show.
pub async fn act(record: &Record, now: Timestamp, what: &Devices) -> Result<Value> {
    match what {
        Devices::Add { staff, label } => {
            let label = super::admin::named(label, "--label")?;
            let made = record.issue_device(now, Actor::Shell, AccountId(*staff), &label).await?;
            let (secret, device) = made.ok_or_else(|| {
                Misuse(format!("--staff is the account of active staff with fewer than {DEVICES_MAX} trackers"))
            })?;
            let mut shown = shown(&device);
            shown["secret"] = json!(secret);
            Ok(shown)
        }
        Devices::List { staff } => {
            let devices = record.devices(now, staff.map(AccountId)).await?;
            Ok(Value::Array(devices.iter().map(shown).collect()))
        }
        Devices::Revoke { device } => {
            if !record.revoke_device(now, Actor::Shell, *device).await? {
                return Err(
                    Misuse("there is no tracker of that number that works; `list` shows them".to_owned()).into()
                );
            }
            Ok(json!({"device": device, "revoked": true}))
        }
    }
}

fn shown(device: &Device) -> Value {
    json!({"device": device.id, "staff": device.staff.0, "label": device.label, "issued_at": instant(device.issued_at),
        "expires_at": instant(device.expires_at)})
}
