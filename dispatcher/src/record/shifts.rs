//! Owns working times and the roster. Whether a shift is long enough for a trip is policy's.

use super::row::{self, Columns, blob, id_list};
use super::trips::{Gathered, gather};
use super::unreadable::{Unreadable, key};
use super::write::{About, Write};
use super::{NewShift, OutboxKind, Outcome, Record, RecordError, Refusal, Role, RosterEntry, RowKind, UnderWay};
use matcher::model::{AccountId, AgencyId, HoldState, Mode, OfferId, Phase, Shift, Staff, Timestamp, TripId};
use matcher::policy::DutyRun;
use matcher::policy::limits::REST_S;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// Look-back of `worked_before_s`, seconds.
const WORKED_WINDOW_S: i64 = 24 * 3_600;

impl Record {
    /// Begins a shift now; replaces a running one. One transaction.
    pub async fn start_shift(&self, now: Timestamp, staff: AccountId, shift: NewShift) -> Outcome<Shift> {
        let mut write = self.begin(now).await?;
        if write.active_role(staff.0).await? != Some(Role::Staff) {
            return Ok(Err(Refusal::UnknownStaff));
        }
        let replaced = sqlx::query(
            "update shifts set ended_at = min(?1, ends_at) where staff = ?2 and ended_at is null returning mode",
        )
        .bind(now.0)
        .bind(blob(staff.0))
        .fetch_optional(write.conn())
        .await?;
        let worked_ms: i64 = sqlx::query_scalar(
            "select coalesce(sum(ended_at - max(starts_at, ?1)), 0) from shifts where staff = ?2 and ended_at > ?1",
        )
        .bind(now.plus_s(-WORKED_WINDOW_S).0)
        .bind(blob(staff.0))
        .fetch_one(write.conn())
        .await?;
        let begun = Shift {
            staff,
            starts_at: now,
            ends_at: now.plus_s(i64::from(shift.hours) * 3_600),
            mode: shift.mode,
            worked_before_s: u32::try_from(worked_ms / 1_000).unwrap_or(0),
        };
        sqlx::query("insert into shifts (staff, starts_at, ends_at, mode, worked_before_s) values (?, ?, ?, ?, ?)")
            .bind(blob(staff.0))
            .bind(begun.starts_at.0)
            .bind(begun.ends_at.0)
            .bind(begun.mode.word())
            .bind(begun.worked_before_s)
            .execute(write.conn())
            .await?;
        write.audit(Some(staff), "shift_started", staff.0, "").await?;
        write.roster_changed(staff);
        write.partners_changed(staff).await?;
        let had_car = match replaced {
            Some(row) => row.word("mode", row::mode_from)? == Mode::Drive,
            None => false,
        };
        if had_car != (shift.mode == Mode::Drive) {
            write.lengths_changed(staff).await?;
        }
        write.commit().await?;
        Ok(Ok(begun))
    }

    /// Refused while the member holds a slot; without a shift it is `Ok`. One transaction.
    pub async fn end_shift(&self, now: Timestamp, staff: AccountId) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let held = sqlx::query(
            "select t.phase from holds h join trips t on t.id = h.trip
             where h.staff = ? and h.state in ('held', 'accepted', 'active')",
        )
        .bind(blob(staff.0))
        .fetch_optional(write.conn())
        .await?;
        if let Some(held) = held {
            return Ok(Err(Refusal::WrongPhase(held.word("phase", Phase::from_word)?)));
        }
        sqlx::query("update shifts set ended_at = min(?1, ends_at) where staff = ?2 and ended_at is null")
            .bind(now.0)
            .bind(blob(staff.0))
            .execute(write.conn())
            .await?;
        write.audit(Some(staff), "shift_ended", staff.0, "").await?;
        write.roster_changed(staff);
        write.commit().await?;
        Ok(Ok(()))
    }

    /// Every active staff member by unit number, with the running shift and what they hold. Reads only what changed since
    /// the last reading: three queries in one snapshot.
    pub async fn roster(&self, now: Timestamp) -> Result<Vec<RosterEntry>, RecordError> {
        let mut cache = self.roster.lock().await;
        let mut snapshot = self.read.begin().await?;
        let version: i64 =
            sqlx::query_scalar("select value from counters where name = 'roster'").fetch_one(&mut *snapshot).await?;
        if version != cache.version {
            cache.read_changes(&mut snapshot, &self.unreadable).await?;
            cache.version = version;
        }
        Ok(cache.at(now))
    }

    /// Changes whenever `roster` would, but for a shift that runs out by itself. One read.
    pub async fn roster_version(&self) -> Result<i64, RecordError> {
        Ok(sqlx::query_scalar("select value from counters where name = 'roster'").fetch_one(&self.read).await?)
    }
}

