//! Owns the reading of trips: a handful of queries for any number of them, in one snapshot. Changes nothing.

use super::row::{self, Columns, blob, id_list};
use super::unreadable::key;
use super::{Changed, Member, OfferRow, Record, RecordError, RowKind, TripRow};
use matcher::model::{
    AccountId, AgencyId, BookingId, CrewRules, CrewSize, Offer, OfferId, Phase, RiskGrade, Timestamp, Trip, TripId,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// How long a rider still sees an ended trip, seconds.
const ENDED_SHOWN_S: i64 = 24 * 3_600;
/// Most trips of a rider that are shown; the open ones come first, and are fewer.
const SHOWN_MAX: i64 = 150;

/// Latest changes among which ended trips are looked for.
const CHANGES_LOOKED_AT: u32 = 5_000;

/// A trip with what only the engine needs.
pub(super) struct Loaded {
    pub(super) row: TripRow,
    pub(super) attempt: u32,
    pub(super) vacant_since: Option<Timestamp>,
}

/// What a staff member has to do.
pub struct Duties {
    /// What they are asked, or have accepted while others are asked.
    pub offer: Option<OfferRow>,
    /// The trip they are on.
    pub trip: Option<TripRow>,
    /// The trip they go on to.
    pub next: Option<TripRow>,
}

impl Record {
    /// One trip.
    pub async fn trip(&self, id: TripId) -> Result<Option<TripRow>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        Ok(load(&mut snapshot, &[id]).await?.pop().map(|l| l.row))
    }

    /// The trips of these ids; unknown ones and those that cannot be read are left out. Five queries.
    pub async fn trips(&self, ids: &[TripId]) -> Result<Vec<TripRow>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        self.readable(&mut snapshot, ids).await
    }

    /// Open ones by time, then those ended within 24 h, latest first.
    pub async fn trips_of_rider(&self, rider: AccountId, now: Timestamp) -> Result<Vec<TripRow>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        let rows = sqlx::query(
            "select id from trips where rider = ?1 and (ended_at is null or ended_at > ?2)
             order by ended_at is not null, ended_at desc, coalesce(pickup_at, requested_at), id limit ?3",
        )
        .bind(blob(rider.0))
        .bind(now.plus_s(-ENDED_SHOWN_S).0)
        .bind(SHOWN_MAX)
        .fetch_all(&mut *snapshot)
        .await?;
        rows_of(&mut snapshot, &rows).await
    }

    /// The trip whose crew the member is of, now.
    pub async fn trip_of_staff(&self, staff: AccountId) -> Result<Option<TripRow>, RecordError> {
        trip_on(&mut *self.read.begin().await?, staff, "current").await
    }

    /// What a member has to do, all of one moment: read one after the other, who goes on to the next trip meanwhile would be shown the
    /// one that is over and none that follows.
    pub async fn duties_of_staff(&self, staff: AccountId) -> Result<Duties, RecordError> {
        let mut snapshot = self.read.begin().await?;
        Ok(Duties {
            offer: super::offers::open_offer(&mut snapshot, staff).await?,
            trip: trip_on(&mut snapshot, staff, "current").await?,
            next: trip_on(&mut snapshot, staff, "next").await?,
        })
    }

    /// The agencies of the last crew that the trip had; none if it never had one.
    pub async fn last_crew_agencies(&self, trip: TripId) -> Result<Vec<AgencyId>, RecordError> {
        let rows = sqlx::query(
            "select distinct a.agency from assignment_members m join accounts a on a.id = m.staff
             join assignments s on s.id = m.assignment join holds h on h.id = m.offer
             where m.assignment = (select max(id) from assignments where trip = ?)
               -- Who was taken out of it before its end is not of it any more.
               and (h.closed_at is null or h.closed_at = s.ended_at)",
        )
        .bind(blob(trip.0))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| row.id("agency").map(AgencyId)).collect()
    }

    /// Every trip that has not ended, oldest first.
    pub async fn open_trips(&self) -> Result<Vec<TripRow>, RecordError> {
        self.open_now(&mut *self.read.begin().await?).await
    }

    /// Every trip that has not ended, oldest first, then those that ended after `since`, latest change first, at most `limit`: all of
    /// one moment. Read one after the other, who goes on from one trip to the next would be seen to follow a trip that is over.
    pub async fn open_trips_and_ended_since(&self, since: Timestamp, limit: u32) -> Result<Vec<TripRow>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        let mut rows = self.open_now(&mut snapshot).await?;
        rows.extend(self.ended_since(&mut snapshot, since, limit).await?);
        Ok(rows)
    }

    /// Those that ended after `since`, latest change first, at most `limit`.
    pub async fn trips_ended_since(&self, since: Timestamp, limit: u32) -> Result<Vec<TripRow>, RecordError> {
        self.ended_since(&mut *self.read.begin().await?, since, limit).await
    }

    /// The number of the last change made before a time; 0 if there is none.
    pub async fn last_trip_change_before(&self, at: Timestamp) -> Result<i64, RecordError> {
        let last: Option<i64> =
            sqlx::query_scalar("select change_no from trips where updated_at < ? order by change_no desc limit 1")
                .bind(at.0)
                .fetch_optional(&self.read)
                .await?;
        Ok(last.unwrap_or(0))
    }

    /// In order of change; for the console's tail.
    pub async fn trips_changed_after(&self, change_no: i64, limit: u32) -> Result<Changed<TripRow>, RecordError> {
        let mut snapshot = self.read.begin().await?;
        let found = sqlx::query("select id, change_no from trips where change_no > ? order by change_no limit ?")
            .bind(change_no)
            .bind(limit)
            .fetch_all(&mut *snapshot)
            .await?;
        let ids = self.trip_ids(&found)?;
        let rows = self.readable(&mut snapshot, &ids).await?;
        let is_there: HashSet<TripId> = rows.iter().map(|row| row.trip.id).collect();
        Ok(Changed {
            passed_over: ids.iter().filter(|id| !is_there.contains(id)).map(|id| id.0).collect(),
            upto: found.last().map_or(Ok(change_no), |row| row.int("change_no"))?,
            is_full: found.len() == limit as usize,
            rows,
        })
    }

    async fn open_now(&self, snapshot: &mut SqliteConnection) -> Result<Vec<TripRow>, RecordError> {
        let rows = sqlx::query("select id from trips where ended_at is null order by requested_at, id")
            .fetch_all(&mut *snapshot)
            .await?;
        self.readable(snapshot, &self.trip_ids(&rows)?).await
    }

    async fn ended_since(
        &self,
        snapshot: &mut SqliteConnection,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<TripRow>, RecordError> {
        // By the index of changes: what ended lately changed lately.
        let rows = sqlx::query(
            "with late as (select id, ended_at from trips order by change_no desc limit ?1)
             select id from late where ended_at > ?2 limit ?3",
        )
        .bind(CHANGES_LOOKED_AT)
        .bind(since.0)
        .bind(limit)
        .fetch_all(&mut *snapshot)
        .await?;
        self.readable(snapshot, &self.trip_ids(&rows)?).await
    }

    /// Those of them that can be read.
    async fn readable(&self, conn: &mut SqliteConnection, ids: &[TripId]) -> Result<Vec<TripRow>, RecordError> {
        let each = read_each(conn, ids).await?.into_iter();
        self.unreadable.sift(RowKind::Trips, each.map(|(id, loaded)| (id.0.into_bytes(), loaded.map(|l| l.row))))
    }

    /// The column `id` of these rows.
    pub(super) fn trip_ids(&self, rows: &[SqliteRow]) -> Result<Vec<TripId>, RecordError> {
        self.unreadable.sift(RowKind::Trips, rows.iter().map(|row| (key(row), row.id("id").map(TripId))))
    }
}

