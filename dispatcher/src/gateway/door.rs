//! Owns the requests that bring fixes: those of staff whom the gateway may judge are answered here, as the engine's node would answer
//! them; all others, and all that is out of the ordinary, go on as they came. No refusal is made here but that of a sender too fast.

use super::Gateway;
use super::relay::{self, Whole};
use super::wire::{Owner, Secret, WHO_PATH};
use crate::http::auth::{TOKEN_BYTES_MAX, bearer, too_many};
use crate::http::ingest::desk::Judged;
use crate::http::ingest::device::{self, Told};
use crate::http::ingest::sources::{Source, Via};
use crate::http::ingest::{owntracks, traccar};
use crate::http::known::{Kind, key_of};
use crate::http::phone::{FixesIn, FixesOut};
use crate::http::{body, headers};
use crate::live::Verdict;
use crate::record::{Account, Role, SignedIn};
use crate::telemetry;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use geo::Fix;
use http_body_util::{BodyExt, Limited};
use matcher::model::{AccountId, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Largest answer to a question about a secret, bytes.
const OWNER_BYTES_MAX: usize = 4_096;
/// The engine's node is asked no longer.
const WHO_WITHIN: Duration = Duration::from_secs(2);

/// Which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `POST /v1/fixes`.
    Fixes,
    /// `POST /v1/ingest/owntracks`.
    OwnTracks,
    /// `POST /v1/ingest/traccar`.
    Traccar,
}

/// What a request came to here, or why it goes on; with whose it is, as soon as that is known.
type Settled = Result<Response, (&'static str, Option<AccountId>)>;

/// Answers, or passes on.
pub async fn take(gateway: &Gateway, door: Door, request: Request) -> Response {
    let whole = match relay::whole(request).await {
        Ok(whole) => whole,
        Err(problem) => return problem.into_response(),
    };
    let settled = match door {
        Door::Fixes => fixes(gateway, &whole).await,
        Door::OwnTracks | Door::Traccar => tracker(gateway, door, &whole).await,
    };
    match settled {
        Ok(response) => dressed(gateway, response),
        Err((why, staff)) => {
            passed(why);
            if let Some(staff) = staff {
                gateway.passes_on(staff);
            }
            let answer = relay::on(gateway, whole).await;
            if let Some(staff) = staff {
                gateway.passed_on(staff, why);
            }
            answer
        }
    }
}

/// Counts what is passed on, by why.
pub fn passed(why: &'static str) {
    metrics::counter!(telemetry::GATEWAY_PASSED, "why" => why).increment(1);
}

/// With the headers that every answer of the service has.
fn dressed(gateway: &Gateway, mut response: Response) -> Response {
    let mut random = [0; 8];
    gateway.env.entropy.fill(&mut random);
    headers::dress(&mut response, true);
    if let Ok(id) = HeaderValue::from_str(&format!("{:016x}", u64::from_ne_bytes(random))) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

async fn fixes(gateway: &Gateway, whole: &Whole) -> Settled {
    let token = bearer(&whole.parts.headers).ok_or(("unknown", None))?;
    let signed_in = owner(gateway, Kind::Token, token).await.map_err(|why| (why, None))?;
    fixes_of(gateway, whole, &signed_in).map_err(|why| (why, Some(signed_in.account.id)))
}

fn fixes_of(gateway: &Gateway, whole: &Whole, signed_in: &SignedIn) -> Result<Response, &'static str> {
    let account = signed_in.account.id;
    let member = gateway.list.member(account, gateway.env.now())?;
    if !body::is_json(&whole.parts.headers) || whole.body.len() > body::BODY_BYTES_MAX {
        return Err("unread");
    }
    let input: FixesIn = serde_json::from_slice(&whole.body).map_err(|_| "unread")?;
    let now = gateway.env.now();
    let fixes: Result<Vec<Fix>, _> = input.fixes().iter().map(|fix| fix.parse(now)).collect();
    let fixes = fixes.map_err(|_| "unread")?;
    // Of phones that do not count, and of sessions that begin, the epoch is not listed.
    let source = Source::Phone(signed_in.token);
    let epoch = member.epochs.of(source, input.via()).ok_or("epoch")?;
    if let Err(seconds) = gateway.calls.take(account, now.0) {
        return Ok(too_many(seconds).into_response());
    }
    judged(gateway.judge(account, &member, source, epoch, fixes, now), |verdicts| {
        (StatusCode::ACCEPTED, Json(FixesOut::of(verdicts))).into_response()
    })
}

async fn tracker(gateway: &Gateway, door: Door, whole: &Whole) -> Settled {
    if whole.parts.uri.query().is_some_and(|query| !query.is_empty()) || whole.body.len() > body::BODY_BYTES_MAX {
        return Err(("unread", None));
    }
    let (told, in_body) = read(door, &whole.parts.headers, &whole.body).ok_or(("unread", None))?;
    let secret = device::secret(&whole.parts.headers).or_else(|| in_body.filter(|s| s.len() <= TOKEN_BYTES_MAX));
    let secret = secret.ok_or(("unknown", None))?;
    let signed_in = owner(gateway, Kind::Device, &secret).await.map_err(|why| (why, None))?;
    told_by(gateway, door, &told, &signed_in).map_err(|why| (why, Some(signed_in.account.id)))
}

fn told_by(gateway: &Gateway, door: Door, told: &Told, signed_in: &SignedIn) -> Result<Response, &'static str> {
    let (account, source) = (signed_in.account.id, Source::Tracker(signed_in.token));
    let now = gateway.env.now();
    let member = gateway.list.member(account, now)?;
    let epoch = member.epochs.of(source, Via::Call).ok_or("epoch")?;
    if !gateway.list.clocks_agree() {
        return Err("clock");
    }
    let fix = told.fix(now).map_err(|_| "unread")?;
    if let Err(seconds) = gateway.device_calls.take(signed_in.token, now.0) {
        return Ok(too_many(seconds).into_response());
    }
    judged(gateway.judge(account, &member, source, epoch, vec![fix], now), |verdicts| match (door, verdicts) {
        (Door::Traccar, [verdict]) => Json(traccar::Taken::of(*verdict)).into_response(),
        _ => Json([(); 0]).into_response(),
    })
}

