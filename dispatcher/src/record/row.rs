//! Owns the translation between columns and the words of the service. A value that does not translate is
//! [`RecordError::Unreadable`] with the column's name, never a panic.

use super::{Account, IncidentKind, OutboxKind, RecordError, Role, Sure};
use geo::{EtaSource, Position};
use matcher::model::{
    AccountId, AgencyId, Gender, HoldState, Leg, Mode, OfferState, RiskGrade, StaffKind, Timestamp, TripLength,
};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::fmt::Write as _;
use uuid::Uuid;

/// An id as it is stored.
pub(super) fn blob(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// Ids as a JSON list of hex, for `in (select unhex(value) from json_each(?))`: one statement for any number of ids.
pub(super) fn id_list(ids: impl IntoIterator<Item = Uuid>) -> String {
    let mut list = String::from("[");
    for id in ids {
        let comma = if list.len() > 1 { "," } else { "" };
        write!(list, "{comma}\"{}\"", id.simple()).expect("a String takes every write");
    }
    list.push(']');
    list
}

/// Typed columns of a row.
pub(super) trait Columns {
    fn id(&self, column: &'static str) -> Result<Uuid, RecordError>;
    fn id_or_none(&self, column: &'static str) -> Result<Option<Uuid>, RecordError>;
    fn int(&self, column: &'static str) -> Result<i64, RecordError>;
    fn int_or_none(&self, column: &'static str) -> Result<Option<i64>, RecordError>;
    fn text(&self, column: &'static str) -> Result<String, RecordError>;
    fn text_or_none(&self, column: &'static str) -> Result<Option<String>, RecordError>;
    fn real(&self, column: &'static str) -> Result<f64, RecordError>;
    /// The bytes of a key, of whatever length; none where it is no blob.
    fn raw(&self, column: &'static str) -> &[u8];
    /// A number that fits the narrower type.
    fn small<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, RecordError> {
        T::try_from(self.int(column)?).map_err(|_| RecordError::Unreadable(column))
    }
    fn time(&self, column: &'static str) -> Result<Timestamp, RecordError> {
        self.int(column).map(Timestamp)
    }
    fn time_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, RecordError> {
        Ok(self.int_or_none(column)?.map(Timestamp))
    }
    /// A word translated by `read`.
    fn word<T>(&self, column: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, RecordError> {
        read(&self.text(column)?).ok_or(RecordError::Unreadable(column))
    }
    /// A word translated by `read`, or null.
    fn word_or_none<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, RecordError> {
        self.text_or_none(column)?.map(|w| read(&w).ok_or(RecordError::Unreadable(column))).transpose()
    }
    fn position(&self, lat: &'static str, lon: &'static str) -> Result<Position, RecordError> {
        Position::from_e7(self.small(lat)?, self.small(lon)?).map_err(|_| RecordError::Unreadable(lat))
    }
}

impl Columns for SqliteRow {
    fn id(&self, column: &'static str) -> Result<Uuid, RecordError> {
        Uuid::from_slice(get::<&[u8]>(self, column)?).map_err(|_| RecordError::Unreadable(column))
    }

    fn id_or_none(&self, column: &'static str) -> Result<Option<Uuid>, RecordError> {
        get::<Option<&[u8]>>(self, column)?
            .map(|bytes| Uuid::from_slice(bytes).map_err(|_| RecordError::Unreadable(column)))
            .transpose()
    }

    fn int(&self, column: &'static str) -> Result<i64, RecordError> {
        get(self, column)
    }

    fn int_or_none(&self, column: &'static str) -> Result<Option<i64>, RecordError> {
        get(self, column)
    }

    fn text(&self, column: &'static str) -> Result<String, RecordError> {
        get(self, column)
    }

    fn text_or_none(&self, column: &'static str) -> Result<Option<String>, RecordError> {
        get(self, column)
    }

    fn real(&self, column: &'static str) -> Result<f64, RecordError> {
        get(self, column)
    }

    fn raw(&self, column: &'static str) -> &[u8] {
        self.try_get(column).unwrap_or_default()
    }
}

/// What the column cannot be read as is as unreadable as a word nobody knows.
fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, RecordError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|error| match error {
        sqlx::Error::ColumnDecode { .. } => RecordError::Unreadable(column),
        error => error.into(),
    })
}

/// How long a trip takes; the second column is null where a car makes no difference.
pub(super) fn length(row: &SqliteRow, without: &'static str, by_car: &'static str) -> Result<TripLength, RecordError> {
    let without_s = row.small(without)?;
    let by_car_s = if row.int_or_none(by_car)?.is_some() { row.small(by_car)? } else { without_s };
    Ok(TripLength { by_car_s, without_s })
}

/// The columns of an account with its agency: `id, role, agency, is_centre, display, no`.
pub(super) fn account(row: &SqliteRow) -> Result<Account, RecordError> {
    Ok(Account {
        id: AccountId(row.id("id")?),
        role: row.word("role", Role::from_word)?,
        agency: row.id_or_none("agency")?.map(AgencyId),
        sees_all_agencies: row.int_or_none("is_centre")? == Some(1),
        display: row.text("display")?,
        no: row.int_or_none("no")?.map(|_| row.small("no")).transpose()?,
    })
}

impl Role {
    /// The word on the wire and in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rider => "rider",
            Self::Staff => "staff",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Rider, Self::Staff, Self::Supervisor, Self::Admin].into_iter().find(|r| r.word() == word)
    }
}

impl OutboxKind {
    /// The word on the wire and in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::OfferClosed => "offer_closed",
            Self::Partner => "partner",
            Self::Trip => "trip",
            Self::TripGone => "trip_gone",
            Self::SosTaken => "sos_taken",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Offer, Self::OfferClosed, Self::Partner, Self::Trip, Self::TripGone, Self::SosTaken]
            .into_iter()
            .find(|k| k.word() == word)
    }
}

impl IncidentKind {
    /// The word on the wire and in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sos => "sos",
            Self::NoShow => "no_show",
            Self::StaffSuspended => "staff_suspended",
            Self::RiderSuspended => "rider_suspended",
            Self::MemberBarred => "member_barred",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Sos, Self::NoShow, Self::StaffSuspended, Self::RiderSuspended, Self::MemberBarred]
            .into_iter()
            .find(|k| k.word() == word)
    }
}

pub(super) const fn kind_word(kind: StaffKind) -> &'static str {
    match kind {
        StaffKind::Guard => "guard",
        StaffKind::Supporter => "supporter",
    }
}

pub(super) fn kind_from(word: &str) -> Option<StaffKind> {
    [StaffKind::Guard, StaffKind::Supporter].into_iter().find(|k| kind_word(*k) == word)
}

pub(super) const fn gender_word(gender: Gender) -> &'static str {
    match gender {
        Gender::Woman => "woman",
        Gender::Man => "man",
    }
}