async fn trip_on(
    snapshot: &mut SqliteConnection,
    staff: AccountId,
    duty: &'static str,
) -> Result<Option<TripRow>, RecordError> {
    let rows = sqlx::query(
        "select trip as id from holds
         where staff = ? and state in ('held', 'accepted', 'active') and state = 'active' and duty = ?",
    )
    .bind(blob(staff.0))
    .bind(duty)
    .fetch_all(&mut *snapshot)
    .await?;
    Ok(rows_of(snapshot, &rows).await?.pop())
}

async fn rows_of(conn: &mut SqliteConnection, ids: &[SqliteRow]) -> Result<Vec<TripRow>, RecordError> {
    let ids = ids.iter().map(|r| r.id("id").map(TripId)).collect::<Result<Vec<_>, _>>()?;
    Ok(load(conn, &ids).await?.into_iter().map(|l| l.row).collect())
}

/// The trips of these ids in this order; unknown ids are left out, and one that cannot be read is an error. Five queries.
pub(super) async fn load(conn: &mut SqliteConnection, ids: &[TripId]) -> Result<Vec<Loaded>, RecordError> {
    read_each(conn, ids).await?.into_iter().map(|(_, loaded)| loaded).collect()
}

/// A trip, or that it cannot be read.
type Read = (TripId, Result<Loaded, RecordError>);

