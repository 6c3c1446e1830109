//! Owns `admin zone`: where a rider's crews must not lead them, from the shell. Places go in and never come out, as over the network
//! (`http::zones`); the audit keeps that there was one.

use super::Misuse;
use crate::record::{Actor, AvoidZone, Record, Refusal, Role, ZONES_MAX};
use crate::view::time::instant;
use anyhow::{Context, Result};
use clap::Subcommand;
use geo::Position;
use geo::road::avoid::{RADIUS_M_MAX, RADIUS_M_MIN};
use matcher::model::{AccountId, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// What to do with a rider's zones.
#[derive(Subcommand)]
pub enum Zone {
    /// Their ids and sizes, never where they are
    List {
        /// Rider's account
        #[arg(long, value_name = "ID")]
        rider: Uuid,
    },
    /// One more circle to lead the rider around
    #[command(
        after_help = "Example, which leaves the place in no list of processes and no history of the shell:\n  dispatcher admin zone add --rider RIDER --radius-m 150 --at -\n  37.5,127.0"
    )]
    Add {
        /// Rider's account
        #[arg(long, value_name = "ID")]
        rider: Uuid,
        /// Its middle in degrees; `-` reads it from standard input
        #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
        at: String,
        /// Its radius, 10 to 5000 metres
        #[arg(long, value_name = "METRES")]
        radius_m: u16,
    },
    /// Take one back; nothing of it is kept
    Remove {
        /// Rider's account
        #[arg(long, value_name = "ID")]
        rider: Uuid,
        /// The zone, from `list`
        #[arg(long, value_name = "ID")]
        zone: Uuid,
    },
}

/// Does it; what to show.
pub async fn act(record: &Record, now: Timestamp, what: &Zone) -> Result<Value> {
    match what {
        Zone::List { rider } => {
            let rider = known(record, *rider).await?;
            Ok(Value::Array(record.zones_of(rider).await?.iter().map(shown).collect()))
        }
        Zone::Add { rider, at, radius_m } => {
            if !(RADIUS_M_MIN..=RADIUS_M_MAX).contains(&f64::from(*radius_m)) {
                return Err(Misuse(format!("--radius-m is {RADIUS_M_MIN} to {RADIUS_M_MAX}")).into());
            }
            let rider = known(record, *rider).await?;
            let center = if at == "-" { parse_place(&read_line()?) } else { parse_place(at) };
            let center =
                center.ok_or_else(|| Misuse("--at is a latitude and a longitude in degrees, LAT,LON".to_owned()))?;
            let added = record.add_zone(now, Actor::Shell, rider, center, *radius_m).await?;
            Ok(shown(&added.map_err(|refusal| match refusal {
                Refusal::TooManyZones => Misuse(format!("a rider has at most {ZONES_MAX} zones")),
                _ => no_rider(),
            })?))
        }
        Zone::Remove { rider, zone } => {
            let rider = known(record, *rider).await?;
            let no_zone =
                || Misuse("the rider has no zone of that id; `dispatcher admin zone list` lists them".to_owned());
            if !record.zones_of(rider).await?.iter().any(|held| held.id == *zone) {
                return Err(no_zone().into());
            }
            record.remove_zone(now, Actor::Shell, *zone).await?.map_err(|_| no_zone())?;
            Ok(json!({"removed": zone}))
        }
    }
}

/// Without its place.
fn shown(zone: &AvoidZone) -> Value {
    json!({"id": zone.id, "radius_m": zone.radius_m, "created_at": instant(zone.created_at)})
}

async fn known(record: &Record, rider: Uuid) -> Result<AccountId> {
    let account = record.account(AccountId(rider)).await?.filter(|account| account.role == Role::Rider);
    Ok(account.ok_or_else(no_rider)?.id)
}

fn no_rider() -> Misuse {
    Misuse("--rider is the account of a rider who is not suspended".to_owned())
}

fn read_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("cannot read standard input")?;
    Ok(line)
}

fn parse_place(text: &str) -> Option<Position> {
    let (lat, lon) = text.split_once(',')?;
    Position::new(lat.trim().parse().ok()?, lon.trim().parse().ok()?).ok()
}
