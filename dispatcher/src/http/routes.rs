//! Owns the list of routes and the order of what stands around them.

use super::problem::{Code, Problem};
use super::{
    App, admin, auth, bookings, codes, conditions, console, demo, hand, headers, health, history, ingest, isochrones,
    log, map, openapi, pages, phone, reveal, series, session, staff, track, travel, trips, way, zones,
};
use crate::ws::upgrade;
use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every `/v1` route with its description.
pub fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::me))
        .routes(routes!(session::ws_ticket))
        .routes(routes!(upgrade::upgrade))
        .routes(routes!(map::info))
        .routes(routes!(bookings::book))
        .routes(routes!(trips::mine))
        .routes(routes!(trips::one))
        .routes(routes!(trips::cancel))
        .routes(routes!(series::list))
        .routes(routes!(series::skip))
        .routes(routes!(series::end))
        .routes(routes!(phone::fixes))
        .routes(routes!(phone::sos))
        .routes(routes!(ingest::owntracks::post))
        .routes(routes!(ingest::traccar::post, ingest::traccar::get))
        .routes(routes!(staff::start_shift, staff::end_shift))
        .routes(routes!(staff::card))
        .routes(routes!(staff::answer))
        .routes(routes!(staff::status))
        .routes(routes!(staff::drop_out))
        .routes(routes!(way::way))
        .routes(routes!(console::console))
        .routes(routes!(console::cells))
        .routes(routes!(console::acknowledge))
        .routes(routes!(reveal::reveal))
        .routes(routes!(track::track))
        .routes(routes!(history::history))
        .routes(routes!(codes::issue))
        .routes(routes!(isochrones::isochrones))
        .routes(routes!(hand::candidates))
        .routes(routes!(hand::assign))
        .routes(routes!(hand::release))
        .routes(routes!(hand::complete))
        .routes(routes!(hand::unserved))
        .routes(routes!(admin::agency))
        .routes(routes!(admin::staff))
        .routes(routes!(admin::rider))
        .routes(routes!(admin::supervisor))
        .routes(routes!(admin::conflict))
        .routes(routes!(zones::add))
        .routes(routes!(zones::list))
        .routes(routes!(zones::remove))
        .routes(routes!(zones::of_trip, zones::add_of_trip))
        .routes(routes!(zones::remove_of_trip))
        .routes(routes!(conditions::list, conditions::add))
        .routes(routes!(conditions::remove))
        .routes(routes!(travel::travel))
        .routes(routes!(admin::code))
        .routes(routes!(admin::suspend))
        .routes(routes!(demo::enrol))
        .routes(routes!(demo::visitor))
        .routes(routes!(demo::route))
}

/// What the monitoring listener answers.
pub fn monitoring(app: Arc<App>) -> Router {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/metrics", get(health::metrics))
        .fallback(|| async { Problem::from(Code::NotFound) })
        .with_state(app)
}

/// The whole edge: `/v1` behind its door, the open routes, the pages.
pub fn router(app: Arc<App>) -> Router {
    let (v1, document) = api().split_for_parts();
    // Made once and shared: it is long, and read without a login.
    let document = serde_json::to_vec(&openapi::finish(document)).expect("a description of routes serialises");
    let (json, document) = ([(header::CONTENT_TYPE, "application/json")], Bytes::from(document));
    v1.layer(from_fn_with_state(Arc::clone(&app), auth::door))
        .route("/openapi.json", get(move || async move { (json, document) }))
        .route("/tiles/{z}/{x}/{y}", get(map::tile))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::local_metrics))
        .route("/", get(pages::root))
        .fallback(pages::fallback)
        .method_not_allowed_fallback(|| async { Problem::from(Code::MethodNotAllowed) })
        .layer(from_fn_with_state(Arc::clone(&app), log::observe))
        .layer(from_fn(headers::secure))
        .with_state(app)
}