/// As [`load`]; whether one can be read is a matter of that one.
pub(super) async fn read_each(conn: &mut SqliteConnection, ids: &[TripId]) -> Result<Vec<Read>, RecordError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = id_list(ids.iter().map(|id| id.0));
    let rows = sqlx::query(
        "select t.*, g.gender, g.risk,
                t.phase in ('matching', 'offered') and exists (select 1 from assignments s where s.trip = t.id and s.ended_because = 'late'
                    and s.id = (select max(id) from assignments l where l.trip = t.id)) as crew_was_late
         from json_each(?) j join trips t on t.id = unhex(j.value)
         left join grants g on g.rider = t.rider",
    )
    .bind(&list)
    .fetch_all(&mut *conn)
    .await?;
    let mut crews = crews(conn, &list).await?;
    let mut riders = Vec::with_capacity(rows.len());
    for row in &rows {
        // Whose rider is nobody cannot be read below.
        riders.extend(row.id("rider").ok());
    }
    riders.sort_unstable();
    riders.dedup();
    let riders = id_list(riders);
    let consents = pairs(
        conn,
        "select rider, agency as other from grant_agencies
         where rider in (select unhex(value) from json_each(?)) order by rider, agency",
        &riders,
    )
    .await?;
    let known = pairs(
        conn,
        "select distinct t.rider, m.staff as other
         from json_each(?) j join trips t on t.rider = unhex(j.value)
         join assignments a on a.trip = t.id and a.ended_because = 'completed'
         join assignment_members m on m.assignment = a.id
         join holds h on h.id = m.offer and h.closed_at = a.ended_at order by t.rider, m.staff",
        &riders,
    )
    .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        found.insert(TripId(row.id("id")?), loaded(row, &mut crews, &consents, &known));
    }
    Ok(ids.iter().filter_map(|id| Some((*id, found.remove(id)?))).collect())
}

/// What belongs together, as long as all of it can be read: a crew that lacks a member is not that crew.
pub(super) type Gathered<K, V> = HashMap<K, Result<Vec<V>, RecordError>>;

/// Adds one; after one that cannot be read the rest is of no use.
pub(super) fn gather<K: Eq + Hash, V>(found: &mut Gathered<K, V>, of: K, read: Result<V, RecordError>) {
    let all = found.entry(of).or_insert_with(|| Ok(Vec::new()));
    match (all.as_mut(), read) {
        (Ok(all), Ok(one)) => all.push(one),
        (Ok(_), Err(error)) => *all = Err(error),
        (Err(_), _) => {}
    }
}

type Pairs = Gathered<AccountId, uuid::Uuid>;

async fn pairs(conn: &mut SqliteConnection, sql: &'static str, riders: &str) -> Result<Pairs, RecordError> {
    let mut found = Pairs::new();
    for row in sqlx::query(sql).bind(riders).fetch_all(conn).await? {
        gather(&mut found, AccountId(row.id("rider")?), row.id("other"));
    }
    Ok(found)
}

