//! Owns what operators say about streets and lines of the subway: closed, or slower than the map thinks, until when. Does not know what that does to
//! travel times (`engine::travel`). The audit keeps who said it and who took it back.

use super::row::{Columns, blob};
use super::unreadable::key;
use super::write::Write;
use super::{Actor, Outcome, Record, RecordError, Refusal, RowKind};
use geo::Position;
use geo::road::data::RoadClass;
use matcher::model::{AccountId, Mode, Timestamp};
use matcher::schedule::hour_of;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

/// Most at a time.
pub const CONDITIONS_MAX: usize = 1_000;
/// A repeat is known for a day, seconds.
pub(super) const KEYS_KEPT_S: i64 = 24 * 3_600;

/// Which streets are meant, or which trains.
#[derive(Clone, Debug, PartialEq)]
pub enum Streets {
    /// All of a class.
    Class(RoadClass),
    /// Every piece, from junction to junction, that comes within the radius.
    Around {
        /// Its middle.
        center: Position,
        /// Metres, 5 to 500.
        radius_m: u16,
    },
    /// The pieces of one street between two points.
    Along {
        /// From here.
        from: Position,
        /// To here.
        to: Position,
        /// With the other carriageway, where the map draws it apart.
        both_carriageways: bool,
    },
    /// A line of the subway, by its name on the map. A factor is of the wait for its trains.
    Line(String),
}

/// What is said about streets.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCondition {
    /// So many times as long as the map and the calibration say; `None` is closed.
    pub factor: Option<f32>,
    /// Where.
    pub streets: Streets,
    /// For those on foot, to the subway too.
    pub walk: bool,
    /// For cars.
    pub drive: bool,
    /// For bicycles.
    pub cycle: bool,
    /// In these Korean hours only: from the first, before the second; over midnight if that is the smaller.
    pub hours: Option<(u8, u8)>,
    /// Until then.
    pub until: Option<Timestamp>,
}

/// A condition on the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    pub says: NewCondition,
    /// Since when.
    pub created_at: Timestamp,
}

/// The key under which somebody says something once, with the hash of what was said.
#[derive(Clone, Copy, Debug)]
pub struct SaidUnder<'a> {
    /// Whose key.
    pub account: AccountId,
    /// The key.
    pub key: &'a str,
    /// SHA-256 of the body.
    pub body_sha256: [u8; 32],
}

impl NewCondition {
    /// Whether it is for those who travel so.
    pub const fn is_for(&self, mode: Mode) -> bool {
        match mode {
            Mode::Walk => self.walk && !matches!(self.streets, Streets::Line(_)),
            Mode::Transit => self.walk,
            Mode::Drive => self.drive,
            Mode::Cycle => self.cycle,
        }
    }

    /// Whether its time has run out.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether it counts at that moment.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        let hour = hour_of(now);
        let in_hours = |(from, to): (u8, u8)| {
            if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to }
        };
        !self.is_over(now) && self.hours.is_none_or(in_hours)
    }
}

impl Record {
    /// One more, at most [`CONDITIONS_MAX`]. One transaction.
    pub async fn add_condition(&self, now: Timestamp, by: Actor, says: NewCondition) -> Outcome<Condition> {
        let mut write = self.begin(now).await?;
        let added = write.add(by, says).await?;
        if added.is_ok() {
            write.commit_quietly().await?;
        }
        Ok(added)
    }

    /// The same under a key, and whether it is a fresh one: said again it is the one that was added, and `NotFound` once that is gone.
    /// One transaction.
    pub async fn add_condition_once(
        &self,
        now: Timestamp,
        by: Actor,
        says: NewCondition,
        under: &SaidUnder<'_>,
    ) -> Outcome<(Condition, bool)> {
        let mut write = self.begin(now).await?;
        match said_before(write.conn(), under).await? {
            Err(refusal) => return Ok(Err(refusal)),
            Ok(Some(condition)) => return Ok(Ok((condition, false))),
            Ok(None) => {}
        }
        let condition = match write.add(by, says).await? {
            Ok(condition) => condition,
            Err(refusal) => return Ok(Err(refusal)),
        };
        write.keep_key(&condition, under).await?;
        write.commit_quietly().await?;
        Ok(Ok((condition, true)))
    }

    /// What a repeat would be answered, `None` for a new key. One read.
    pub async fn find_condition(&self, under: &SaidUnder<'_>) -> Outcome<Option<Condition>> {
        let mut snapshot = self.read.begin().await?;
        said_before(&mut snapshot, under).await
    }

    /// Takes one back; one that is gone is `NotFound`. One transaction.
    pub async fn remove_condition(&self, now: Timestamp, by: Actor, id: Uuid) -> Outcome<()> {
        let mut write = self.begin(now).await?;
        let gone = sqlx::query("delete from conditions where id = ?")
            .bind(blob(id))
            .execute(write.conn())
            .await?
            .rows_affected();
        if gone == 0 {
            return Ok(Err(Refusal::NotFound));
        }
        write.audit_by(by, "condition_removed", id).await?;
        write.commit_quietly().await?;
        Ok(Ok(()))
    }

    /// Drops those whose time has run out; how many. One transaction.
    pub async fn expire_conditions(&self, now: Timestamp) -> Result<usize, RecordError> {
        let mut write = self.begin(now).await?;
        let over = sqlx::query("delete from conditions where until <= ? returning id")
            .bind(now.0)
            .fetch_all(write.conn())
            .await?;
        for row in &over {
            write.audit(None, "condition_expired", row.id("id")?, "").await?;
        }
        write.commit_quietly().await?;
        Ok(over.len())
    }