/// What a tracker tells, if it is one place, and the secret that its body may hold.
fn read(door: Door, headers: &HeaderMap, body: &[u8]) -> Option<(Told, Option<String>)> {
    if door == Door::Traccar {
        let (told, secret) = traccar::read(headers, body);
        return Some((told.ok()?, secret));
    }
    Some((owntracks::read(body).ok()??, None))
}

fn judged(judged: Judged, answer: impl FnOnce(&[Verdict]) -> Response) -> Result<Response, &'static str> {
    match judged {
        Judged::Settled(verdicts) => Ok(answer(&verdicts)),
        Judged::TooMany(seconds) => Ok(too_many(seconds).into_response()),
        Judged::Pass(why) => Err(why),
    }
}

/// Whose a secret is, if they are staff. Known while the list of what was taken back is followed; who was not seen before is asked for.
async fn owner(gateway: &Gateway, kind: Kind, secret: &str) -> Result<Arc<SignedIn>, &'static str> {
    if !gateway.list.is_fresh() {
        return Err("list_old");
    }
    let now = gateway.list.there(gateway.env.now());
    let key = key_of(kind, secret);
    let (known, revoked) = gateway.known.look(&key, now);
    let found = if let Some(known) = known {
        known
    } else {
        let asked = timeout(WHO_WITHIN, ask(gateway, kind, secret)).await;
        let Ok(Ok(owner)) = asked else {
            metrics::counter!(telemetry::GATEWAY_UPSTREAM_ERRORS, "call" => "who").increment(1);
            return Err("unknown");
        };
        let found = Arc::new(signed_in(&owner.ok_or("unknown")?));
        // One that must be shown to the engine's node, to be made to last, is asked for anew when that is done.
        if found.expires_at <= now {
            return Err("renewal");
        }
        gateway.known.learn(key, &found, revoked);
        found
    };
    if found.account.role == Role::Staff { Ok(found) } else { Err("not_staff") }
}

async fn ask(gateway: &Gateway, kind: Kind, secret: &str) -> Result<Option<Owner>, ()> {
    let asked = Secret { device: kind == Kind::Device, secret: secret.to_owned() };
    let answer = gateway.upstream.ask(WHO_PATH, serde_json::to_vec(&asked).map_err(|_| ())?).await.map_err(|_| ())?;
    if !answer.status().is_success() {
        return Err(());
    }
    let body = Limited::new(answer.into_body(), OWNER_BYTES_MAX).collect().await.map_err(|_| ())?;
    serde_json::from_slice(&body.to_bytes()).map_err(|_| ())
}

/// As much as is needed here of who signed in.
fn signed_in(owner: &Owner) -> SignedIn {
    let until = Timestamp(owner.until_ms);
    let account = Account {
        id: AccountId(owner.account),
        role: if owner.staff { Role::Staff } else { Role::Rider },
        agency: None,
        sees_all_agencies: false,
        display: String::new(),
        no: None,
    };
    SignedIn { token: owner.token, account, expires_at: until, ends_at: until }
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