async fn crews(conn: &mut SqliteConnection, trips: &str) -> Result<Gathered<TripId, Member>, RecordError> {
    let rows = sqlx::query(
        "select h.*, a.display, a.no, a.agency, a.suspended_at is not null or c.staff is not null as barred,
                n.trip as next_trip, coalesce(w.mode = 'drive', 0) as has_car, coalesce(h.eta_s > m.eta_s, 0) as later
         from json_each(?) j join trips t on t.id = unhex(j.value)
         join holds h on h.trip = t.id and h.state in ('held', 'accepted', 'active')
         join accounts a on a.id = h.staff
         left join conflicts c on c.staff = h.staff and c.rider = t.rider
         left join holds n on n.after_trip = h.trip and n.staff = h.staff and n.duty = 'next'
          and n.state in ('held', 'accepted', 'active') and n.state = 'active'
         left join shifts w on w.staff = h.staff and w.ended_at is null
         left join assignments s on s.trip = h.trip and s.ended_at is null
         left join assignment_members m on m.assignment = s.id and m.slot = h.slot
         order by h.trip, h.slot",
    )
    .bind(trips)
    .fetch_all(conn)
    .await?;
    let mut found = Gathered::new();
    for row in &rows {
        gather(&mut found, TripId(row.id("trip")?), member(row));
    }
    Ok(found)
}

fn member(row: &SqliteRow) -> Result<Member, RecordError> {
    Ok(Member {
        offer: offer(row)?,
        sure: row::sure(row)?,
        display: row.text("display")?,
        no: row.small("no")?,
        agency: AgencyId(row.id("agency")?),
        barred: row.int("barred")? == 1,
        phase: row.word("phase", Phase::from_word)?,
        after: row.id_or_none("after_trip")?.map(TripId),
        next: row.id_or_none("next_trip")?.map(TripId),
        has_car: row.int("has_car")? == 1,
        later: row.int("later")? == 1,
    })
}

/// An offer from a row of `holds`.
pub(super) fn offer(row: &SqliteRow) -> Result<Offer, RecordError> {
    Ok(Offer {
        id: OfferId(row.id("id")?),
        trip: TripId(row.id("trip")?),
        slot: row.small("slot")?,
        staff: AccountId(row.id("staff")?),
        attempt: row.small("attempt")?,
        eta_s: row.small("eta_s")?,
        offered_at: row.time("offered_at")?,
        expires_at: row.time("expires_at")?,
        state: row.word("offer_state", row::offer_state_from)?,
    })
}

fn loaded(
    row: &SqliteRow,
    crews: &mut Gathered<TripId, Member>,
    consents: &Pairs,
    known: &Pairs,
) -> Result<Loaded, RecordError> {
    let id = TripId(row.id("id")?);
    let rider = AccountId(row.id("rider")?);
    let of_rider = |from: &Pairs, column| match from.get(&rider) {
        None => Ok(Vec::new()),
        Some(Ok(all)) => Ok(all.clone()),
        Some(Err(_)) => Err(RecordError::Unreadable(column)),
    };
    let trip = Trip {
        id,
        booking: BookingId(row.id("booking")?),
        rider,
        leg: row.word("leg", row::leg_from)?,
        crew_size: CrewSize::new(row.small("crew_size")?).ok_or(RecordError::Unreadable("crew_size"))?,
        pickup: row.position("pickup_lat", "pickup_lon")?,
        dropoff: row.position("dropoff_lat", "dropoff_lon")?,
        pickup_at: row.time_or_none("pickup_at")?,
        requested_at: row.time("requested_at")?,
        escalated_at: row.time_or_none("escalated_at")?,
        phase: row.word("phase", Phase::from_word)?,
        length: row::length(row, "trip_s", "car_trip_s")?,
        rules: CrewRules {
            agencies: of_rider(consents, "agency")?.into_iter().map(AgencyId).collect(),
            gender: row.word_or_none("gender", row::gender_from)?,
            // Without a grant the careful grade holds.
            risk: row.word_or_none("risk", row::risk_from)?.unwrap_or(RiskGrade::High),
            known: of_rider(known, "staff")?.into_iter().map(AccountId).collect(),
        },
    };
    Ok(Loaded {
        attempt: row.small("attempt")?,
        vacant_since: row.time_or_none("vacant_since")?,
        row: TripRow {
            trip,
            pickup_label: row.text_or_none("pickup_label")?,
            dropoff_label: row.text_or_none("dropoff_label")?,
            crew: crews.remove(&id).unwrap_or_else(|| Ok(Vec::new()))?,
            rider_word: row.text_or_none("rider_word")?,
            crew_word: row.text_or_none("crew_word")?,
            live_since: row.time_or_none("live_since")?,
            crew_was_late: row.int("crew_was_late")? == 1,
            updated_at: row.time("updated_at")?,
            change_no: row.int("change_no")?,
        },
    })
}
