//! Owns `admin audit`: whether the audit chain holds, said so that a script hears it too. Shows numbers and hashes, never a row.

use super::{Misuse, say};
use crate::record::{AuditChain, AuditWalk, Record};
use anyhow::{Result, bail};
use serde_json::json;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// What to look for.
#[derive(clap::Args)]
#[command(
    after_help = "Write the head down elsewhere: the chain shows a changed or dropped row by itself, but cut-off rows only to who knows an earlier head.\n  dispatcher admin audit --json\n  dispatcher admin audit --from-head HASH\nExit code 1 if the chain is broken, or the earlier head is not on it."
)]
pub struct Audit {
    /// A head written down earlier: check that it is still on the chain
    #[arg(long, value_name = "HASH")]
    from_head: Option<String>,
}

/// Walks the chain; an error if it does not hold.
pub async fn act(record: &Record, what: &Audit, as_json: bool) -> Result<()> {
    let earlier = what.from_head.as_deref().map(parse_hash).transpose()?;
    let walk = record.walk_audit(earlier.as_deref()).await?;
    say(&told(&walk, earlier.is_some(), as_json))?;
    match walk.chain {
        AuditChain::BrokenAt(row) => bail!("the audit chain is broken: row {row} is the first that does not follow"),
        AuditChain::Intact(_) if earlier.is_some() && walk.earlier_row.is_none() => bail!(
            "the earlier head is not on the audit chain: rows were cut off or written anew since, or another record stands here"
        ),
        AuditChain::Intact(_) => Ok(()),
    }
}

fn told(walk: &AuditWalk, was_asked: bool, as_json: bool) -> String {
    let head = walk.head.as_deref().map(hex);
    let (is_intact, number) = match walk.chain {
        AuditChain::Intact(rows) => (true, rows),
        AuditChain::BrokenAt(row) => (false, row),
    };
    if as_json {
        let mut shown = if is_intact {
            json!({"chain": "intact", "rows": number, "head": head})
        } else {
            json!({"chain": "broken", "broken_at": number})
        };
        if was_asked {
            shown["from_head_row"] = json!(walk.earlier_row);
        }
        return format!("{shown:#}\n");
    }
    let mut text = if is_intact {
        format!("chain       intact\nrows        {number}\nhead        {}\n", head.as_deref().unwrap_or("none"))
    } else {
        format!("chain       broken\nbroken_at   {number}\n")
    };
    if was_asked {
        let row = walk.earlier_row.map_or_else(|| "not found".to_owned(), |row| format!("row {row}"));
        text.extend(["from_head   ", row.as_str(), "\n"]);
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn parse_hash(text: &str) -> Result<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.trim().chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 2 * HASH_BYTES);
    let digits =
        digits.ok_or_else(|| Misuse("--from-head is a head that `admin audit` printed, 64 hex digits".to_owned()))?;
    Ok(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}
