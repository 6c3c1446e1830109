//! Owns `admin`: agencies, people, one-time codes, and what `zone`, `device` and `audit` do, from the shell of the machine that holds the record. Over the network the same
//! is done by an admin's token (`http::admin`).

use super::audit::{self, Audit};
use super::device::{self, Devices};
use super::zone::{self, Zone};
use super::{Misuse, decide_directory, need_record, say};
use crate::clock::Env;
use crate::config::Directory;
use crate::demo;
use crate::record::{Actor, NewRider, NewStaff, Record};
use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
use matcher::model::{AccountId, AgencyId, CrewSize, Gender, RiskGrade, StaffKind, Timestamp};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use uuid::Uuid;

/// What to set up, where.
#[derive(clap::Args)]
#[command(
    after_help = "A small service from nothing:\n  dispatcher admin agency --name \"One-Stop Centre\" --centre --create\n  dispatcher admin agency --name \"Hangang Guard\"\n  dispatcher admin staff --agency AGENCY --name \"Kim\" --kind guard\n  dispatcher admin rider --name \"A.\" --agency AGENCY\n  dispatcher admin supervisor --agency AGENCY --name \"Duty desk\"\n  dispatcher admin code --account ACCOUNT"
)]
pub struct Args {
    #[command(flatten)]
    directory: Directory,
    /// Print JSON
    #[arg(long, global = true, display_order = 102)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    #[command(flatten)]
    People(People),
    /// Circles that a rider must not be led into
    #[command(subcommand)]
    Zone(Zone),
    /// Trackers: apps that only send a staff member's positions
    #[command(subcommand)]
    Device(Devices),
    /// Check the audit chain, and print its head to be written down elsewhere
    Audit(Audit),
}