impl Write<'_> {
    /// A duty begins for them: the first of a run, or one more where less than a rest has gone by.
    pub(super) async fn duty_begins(&mut self, staff: AccountId) -> Result<(), RecordError> {
        let now = self.now;
        sqlx::query(
            "insert into duty_runs (staff, since) values (?1, ?2)
             on conflict (staff) do update set since = case when idle_since <= ?3 then ?2 else since end, idle_since = null",
        )
        .bind(blob(staff.0))
        .bind(now.0)
        .bind(now.plus_s(-REST_S).0)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// They have no duty now.
    pub(super) async fn duty_ends(&mut self, staff: AccountId) -> Result<(), RecordError> {
        let now = self.now.0;
        sqlx::query("update duty_runs set idle_since = ? where staff = ? and idle_since is null")
            .bind(now)
            .bind(blob(staff.0))
            .execute(self.conn())
            .await?;
        Ok(())
    }

    /// They have come by car, or have none any more: their trips may take another time. The crew and the rider are told, and who has
    /// an open offer has it anew; while the crew is looked for, whether the others' time suffices is looked at again.
    async fn lengths_changed(&mut self, staff: AccountId) -> Result<(), RecordError> {
        let held = sqlx::query(
            "select h.id, h.trip, h.state from holds h join trips t on t.id = h.trip
             where h.staff = ? and h.state in ('held', 'accepted', 'active') and t.car_trip_s is not null",
        )
        .bind(blob(staff.0))
        .fetch_all(self.conn())
        .await?;
        for hold in &held {
            let trip = TripId(hold.id("trip")?);
            let now = self.now.0;
            sqlx::query("update trips set due_at = min(due_at, ?1) where id = ?2 and due_at is not null")
                .bind(now)
                .bind(blob(trip.0))
                .execute(self.conn())
                .await?;
            match hold.word("state", row::hold_state_from)? {
                HoldState::Active => {
                    self.touch(trip).await?;
                    self.tell_all(trip).await?;
                }
                HoldState::Held => {
                    self.tell(staff, OutboxKind::Offer, About::offer(trip, OfferId(hold.id("id")?))).await?;
                }
                // Of no crew yet, and answered: the trip is told when it is theirs.
                _ => {}
            }
        }
        Ok(())
    }

    /// How the crew they are with goes on may be another way.
    async fn partners_changed(&mut self, staff: AccountId) -> Result<(), RecordError> {
        let rows = sqlx::query(
            "select p.staff from holds h join holds p on p.trip = h.trip and p.state in ('held', 'accepted', 'active')
             where h.staff = ?1 and h.state in ('held', 'accepted', 'active') and p.staff <> ?1",
        )
        .bind(blob(staff.0))
        .fetch_all(self.conn())
        .await?;
        for row in &rows {
            self.roster_changed(AccountId(row.id("staff")?));
        }
        Ok(())
    }
}

/// The roster as it was read last, shifts that have run out included. By unit number.
#[derive(Default)]
pub(super) struct RosterCache {
    version: i64,
    entries: BTreeMap<u32, RosterEntry>,
}

