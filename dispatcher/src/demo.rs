//! Owns the demonstration's accounts: a centre with a supervisor, a company whose crew is kept for the visitor, and a rider who
//! consented to that company only, so that no simulated booking takes the visitor's crew. Exists only under `--demo`.

use crate::clock::Env;
use crate::record::{Actor, CERTIFIED_S, NewRider, NewStaff, Record, RecordError};
use anyhow::{Context, Result};
use matcher::model::{AccountId, CrewSize, RiskGrade, StaffKind};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How long a printed demo code works, seconds: as long as somebody may leave the demo standing.
const CODE_LIFE_S: i64 = 7 * 86_400;

/// The accounts, kept beside the record so that a restart finds them again. Ids only.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    rider: uuid::Uuid,
    staff: [uuid::Uuid; 2],
    supervisor: uuid::Uuid,
}

/// The visitor's accounts.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    /// A rider.
    pub rider: AccountId,
    /// The crew kept for the visitor.
    pub staff: [AccountId; 2],
    /// The centre's supervisor.
    pub supervisor: AccountId,
}

/// One line of the announcement: who, on which page, with which code.
pub struct Entry {
    /// `rider`, `staff`, `staff2` or `supervisor`.
    pub who: &'static str,
    /// Path of the page.
    pub page: &'static str,
    /// One-time code.
    pub code: String,
}

/// The demo's accounts of this data directory, if it holds a demo.
pub fn find(dir: &Path) -> Result<Option<Demo>> {
    let Ok(text) = std::fs::read_to_string(dir.join("demo.json")) else { return Ok(None) };
    let kept: Kept = serde_json::from_str(&text).context("demo.json in the data directory is damaged")?;
    Ok(Some(Demo {
        rider: AccountId(kept.rider),
        staff: kept.staff.map(AccountId),
        supervisor: AccountId(kept.supervisor),
    }))
}

/// Finds the demo's accounts, or makes them.
pub async fn prepare(record: &Record, env: &Env, dir: &Path) -> Result<Demo> {
    if let Some(demo) = find(dir)? {
        return Ok(demo);
    }
    let demo = create(record, env).await.context("cannot make the demo accounts")?;
    let kept = Kept { rider: demo.rider.0, staff: demo.staff.map(|s| s.0), supervisor: demo.supervisor.0 };
    std::fs::write(dir.join("demo.json"), serde_json::to_string(&kept)?)
        .context("cannot write demo.json in the data directory")?;
    Ok(demo)
}

async fn create(record: &Record, env: &Env) -> Result<Demo> {
    let now = env.now();
    let centre = record.create_agency(now, Actor::Demo, "원스톱지원센터", true).await?;
    let company = record.create_agency(now, Actor::Demo, "동행경호", false).await?;
    let mut staff = Vec::with_capacity(2);
    for name in ["김가드", "이가드"] {
        let new = NewStaff {
            agency: company.id,
            name: name.to_owned(),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: now.plus_s(CERTIFIED_S),
        };
        staff.push(record.create_staff(now, Actor::Demo, &new).await?.context("the agency was just made")?.id);
    }
    let rider = NewRider {
        name: "방문자".to_owned(),
        agencies: vec![company.id],
        gender: None,
        risk: RiskGrade::Standard,
        crew_size: CrewSize::PAIR,
    };
    let rider = record.create_rider(now, Actor::Demo, &rider).await?;
    let supervisor =
        record.create_supervisor(now, Actor::Demo, centre.id, "상황실").await?.context("the agency was just made")?;
    Ok(Demo { rider: rider.id, staff: [staff[0], staff[1]], supervisor: supervisor.id })
}

/// Fresh one-time codes for every page.
pub async fn codes(record: &Record, env: &Env, demo: &Demo) -> Result<Vec<Entry>, RecordError> {
    let now = env.now();
    let mut entries = Vec::new();
    for (who, page, account) in [
        ("rider", "/book", demo.rider),
        ("staff", "/staff", demo.staff[0]),
        ("staff2", "/staff#2", demo.staff[1]),
        ("supervisor", "/console", demo.supervisor),
    ] {
        if let Some((code, _)) = record.issue_code_for(now, Actor::Demo, account, CODE_LIFE_S).await? {
            entries.push(Entry { who, page, code });
        }
    }
    Ok(entries)
}