pub(super) fn gender_from(word: &str) -> Option<Gender> {
    [Gender::Woman, Gender::Man].into_iter().find(|g| gender_word(*g) == word)
}

pub(super) fn mode_from(word: &str) -> Option<Mode> {
    Mode::ALL.into_iter().find(|m| m.word() == word)
}

pub(super) const fn risk_word(risk: RiskGrade) -> &'static str {
    match risk {
        RiskGrade::Standard => "standard",
        RiskGrade::High => "high",
    }
}

pub(super) fn risk_from(word: &str) -> Option<RiskGrade> {
    [RiskGrade::Standard, RiskGrade::High].into_iter().find(|r| risk_word(*r) == word)
}

pub(super) const fn offer_state_word(state: OfferState) -> &'static str {
    match state {
        OfferState::Open => "open",
        OfferState::Accepted => "accepted",
        OfferState::Declined => "declined",
        OfferState::Expired => "expired",
        OfferState::Withdrawn => "withdrawn",
    }
}

pub(super) fn offer_state_from(word: &str) -> Option<OfferState> {
    [OfferState::Open, OfferState::Accepted, OfferState::Declined, OfferState::Expired, OfferState::Withdrawn]
        .into_iter()
        .find(|s| offer_state_word(*s) == word)
}

pub(super) const fn eta_source_word(source: EtaSource) -> &'static str {
    match source {
        EtaSource::Road => "road",
        EtaSource::Calibrated => "calibrated",
        EtaSource::Straight => "straight",
    }
}

fn eta_source_from(word: &str) -> Option<EtaSource> {
    [EtaSource::Road, EtaSource::Calibrated, EtaSource::Straight].into_iter().find(|s| eta_source_word(*s) == word)
}

/// How sure the time of an offer is, from a row of `holds`; a guess of one that was placed before that was kept.
pub(super) fn sure(row: &SqliteRow) -> Result<Sure, RecordError> {
    let Some(source) = row.word_or_none("eta_source", eta_source_from)? else {
        return Ok(Sure::guessed(row.small("eta_s")?));
    };
    Ok(Sure { p90_s: row.small("eta_p90_s")?, source })
}

pub(super) const fn hold_state_word(state: HoldState) -> &'static str {
    match state {
        HoldState::Held => "held",
        HoldState::Accepted => "accepted",
        HoldState::Active => "active",
        HoldState::Released => "released",
    }
}

pub(super) fn hold_state_from(word: &str) -> Option<HoldState> {
    [HoldState::Held, HoldState::Accepted, HoldState::Active, HoldState::Released]
        .into_iter()
        .find(|s| hold_state_word(*s) == word)
}

pub(super) fn leg_from(word: &str) -> Option<Leg> {
    [Leg::Single, Leg::Outward, Leg::Return].into_iter().find(|l| l.word() == word)
}
