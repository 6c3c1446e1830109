//! Owns agencies and accounts: staff, riders, supervisors, admins, and what a rider's grant says. Tokens are `tokens`.

use super::row::{self, Columns, blob};
use super::write::Write;
use super::{Account, Actor, Agency, IncidentKind, NewRider, NewStaff, Record, RecordError, Role};
use matcher::model::{AccountId, AgencyId, Timestamp};
use uuid::Uuid;

impl Record {
    /// A company or centre. One transaction.
    pub async fn create_agency(
        &self,
        now: Timestamp,
        by: Actor,
        name: &str,
        is_centre: bool,
    ) -> Result<Agency, RecordError> {
        let mut write = self.begin(now).await?;
        let agency = write.add_agency(name, is_centre).await?;
        write.audit_by(by, "agency_created", agency.id.0).await?;
        write.commit().await?;
        Ok(agency)
    }

    /// All of them, by name. One read.
    pub async fn agencies(&self) -> Result<Vec<Agency>, RecordError> {
        let rows =
            sqlx::query("select id, name, is_centre from agencies order by name, id").fetch_all(&self.read).await?;
        rows.iter()
            .map(|row| {
                Ok(Agency {
                    id: AgencyId(row.id("id")?),
                    name: row.text("name")?,
                    is_centre: row.int("is_centre")? == 1,
                })
            })
            .collect()
    }

    /// A staff member with the next free unit number. One transaction; `None` if there is no such agency.
    pub async fn create_staff(
        &self,
        now: Timestamp,
        by: Actor,
        new: &NewStaff,
    ) -> Result<Option<Account>, RecordError> {
        let mut write = self.begin(now).await?;
        let Some(is_centre) = write.agency_is_centre(new.agency).await? else { return Ok(None) };
        let first = write.take_units(1).await?;
        let account = Account {
            id: AccountId(self.env.uuid()),
            role: Role::Staff,
            agency: Some(new.agency),
            sees_all_agencies: is_centre,
            display: new.name.clone(),
            no: Some(first),
        };
        write.add_account(by, &account, "staff_created").await?;
        sqlx::query("insert into staff (account, kind, gender, certified_until) values (?, ?, ?, ?)")
            .bind(blob(account.id.0))
            .bind(row::kind_word(new.kind))
            .bind(new.gender.map(row::gender_word))
            .bind(new.certified_until.0)
            .execute(write.conn())
            .await?;
        write.roster_changed(account.id);
        write.commit().await?;
        Ok(Some(account))
    }

    /// A rider with the grant. One transaction.
    pub async fn create_rider(&self, now: Timestamp, by: Actor, new: &NewRider) -> Result<Account, RecordError> {
        let mut write = self.begin(now).await?;
        let account = self.without_agency(Role::Rider, &new.name);
        write.add_account(by, &account, "rider_created").await?;
        sqlx::query("insert into grants (rider, gender, risk, crew_size) values (?, ?, ?, ?)")
            .bind(blob(account.id.0))
            .bind(new.gender.map(row::gender_word))
            .bind(row::risk_word(new.risk))
            .bind(i64::from(new.crew_size.get()))
            .execute(write.conn())
            .await?;
        for agency in &new.agencies {
            sqlx::query("insert or ignore into grant_agencies (rider, agency) values (?, ?)")
                .bind(blob(account.id.0))
                .bind(blob(agency.0))
                .execute(write.conn())
                .await?;
        }
        write.commit().await?;
        Ok(account)
    }

    /// One transaction; `None` if there is no such agency.
    pub async fn create_supervisor(
        &self,
        now: Timestamp,
        by: Actor,
        agency: AgencyId,
        name: &str,
    ) -> Result<Option<Account>, RecordError> {
        let mut write = self.begin(now).await?;
        let Some(is_centre) = write.agency_is_centre(agency).await? else { return Ok(None) };
        let account = Account {
            agency: Some(agency),
            sees_all_agencies: is_centre,
            ..self.without_agency(Role::Supervisor, name)
        };
        write.add_account(by, &account, "supervisor_created").await?;
        write.commit().await?;
        Ok(Some(account))
    }

    /// Someone who sets up people. One transaction.
    pub async fn create_admin(&self, now: Timestamp, by: Actor, name: &str) -> Result<Account, RecordError> {
        let mut write = self.begin(now).await?;
        let account = self.without_agency(Role::Admin, name);
        write.add_account(by, &account, "admin_created").await?;
        write.commit().await?;
        Ok(account)
    }

