//! Owns the making of many accounts at once, for demonstrations and load tests. Real people are made one by one in
//! `people`.

use super::row::blob;
use super::tokens::{hash, token_ttl_s};
use super::write::Write;
use super::{Account, Actor, Enrolled, Record, RecordError, Role};
use matcher::model::{AccountId, AgencyId, Timestamp};
use sqlx::{QueryBuilder, Sqlite};

/// Rows of one insert: six columns of these stay below SQLite's 32,766 parameters.
const ROWS: usize = 1_000;
/// How long a new certificate is valid unless said otherwise, seconds: a year.
pub const CERTIFIED_S: i64 = 365 * 86_400;

impl Record {
    /// Many accounts with tokens in one transaction, in a new agency whose riders consent to it alone.
    pub async fn enrol(
        &self,
        now: Timestamp,
        agency: &str,
        staff: u32,
        riders: u32,
        supervisors: u32,
    ) -> Result<Enrolled, RecordError> {
        let mut write = self.begin(now).await?;
        let agency = write.add_agency(agency, false).await?.id;
        let first = write.take_units(staff).await?;
        let make = |role, index: u32, display: String| {
            let no = (role == Role::Staff).then_some(first + index);
            let employer = (role != Role::Rider).then_some(agency);
            let id = AccountId(self.env.uuid());
            (Account { id, role, agency: employer, sees_all_agencies: false, display, no }, self.new_token())
        };
        let enrolled = Enrolled {
            agency,
            staff: (0..staff).map(|i| make(Role::Staff, i, staff_display(first + i))).collect(),
            riders: (0..riders).map(|i| make(Role::Rider, i, format!("이용자 {}", i + 1))).collect(),
            supervisors: (0..supervisors).map(|i| make(Role::Supervisor, i, format!("관제 {}", i + 1))).collect(),
        };
        for people in [&enrolled.staff, &enrolled.riders, &enrolled.supervisors] {
            for chunk in people.chunks(ROWS) {
                write.add_accounts(chunk).await?;
                write.add_tokens(chunk).await?;
            }
        }
        for chunk in enrolled.staff.chunks(ROWS) {
            write.add_staff(chunk).await?;
        }
        for chunk in enrolled.riders.chunks(ROWS) {
            write.add_grants(chunk, agency).await?;
        }
        write.audit_by(Actor::Demo, "enrolled", agency.0).await?;
        for (account, _) in &enrolled.staff {
            write.roster_changed(account.id);
        }
        write.commit().await?;
        Ok(enrolled)
    }
}

/// Every other one is a supporter; each kind has women and men.
fn is_guard(no: u32) -> bool {
    no.is_multiple_of(2)
}

fn staff_display(no: u32) -> String {
    if is_guard(no) { format!("가드 {no}") } else { format!("서포터 {no}") }
}

impl Write<'_> {
    async fn add_accounts(&mut self, people: &[(Account, String)]) -> Result<(), RecordError> {
        let now = self.now.0;
        let mut insert =
            QueryBuilder::<Sqlite>::new("insert into accounts (id, role, agency, display, no, created_at) ");
        insert.push_values(people, |mut row, (account, _)| {
            row.push_bind(blob(account.id.0))
                .push_bind(account.role.word())
                .push_bind(account.agency.map(|a| blob(a.0)))
                .push_bind(account.display.clone())
                .push_bind(account.no)
                .push_bind(now);
        });
        insert.build().persistent(false).execute(self.conn()).await?;
        Ok(())
    }

    async fn add_tokens(&mut self, people: &[(Account, String)]) -> Result<(), RecordError> {
        let now = self.now;
        let mut insert = QueryBuilder::<Sqlite>::new("insert into tokens (hash, account, issued_at, expires_at) ");
        insert.push_values(people, |mut row, (account, token)| {
            row.push_bind(hash(token))
                .push_bind(blob(account.id.0))
                .push_bind(now.0)
                .push_bind(now.plus_s(token_ttl_s(account.role)).0);
        });
        insert.build().persistent(false).execute(self.conn()).await?;
        Ok(())
    }

    async fn add_staff(&mut self, people: &[(Account, String)]) -> Result<(), RecordError> {
        let until = self.now.plus_s(CERTIFIED_S).0;
        let mut insert = QueryBuilder::<Sqlite>::new("insert into staff (account, kind, gender, certified_until) ");
        insert.push_values(people, |mut row, (account, _)| {
            let no = account.no.unwrap_or(0);
            row.push_bind(blob(account.id.0))
                .push_bind(if is_guard(no) { "guard" } else { "supporter" })
                .push_bind(if no % 4 < 2 { "woman" } else { "man" })
                .push_bind(until);
        });
        insert.build().persistent(false).execute(self.conn()).await?;
        Ok(())
    }

    async fn add_grants(&mut self, people: &[(Account, String)], agency: AgencyId) -> Result<(), RecordError> {
        let mut grants = QueryBuilder::<Sqlite>::new("insert into grants (rider, risk, crew_size) ");
        grants.push_values(people, |mut row, (account, _)| {
            row.push_bind(blob(account.id.0)).push_bind("standard").push_bind(2_i64);
        });
        grants.build().persistent(false).execute(self.conn()).await?;
        let mut consents = QueryBuilder::<Sqlite>::new("insert into grant_agencies (rider, agency) ");
        consents.push_values(people, |mut row, (account, _)| {
            row.push_bind(blob(account.id.0)).push_bind(blob(agency.0));
        });
        consents.build().persistent(false).execute(self.conn()).await?;
        Ok(())
    }
}