#[derive(Subcommand)]
enum People {
    /// Make a company or centre; without --name, list those there are, with their ids
    Agency {
        /// Public name
        #[arg(long)]
        name: Option<String>,
        /// The city's centre: its supervisors see every agency
        #[arg(long)]
        centre: bool,
        /// Make the record too, if the data directory has none: for the first agency of a new service
        #[arg(long, requires = "name")]
        create: bool,
    },
    /// Make a staff member, with a first code
    Staff {
        /// Employer's id, from `admin agency`
        #[arg(long, value_name = "ID")]
        agency: Uuid,
        /// Display name, shown to riders they escort and to supervisors
        #[arg(long)]
        name: String,
        /// Guard of a company, or the city's supporter
        #[arg(long, value_enum, default_value = "guard")]
        kind: Kind,
        /// If stated; used only where a rider asked for it
        #[arg(long, value_enum)]
        gender: Option<Sex>,
        /// Certificates are valid for so many days
        #[arg(long, default_value_t = 365, value_name = "DAYS")]
        certified_days: u32,
    },
    /// Make a rider and what they are granted (agencies, escorts, risk), with a first code
    Rider {
        /// Display name, shown to the rider only
        #[arg(long)]
        name: String,
        /// Id of an agency the rider consented to (may be repeated)
        #[arg(long = "agency", value_name = "ID", required_unless_present = "any_agency")]
        agencies: Vec<Uuid>,
        /// The rider consented to every agency, in place of --agency
        #[arg(long, conflicts_with = "agencies")]
        any_agency: bool,
        /// Only staff of this gender
        #[arg(long, value_enum)]
        gender: Option<Sex>,
        /// High risk: guards only
        #[arg(long)]
        high_risk: bool,
        /// How many escorts, 1 to 4
        #[arg(long, default_value_t = 2, value_name = "N")]
        crew_size: u8,
    },
    /// Make a supervisor of an agency, with a first code
    Supervisor {
        /// Agency's id, from `admin agency`
        #[arg(long, value_name = "ID")]
        agency: Uuid,
        /// Display name
        #[arg(long)]
        name: String,
    },
    /// Make an admin, who sets up people over the network, with a first code
    Admin {
        /// Display name
        #[arg(long)]
        name: String,
    },
    /// Never send this staff member to this rider (they know each other); nobody else sees why
    Conflict {
        /// Staff member's account
        #[arg(long, value_name = "ID")]
        staff: Uuid,
        /// Rider's account
        #[arg(long, value_name = "ID")]
        rider: Uuid,
    },
    /// A one-time code for an account, good for 15 minutes
    Code {
        /// Account's id, as it was printed when the account was made
        #[arg(long, value_name = "ID", required_unless_present = "demo")]
        account: Option<Uuid>,
        /// New codes for all of the demo's accounts, in place of --account
        #[arg(long, conflicts_with = "account")]
        demo: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Guard,
    Supporter,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sex {
    Woman,
    Man,
}

impl From<Sex> for Gender {
    fn from(sex: Sex) -> Self {
        match sex {
            Sex::Woman => Self::Woman,
            Sex::Man => Self::Man,
        }
    }
}

/// Does it, beside a running server or without one.
pub async fn run(args: Args) -> Result<()> {
    let env = Env::system();
    let data = decide_directory(&args.directory)?;
    let record = if matches!(args.what, What::People(People::Agency { create: true, .. })) {
        Record::create_beside(&data, env.clone()).await?
    } else {
        need_record(&data)?;
        Record::open_beside(&data, env.clone()).await?
    };
    let done = match &args.what {
        What::People(what) => act(&record, &env, &data, what).await.and_then(|shown| show(&shown, args.json)),
        What::Zone(what) => zone::act(&record, env.now(), what).await.and_then(|shown| show(&shown, args.json)),
        What::Device(what) => device::act(&record, env.now(), what).await.and_then(|shown| show(&shown, args.json)),
        What::Audit(what) => audit::act(&record, what, args.json).await,
    };
    record.close().await;
    done
}

async fn act(record: &Record, env: &Env, data: &Path, what: &People) -> Result<Value> {
    let now = env.now();
    match what {
        People::Agency { name: Some(name), centre, .. } => {
            let agency = record.create_agency(now, Actor::Shell, &named(name, "--name")?, *centre).await?;
            Ok(json!({"id": agency.id.0, "name": agency.name, "kind": kind_word(agency.is_centre)}))
        }
        People::Agency { name: None, .. } => {
            let rows = record.agencies().await?;
            let shown = rows.iter().map(|a| json!({"id": a.id.0, "name": a.name, "kind": kind_word(a.is_centre)}));
            Ok(Value::Array(shown.collect()))
        }
        People::Staff { agency, name, kind, gender, certified_days } => {
            let new = NewStaff {
                agency: AgencyId(*agency),
                name: named(name, "--name")?,
                kind: match kind {
                    Kind::Guard => StaffKind::Guard,
                    Kind::Supporter => StaffKind::Supporter,
                },
                gender: gender.map(Into::into),
                certified_until: now.plus_s(i64::from(*certified_days) * 86_400),
            };
            let account = record.create_staff(now, Actor::Shell, &new).await?.ok_or_else(no_agency)?;
            with_code(record, now, account.id, json!({"account": account.id.0, "no": account.no})).await
        }
        People::Rider { name, agencies, gender, high_risk, crew_size, any_agency: _ } => {
            let new = NewRider {
                name: named(name, "--name")?,
                agencies: agencies.iter().copied().map(AgencyId).collect(),
                gender: gender.map(Into::into),
                risk: if *high_risk { RiskGrade::High } else { RiskGrade::Standard },
                crew_size: CrewSize::new(*crew_size).ok_or_else(|| Misuse("--crew-size is 1 to 4".to_owned()))?,
            };
            let known: Vec<AgencyId> = record.agencies().await?.iter().map(|a| a.id).collect();
            if !new.agencies.iter().all(|id| known.contains(id)) {
                return Err(no_agency().into());
            }
            let account = record.create_rider(now, Actor::Shell, &new).await?;
            with_code(record, now, account.id, json!({"account": account.id.0})).await
        }
        People::Supervisor { agency, name } => {
            let account = record
                .create_supervisor(now, Actor::Shell, AgencyId(*agency), &named(name, "--name")?)
                .await?
                .ok_or_else(no_agency)?;
            with_code(record, now, account.id, json!({"account": account.id.0})).await
        }
        People::Admin { name } => {
            let account = record.create_admin(now, Actor::Shell, &named(name, "--name")?).await?;
            with_code(record, now, account.id, json!({"account": account.id.0})).await
        }
        People::Conflict { staff, rider } => {
            if !record.add_conflict(now, Actor::Shell, AccountId(*staff), AccountId(*rider)).await? {
                return Err(
                    Misuse("--staff and --rider are the accounts of a staff member and a rider".to_owned()).into()
                );
            }
            Ok(json!({"staff": staff, "rider": rider}))
        }
        People::Code { account: Some(account), .. } => with_code(record, now, AccountId(*account), json!({})).await,
        People::Code { account: None, .. } => {
            let demo = demo::find(data)?.context("this data directory holds no demo")?;
            let entries = demo::codes(record, env, &demo).await?;
            let rows = entries.iter().map(|e| json!({"who": e.who, "page": e.page, "code": e.code}));
            Ok(Value::Array(rows.collect()))
        }
    }
}

/// What people are to read, given by this option.
pub(super) fn named(name: &str, option: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        return Err(Misuse(format!("{option} is 1 to 60 characters")).into());
    }
    Ok(name.to_owned())
}

fn no_agency() -> Misuse {
    Misuse("there is no agency of that id; `dispatcher admin agency` lists them".to_owned())
}

const fn kind_word(is_centre: bool) -> &'static str {
    if is_centre { "centre" } else { "company" }
}

async fn with_code(record: &Record, now: Timestamp, account: AccountId, mut shown: Value) -> Result<Value> {
    let code = record.issue_code(now, Actor::Shell, account).await?;
    let (code, expires_at) = code.ok_or_else(|| Misuse("there is no active account of that id".to_owned()))?;
    shown["code"] = json!(code);
    shown["expires_at"] = json!(crate::view::time::instant(expires_at));
    Ok(shown)
}

/// One `name  value` line each, or JSON.
fn show(value: &Value, as_json: bool) -> Result<()> {
    if as_json {
        return say(&format!("{value:#}\n"));
    }
    let rows = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let mut text = String::new();
    for row in &rows {
        for (key, field) in row.as_object().into_iter().flatten() {
            let plain = field.as_str().map_or_else(|| field.to_string(), str::to_owned);
            writeln!(text, "{key:<11} {plain}")?;
        }
        text.push('\n');
    }
    say(text.trim_end_matches('\n')).and_then(|()| say("\n"))
}
