//! Owns getting people to play with: accounts and tokens, from the demo call or, where that does not exist, through the admin
//! API as a city would make them. Keeps no token anywhere but in memory.

use crate::client::{Api, ApiError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// Accounts made at the same time through the admin API.
const AT_ONCE: usize = 8;

/// One call is put off so many times at most.
const WAITS_MAX: u32 = 60;

/// Accounts of one demo call.
const ENROL_MAX: usize = 20_000;

/// Somebody's login. `Debug` hides the token.
#[derive(Clone)]
pub struct Account {
    /// Unit number; 0 for others than staff.
    pub no: u64,
    /// What they sign in with.
    pub token: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account(no {})", self.no)
    }
}

/// Everybody of one agency.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Guards.
    pub staff: Vec<Account>,
    /// Riders who consented to this agency only.
    pub riders: Vec<Account>,
    /// Supervisors of the agency.
    pub supervisors: Vec<Account>,
}

/// How many of each.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Staff.
    pub staff: usize,
    /// Riders.
    pub riders: usize,
    /// Supervisors.
    pub supervisors: usize,
}

/// Why there are no people.
#[derive(Debug)]
#[non_exhaustive]
pub enum EnrolError {
    /// The demo call is not there and no admin token was given.
    NotDemo,
    /// More than one call makes.
    TooMany,
    /// The server refused or did not answer.
    Api(ApiError),
    /// The answer lacks something.
    Unreadable(&'static str),
}

impl fmt::Display for EnrolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDemo => f.write_str(
                "the server does not enrol people: start it with --demo (and come from the same machine), or give --admin-token",
            ),
            Self::TooMany => write!(f, "at most {ENROL_MAX} people in all: fewer phones, bookings or seconds"),
            Self::Api(e) => e.fmt(f),
            Self::Unreadable(what) => write!(f, "the answer to the enrolment has no {what}"),
        }
    }
}

impl std::error::Error for EnrolError {}

impl From<ApiError> for EnrolError {
    fn from(e: ApiError) -> Self {
        Self::Api(e)
    }
}

/// Makes people in a new agency of their own.
pub async fn enrol(api: &Api, admin_token: Option<&str>, wanted: Wanted) -> Result<People, EnrolError> {
    if wanted.staff + wanted.riders + wanted.supervisors > ENROL_MAX {
        return Err(EnrolError::TooMany);
    }
    match admin_token {
        Some(token) => by_admin(&api.signed_in(token), api, wanted).await,
        None => by_demo(api, wanted).await,
    }
}

/// The two phones kept for the visitor.
pub async fn visitor(api: &Api) -> Result<Vec<Account>, EnrolError> {
    let made = api.post("/v1/demo/visitor", &json!({})).await.map_err(no_demo)?;
    accounts(&made, "staff")
}

async fn by_demo(api: &Api, wanted: Wanted) -> Result<People, EnrolError> {
    let Wanted { staff, riders, supervisors } = wanted;
    let ask = json!({ "staff": staff, "riders": riders, "supervisors": supervisors });
    let made = api.post("/v1/demo/enrol", &ask).await.map_err(no_demo)?;
    Ok(People {
        staff: accounts(&made, "staff")?,
        riders: accounts(&made, "riders")?,
        supervisors: accounts(&made, "supervisors")?,
    })
}

fn no_demo(e: ApiError) -> EnrolError {
    if e.problem().is_some_and(|p| p.status == 404) { EnrolError::NotDemo } else { EnrolError::Api(e) }
}

fn accounts(made: &Value, of: &'static str) -> Result<Vec<Account>, EnrolError> {
    let list = made[of].as_array().ok_or(EnrolError::Unreadable(of))?;
    let one = |a: &Value| Some(Account { no: a["no"].as_u64().unwrap_or(0), token: a["token"].as_str()?.to_owned() });
    list.iter().map(|a| one(a).ok_or(EnrolError::Unreadable("token"))).collect()
}

async fn by_admin(admin: &Api, open: &Api, wanted: Wanted) -> Result<People, EnrolError> {
    let agency = admin.post("/v1/admin/agencies", &json!({ "name": "simulated", "kind": "company" })).await?;
    let agency = agency["id"].as_str().ok_or(EnrolError::Unreadable("agency id"))?.to_owned();
    let staff = json!({ "agency": agency, "name": "simulated", "kind": "guard" });
    let rider = json!({ "name": "simulated", "agencies": [agency] });
    let supervisor = json!({ "agency": agency, "name": "simulated" });
    Ok(People {
        staff: made(admin, open, "/v1/admin/staff", &staff, wanted.staff).await?,
        riders: made(admin, open, "/v1/admin/riders", &rider, wanted.riders).await?,
        supervisors: made(admin, open, "/v1/admin/supervisors", &supervisor, wanted.supervisors).await?,
    })
}

async fn made(admin: &Api, open: &Api, path: &str, body: &Value, many: usize) -> Result<Vec<Account>, EnrolError> {
    let one = async |_: usize| {
        let account = patiently(admin, path, body).await?;
        let code = account["code"].as_str().ok_or(EnrolError::Unreadable("code"))?;
        let session = patiently(open, "/v1/session", &json!({ "code": code })).await?;
        let token = session["token"].as_str().ok_or(EnrolError::Unreadable("token"))?.to_owned();
        Ok(Account { no: account["no"].as_u64().unwrap_or(0), token })
    };
    stream::iter(0..many).map(one).buffered(AT_ONCE).try_collect().await
}

/// A POST that waits as it is told: many accounts are more calls than one may make at once. What was refused made nothing.
async fn patiently(api: &Api, path: &str, body: &Value) -> Result<Value, ApiError> {
    let mut left = WAITS_MAX;
    loop {
        match api.post(path, body).await {
            Err(ApiError::Problem(p)) if p.status == 429 && left > 0 => {
                left -= 1;
                tokio::time::sleep(Duration::from_secs(p.retry_after_s.unwrap_or(1))).await;
            }
            answer => return answer,
        }
    }
}