impl RosterCache {
    /// Reads again whom a transaction after the cached version changed, and who could not be read. Who cannot be is on no roster: nobody is
    /// asked of whom it is not known whether they may go.
    async fn read_changes(
        &mut self,
        snapshot: &mut SqliteConnection,
        unreadable: &Unreadable,
    ) -> Result<(), RecordError> {
        let again = id_list(unreadable.ids(RowKind::Staff));
        let mut walls = Gathered::new();
        let tied = sqlx::query(
            "select c.staff, c.rider from staff s join conflicts c on c.staff = s.account
             where s.roster_no > ? or s.account in (select unhex(value) from json_each(?)) order by c.staff, c.rider",
        )
        .bind(self.version)
        .bind(&again)
        .fetch_all(&mut *snapshot)
        .await?;
        for row in &tied {
            gather(&mut walls, AccountId(row.id("staff")?), row.id("rider").map(AccountId));
        }
        let rows = sqlx::query(
            "select a.id, a.no, a.agency, a.display, a.suspended_at, s.kind, s.gender, s.certified_until,
                    w.starts_at, w.ends_at, w.mode, w.worked_before_s, h.trip, h.phase, n.trip as next_trip,
                    r.since as run_since, r.idle_since,
                    t.pickup_lat, t.pickup_lon, t.dropoff_lat, t.dropoff_lon,
                    h.state = 'active' and h.phase in ('met', 'escorting')
                      and not exists (select 1 from incidents i where i.trip = h.trip) as under_way,
                    exists (select 1 from holds c join shifts v on v.staff = c.staff and v.ended_at is null
                            where c.trip = h.trip and c.state in ('held', 'accepted', 'active') and v.mode = 'drive') as has_car
             from staff s join accounts a on a.id = s.account
             left join shifts w on w.staff = s.account and w.ended_at is null
             left join holds h on h.staff = s.account and h.duty = 'current' and h.state in ('held', 'accepted', 'active')
             left join holds n on n.staff = s.account and n.duty = 'next' and n.state in ('held', 'accepted', 'active')
             left join trips t on t.id = h.trip
             left join duty_runs r on r.staff = s.account
             where s.roster_no > ? or s.account in (select unhex(value) from json_each(?))",
        )
        .bind(self.version)
        .bind(&again)
        .fetch_all(snapshot)
        .await?;
        for row in &rows {
            let Some(entry) = unreadable.pass(RowKind::Staff, key(row), entry(row, &mut walls))? else {
                self.entries.retain(|_, entry| entry.staff.id.0.as_bytes() != key(row));
                continue;
            };
            unreadable.is_read(RowKind::Staff, key(row));
            if row.int_or_none("suspended_at")?.is_some() {
                self.entries.remove(&entry.staff.no);
            } else {
                self.entries.insert(entry.staff.no, entry);
            }
        }
        Ok(())
    }

    /// As it is at `now`: a shift that has run out is none. One that begins a moment later is left in: the reading outlives the
    /// moment, and whoever decides by a shift looks at its beginning too.
    fn at(&self, now: Timestamp) -> Vec<RosterEntry> {
        let mut entries: Vec<RosterEntry> = self.entries.values().cloned().collect();
        for entry in &mut entries {
            entry.shift = entry.shift.filter(|s| now < s.ends_at);
        }
        entries
    }
}

fn entry(row: &SqliteRow, walls: &mut Gathered<AccountId, AccountId>) -> Result<RosterEntry, RecordError> {
    let id = AccountId(row.id("id")?);
    let shift = match row.time_or_none("starts_at")? {
        None => None,
        Some(starts_at) => Some(Shift {
            staff: id,
            starts_at,
            ends_at: row.time("ends_at")?,
            mode: row.word("mode", row::mode_from)?,
            worked_before_s: row.small("worked_before_s")?,
        }),
    };
    let duty = match row.id_or_none("trip")? {
        None => None,
        Some(trip) => Some((TripId(trip), row.word("phase", Phase::from_word)?)),
    };
    let under_way = match (row.int_or_none("under_way")?, duty) {
        (Some(1), Some((trip, _))) => Some(UnderWay {
            trip,
            pickup: row.position("pickup_lat", "pickup_lon")?,
            dropoff: row.position("dropoff_lat", "dropoff_lon")?,
            has_car: row.int("has_car")? == 1,
        }),
        _ => None,
    };
    Ok(RosterEntry {
        staff: Staff {
            id,
            no: row.small("no")?,
            agency: AgencyId(row.id("agency")?),
            kind: row.word("kind", row::kind_from)?,
            gender: row.word_or_none("gender", row::gender_from)?,
            certified_until: row.time("certified_until")?,
            conflicts: walls.remove(&id).unwrap_or_else(|| Ok(Vec::new()))?,
        },
        display: row.text("display")?,
        shift,
        duty,
        under_way,
        next: row.id_or_none("next_trip")?.map(TripId),
        run: match row.time_or_none("run_since")? {
            Some(since) => Some(DutyRun { since, idle_since: row.time_or_none("idle_since")? }),
            None => None,
        },
    })
}
