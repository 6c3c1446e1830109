//! Owns the machine-readable description of `/v1` (OpenAPI 3.1), made from the handlers; who may call what is added from the
//! access table, so that the two cannot disagree.

use super::access::allowed;
use crate::record::Role;
use crate::view::people::role_word;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder};

/// The media type of refusals.
const PROBLEM: &str = "application/problem+json";

/// An empty document with the service's name.
pub fn base() -> OpenApi {
    let info = InfoBuilder::new().title("Donghaeng").version(env!("CARGO_PKG_VERSION")).description(Some(
        "Companion-escort dispatch. Refusals are problem documents (RFC 9457); the socket is described in docs/PROTOCOL.md.",
    ));
    OpenApiBuilder::new().info(info.build()).build()
}

/// The whole document, for `/openapi.json` and `dispatcher openapi`.
pub fn document() -> OpenApi {
    finish(super::routes::api().split_for_parts().1)
}

/// What any call may be answered besides its own, and what the door says.
const ALWAYS: [(&str, &str); 3] = [
    ("408", "The request took too long."),
    ("429", "Called too fast; `Retry-After` says when to come back."),
    ("503", "The record cannot be reached now; the same call again is safe."),
];
const WITH_BODY: [(&str, &str); 4] = [
    ("400", "The body is not JSON."),
    ("413", "The body is too large."),
    ("415", "The content type is not application/json."),
    ("422", "A field is missing, unknown or out of range; `field` names it."),
];
const WITH_ID: [(&str, &str); 1] = [("404", "There is nothing here for you.")];
const DOOR: [(&str, &str); 2] = [("401", "No token, or not a good one."), ("403", "Not for this role.")];

/// Adds the token scheme, each operation's roles, and the problems that every operation shares.
pub fn finish(mut document: OpenApi) -> OpenApi {
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let basic = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Basic).build());
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", bearer);
    components.add_security_scheme("tracker", basic);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            guard(operation, method, path);
            add_problems(operation, &ALWAYS);
            if operation.request_body.is_some() {
                add_problems(operation, &WITH_BODY);
            }
            if path.contains('{') {
                add_problems(operation, &WITH_ID);
            }
            name_problems(operation);
        }
    }
    document
}

fn guard(operation: &mut Operation, method: &str, path: &str) {
    let Some(row) = allowed(method, path).filter(|row| !row.is_open()) else { return };
    if row.is_of_trackers() {
        operation.description =
            Some("For: the secret of a tracker, as Bearer token or as the password of Basic.".to_owned());
        add_problems(operation, &DOOR[..1]);
        let schemes = ["token", "tracker"].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new()));
        operation.security = Some(schemes.into());
        return;
    }
    let roles = [Role::Rider, Role::Staff, Role::Supervisor, Role::Admin].into_iter().filter(|r| row.permits(*r));
    let words: Vec<&str> = roles.map(role_word).collect();
    operation.description = Some(format!("For: {}.", words.join(", ")));
    add_problems(operation, &DOOR);
    operation.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
}

/// Where the operation does not say it better.
fn add_problems(operation: &mut Operation, problems: &[(&str, &str)]) {
    for &(status, words) in problems {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let answer = ResponseBuilder::new().description(words).content(PROBLEM, body).build();
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| answer.into());
    }
}

/// Handlers say that a refusal has a body; that it is a problem document is said here.
fn name_problems(operation: &mut Operation) {
    let refusals = operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with(['4', '5']));
    for (_, answer) in refusals {
        if let RefOr::T(answer) = answer
            && let Some(body) = answer.content.shift_remove("application/json")
        {
            answer.content.insert(PROBLEM.to_owned(), body);
        }
    }
}

/// The operations this service uses.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [("GET", &mut item.get), ("POST", &mut item.post), ("DELETE", &mut item.delete)];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|op| (method, op)))
}