    /// All of them that can be read, oldest first, those that have run out too until they are dropped. One read.
    pub async fn conditions(&self) -> Result<Vec<Condition>, RecordError> {
        let rows = sqlx::query("select * from conditions order by created_at, id").fetch_all(&self.read).await?;
        self.unreadable.sift_all(RowKind::Conditions, rows.iter().map(|row| (key(row), condition(row))))
    }
}

async fn said_before(conn: &mut SqliteConnection, under: &SaidUnder<'_>) -> Outcome<Option<Condition>> {
    let found = sqlx::query(
        "select k.body_sha256, c.* from condition_keys k left join conditions c on c.id = k.condition
         where k.account = ? and k.key = ?",
    )
    .bind(blob(under.account.0))
    .bind(under.key)
    .fetch_optional(conn)
    .await?;
    let Some(found) = found else { return Ok(Ok(None)) };
    if found.try_get::<&[u8], _>("body_sha256")? != under.body_sha256 {
        return Ok(Err(Refusal::KeyReused));
    }
    // Taken back meanwhile, or run out.
    if found.try_get::<Option<&[u8]>, _>("id")?.is_none() {
        return Ok(Err(Refusal::NotFound));
    }
    Ok(Ok(Some(condition(&found)?)))
}

impl Write<'_> {
    async fn add(&mut self, by: Actor, says: NewCondition) -> Outcome<Condition> {
        let held: i64 = sqlx::query_scalar("select count(*) from conditions").fetch_one(self.conn()).await?;
        if held >= CONDITIONS_MAX as i64 {
            return Ok(Err(Refusal::TooManyConditions));
        }
        let condition = Condition { id: self.record.env.uuid(), says, created_at: self.now };
        self.insert(&condition).await?;
        self.audit_by(by, "condition_added", condition.id).await?;
        Ok(Ok(condition))
    }

    /// Those that nobody repeats any more go.
    async fn keep_key(&mut self, condition: &Condition, under: &SaidUnder<'_>) -> Result<(), RecordError> {
        let now = self.now;
        sqlx::query("delete from condition_keys where said_at < ?")
            .bind(now.plus_s(-KEYS_KEPT_S).0)
            .execute(self.conn())
            .await?;
        sqlx::query(
            "insert into condition_keys (account, key, body_sha256, condition, said_at) values (?, ?, ?, ?, ?)",
        )
        .bind(blob(under.account.0))
        .bind(under.key)
        .bind(&under.body_sha256[..])
        .bind(blob(condition.id))
        .bind(now.0)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    async fn insert(&mut self, condition: &Condition) -> Result<(), RecordError> {
        let NewCondition { factor, streets, walk, drive, cycle, hours, until } = &condition.says;
        let (class, at, radius_m, to, line) = match streets {
            Streets::Class(class) => (Some(class_word(*class)), None, None, None, None),
            Streets::Around { center, radius_m } => (None, Some(*center), Some(*radius_m), None, None),
            Streets::Along { from, to, .. } => (None, Some(*from), None, Some(*to), None),
            Streets::Line(line) => (None, None, None, None, Some(line.as_str())),
        };
        let both = matches!(streets, Streets::Along { both_carriageways: true, .. });
        sqlx::query(
            "insert into conditions (id, factor, class, lat, lon, radius_m, to_lat, to_lon, walk, drive, cycle, from_hour,
                to_hour, until, created_at, line, both_carriageways) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(blob(condition.id))
        .bind(factor.map(f64::from))
        .bind(class)
        .bind(at.map(Position::lat_e7))
        .bind(at.map(Position::lon_e7))
        .bind(radius_m)
        .bind(to.map(Position::lat_e7))
        .bind(to.map(Position::lon_e7))
        .bind(*walk)
        .bind(*drive)
        .bind(*cycle)
        .bind(hours.map(|h| h.0))
        .bind(hours.map(|h| h.1))
        .bind(until.map(|t| t.0))
        .bind(condition.created_at.0)
        .bind(line)
        .bind(both)
        .execute(self.conn())
        .await?;
        Ok(())
    }
}

fn condition(row: &SqliteRow) -> Result<Condition, RecordError> {
    let streets = match row.word_or_none("class", class_from)? {
        Some(class) => Streets::Class(class),
        None if row.text_or_none("line")?.is_some() => Streets::Line(row.text("line")?),
        None if row.int_or_none("radius_m")?.is_some() => {
            Streets::Around { center: row.position("lat", "lon")?, radius_m: row.small("radius_m")? }
        }
        None => Streets::Along {
            from: row.position("lat", "lon")?,
            to: row.position("to_lat", "to_lon")?,
            both_carriageways: row.int("both_carriageways")? == 1,
        },
    };
    let hours = match row.int_or_none("from_hour")? {
        Some(_) => Some((row.small("from_hour")?, row.small("to_hour")?)),
        None => None,
    };
    Ok(Condition {
        id: row.id("id")?,
        says: NewCondition {
            factor: row.try_get::<Option<f64>, _>("factor")?.map(|factor| factor as f32),
            streets,
            walk: row.int("walk")? == 1,
            drive: row.int("drive")? == 1,
            cycle: row.int("cycle")? == 1,
            hours,
            until: row.time_or_none("until")?,
        },
        created_at: row.time("created_at")?,
    })
}

/// The word of a class of road on the wire and in the record.
pub const fn class_word(class: RoadClass) -> &'static str {
    match class {
        RoadClass::Motorway => "motorway",
        RoadClass::Primary => "primary",
        RoadClass::Secondary => "secondary",
        RoadClass::Tertiary => "tertiary",
        RoadClass::Residential => "residential",
        RoadClass::Path => "path",
    }
}

fn class_from(word: &str) -> Option<RoadClass> {
    RoadClass::ALL.into_iter().find(|class| class_word(*class) == word)
}