    /// The staff member is tied to the rider and never escorts them: what they hold of that rider's is given back at once; if
    /// they have met, every console is called to it. One transaction; a repeat changes nothing. False if the two are not a
    /// staff member and a rider.
    pub async fn add_conflict(
        &self,
        now: Timestamp,
        by: Actor,
        staff: AccountId,
        rider: AccountId,
    ) -> Result<bool, RecordError> {
        let roles = [(staff, Role::Staff), (rider, Role::Rider)];
        for (id, role) in roles {
            if self.account(id).await?.is_none_or(|account| account.role != role) {
                return Ok(false);
            }
        }
        let mut write = self.begin(now).await?;
        let added = sqlx::query("insert or ignore into conflicts (staff, rider) values (?, ?)")
            .bind(blob(staff.0))
            .bind(blob(rider.0))
            .execute(write.conn())
            .await?;
        if added.rows_affected() == 0 {
            return Ok(true);
        }
        write.leave_slots(staff, Some(rider), by, IncidentKind::MemberBarred).await?;
        write.audit_pair(by, "conflict_added", staff.0, rider.0).await?;
        write.roster_changed(staff);
        write.commit().await?;
        Ok(true)
    }

    /// An account, suspended or not. One read.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, RecordError> {
        let found = sqlx::query(
            "select a.id, a.role, a.agency, a.display, a.no, g.is_centre
             from accounts a left join agencies g on g.id = a.agency where a.id = ?",
        )
        .bind(blob(id.0))
        .fetch_optional(&self.read)
        .await?;
        found.as_ref().map(row::account).transpose()
    }

    /// Agencies the rider consented to; empty is any. One read.
    pub async fn consents_of(&self, rider: AccountId) -> Result<Vec<AgencyId>, RecordError> {
        let rows = sqlx::query("select agency from grant_agencies where rider = ? order by agency")
            .bind(blob(rider.0))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| row.id("agency").map(AgencyId)).collect()
    }

    fn without_agency(&self, role: Role, name: &str) -> Account {
        Account {
            id: AccountId(self.env.uuid()),
            role,
            agency: None,
            sees_all_agencies: false,
            display: name.to_owned(),
            no: None,
        }
    }
}

impl Write<'_> {
    /// The row only; the caller audits.
    pub(super) async fn add_agency(&mut self, name: &str, is_centre: bool) -> Result<Agency, RecordError> {
        let agency = Agency { id: AgencyId(self.record.env.uuid()), name: name.to_owned(), is_centre };
        let now = self.now.0;
        sqlx::query("insert into agencies (id, name, is_centre, created_at) values (?, ?, ?, ?)")
            .bind(blob(agency.id.0))
            .bind(name)
            .bind(is_centre)
            .bind(now)
            .execute(self.conn())
            .await?;
        Ok(agency)
    }

    /// Reserves unit numbers; the first of them.
    pub(super) async fn take_units(&mut self, count: u32) -> Result<u32, RecordError> {
        let last: i64 = sqlx::query_scalar("update counters set value = value + ? where name = 'unit' returning value")
            .bind(i64::from(count))
            .fetch_one(self.conn())
            .await?;
        u32::try_from(last - i64::from(count) + 1).map_err(|_| RecordError::Unreadable("unit"))
    }

    async fn agency_is_centre(&mut self, agency: AgencyId) -> Result<Option<bool>, RecordError> {
        Ok(sqlx::query_scalar("select is_centre from agencies where id = ?")
            .bind(blob(agency.0))
            .fetch_optional(self.conn())
            .await?)
    }

    async fn add_account(&mut self, by: Actor, account: &Account, action: &'static str) -> Result<(), RecordError> {
        let now = self.now.0;
        sqlx::query("insert into accounts (id, role, agency, display, no, created_at) values (?, ?, ?, ?, ?, ?)")
            .bind(blob(account.id.0))
            .bind(account.role.word())
            .bind(account.agency.map(|a| blob(a.0)))
            .bind(&account.display)
            .bind(account.no)
            .bind(now)
            .execute(self.conn())
            .await?;
        self.audit_by(by, action, account.id.0).await
    }

    /// Role of an account that is there and not suspended.
    pub(super) async fn active_role(&mut self, id: Uuid) -> Result<Option<Role>, RecordError> {
        let found = sqlx::query("select role from accounts where id = ? and suspended_at is null")
            .bind(blob(id))
            .fetch_optional(self.conn())
            .await?;
        found.as_ref().map(|r| r.word("role", Role::from_word)).transpose()
    }
}
