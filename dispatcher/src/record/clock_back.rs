//! Owns what must be mended when the clock of the machine was set back: what had been written by the time that never came would wait
//! for it, in silence. Nothing here judges; the engine decides anew about whatever it finds due.

use super::row::Columns as _;
use super::{Record, RecordError};
use matcher::model::{AccountId, Phase, Timestamp};
use matcher::policy::limits::OFFER_S;

impl Record {
    /// Makes due what searches for a crew or was offered, ends offers and shifts that begin or run out later than they can, and takes
    /// nobody to have worked or rested, to have said when they would come, or to have been silent or late, at a time to come. How many
    /// rows it changed. One transaction.
    pub async fn clock_was_set_back(&self, now: Timestamp) -> Result<u64, RecordError> {
        let mut write = self.begin(now).await?;
        let mut changed = 0;
        for phase in [Phase::Requested, Phase::Matching, Phase::Offered] {
            let due = sqlx::query(
                "update trips set due_at = ?1, vacant_since = min(vacant_since, ?1), live_since = min(live_since, ?1)
                 where phase = ?2 and ended_at is null and due_at > ?1",
            );
            changed += due.bind(now.0).bind(phase.word()).execute(write.conn()).await?.rows_affected();
        }
        let offers = sqlx::query(
            "update holds set expires_at = ?1, offered_at = min(offered_at, ?1)
             where state in ('held', 'accepted') and expires_at > ?2",
        );
        changed += offers.bind(now.0).bind(now.plus_s(OFFER_S).0).execute(write.conn()).await?.rows_affected();
        for statement in [
            // Who goes on to another rider is late by what they said then.
            "update holds set offered_at = ?1
             where duty = 'next' and state in ('held', 'accepted', 'active') and state <> 'held' and offered_at > ?1",
            // Who let an offer run out, or ran late, is not asked for a while: from now, and not from then.
            "update holds set closed_at = ?1
             where trip in (select id from trips where ended_at is null) and closed_because in ('expired', 'late') and closed_at > ?1",
            // Whoever was of a crew until its end has the time of that end.
            "update assignments set ended_at = ?1
             where trip in (select id from trips where ended_at is null) and ended_because = 'late' and ended_at > ?1",
        ] {
            changed += sqlx::query(statement).bind(now.0).execute(write.conn()).await?.rows_affected();
        }
        let shifts =
            sqlx::query("update shifts set starts_at = ?1 where ended_at is null and starts_at > ?1 returning staff");
        let runs = sqlx::query(
            "update duty_runs set since = min(since, ?1), idle_since = min(idle_since, ?1)
             where since > ?1 or idle_since > ?1 returning staff",
        );
        for of_staff in [shifts, runs] {
            for row in of_staff.bind(now.0).fetch_all(write.conn()).await? {
                write.roster_changed(AccountId(row.id("staff")?));
                changed += 1;
            }
        }
        write.commit().await?;
        Ok(changed)
    }
}
