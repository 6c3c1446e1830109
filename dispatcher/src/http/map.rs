//! Owns the map as pages fetch it: what it is, and vector tiles made on demand. Tiles hold streets and labels, never people.

use super::App;
use super::auth::{Address, too_many};
use super::problem::{Answer, Code};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use geo::road::data::{Label, LabelKind};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// Zoom levels that exist.
const ZOOM: std::ops::RangeInclusive<u8> = 9..=16;
/// Tiles kept, bytes; when full the store starts anew.
const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Tiles made at a time. A tile has always the same maker, so that many who ask for one that is not there make it once.
const MAKERS: usize = 2;

/// Makes the tile `z/x/y`; `None` beyond the map. Runs off the async threads.
pub type MakeTile = Arc<dyn Fn(u8, u32, u32) -> Option<Vec<u8>> + Send + Sync>;

/// A made tile and its strong tag.
#[derive(Clone)]
struct Tile {
    bytes: Bytes,
    etag: HeaderValue,
}

/// Bytes in all, and the tiles.
type Kept = (usize, HashMap<(u8, u32, u32), Tile>);

/// Tiles, made once and kept while there is room.
pub struct Tiles {
    make: MakeTile,
    kept: Mutex<Kept>,
    makers: [Arc<tokio::sync::Mutex<()>>; MAKERS],
}

impl Tiles {
    /// None made yet.
    pub fn new(make: MakeTile) -> Self {
        Self { make, kept: Mutex::default(), makers: Default::default() }
    }

    fn find(&self, key: (u8, u32, u32)) -> Option<Tile> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).1.get(&key).cloned()
    }

    fn keep(&self, key: (u8, u32, u32), tile: &Tile) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 + tile.bytes.len() > KEPT_BYTES_MAX {
            *kept = (0, HashMap::new());
        }
        kept.0 += tile.bytes.len();
        if let Some(before) = kept.1.insert(key, tile.clone()) {
            kept.0 -= before.bytes.len();
        }
    }
}

/// A named point.
#[derive(Serialize, ToSchema)]
pub struct NamedPoint {
    name: String,
    name_en: String,
    lat: f64,
    lon: f64,
}

/// What the map is.
#[derive(Serialize, ToSchema)]
pub struct MapInfo {
    name: String,
    bounds: [f64; 4],
    center: [f64; 2],
    attribution: String,
    generated: bool,
    tiles: &'static str,
    districts: Vec<NamedPoint>,
    stations: Vec<NamedPoint>,
    /// Of the subway, by name.
    lines: Vec<String>,
}

/// What the map is, and where its tiles are.
#[utoipa::path(get, path = "/v1/map", tag = "open", responses((status = 200, body = MapInfo)))]
pub async fn info(State(app): State<Arc<App>>) -> Json<MapInfo> {
    let data = &app.sight.map().data;
    let b = data.bounds;
    let named = |kind| data.labels.iter().filter(move |l| l.kind == kind).map(named_point).collect();
    Json(MapInfo {
        name: data.name.clone(),
        bounds: [b.west, b.south, b.east, b.north],
        center: [f64::midpoint(b.west, b.east), f64::midpoint(b.south, b.north)],
        attribution: data.attribution.clone(),
        generated: data.generated,
        tiles: "/tiles/{z}/{x}/{y}.mvt",
        districts: named(LabelKind::District),
        stations: named(LabelKind::Station),
        lines: data.subway.lines.iter().map(|line| line.name.clone()).collect(),
    })
}

fn named_point(label: &Label) -> NamedPoint {
    NamedPoint { name: label.name.clone(), name_en: label.name_en.clone(), lat: label.at.lat(), lon: label.at.lon() }
}

/// One vector tile.
pub async fn tile(
    State(app): State<Arc<App>>,
    Path((z, x, y)): Path<(String, String, String)>,
    Address(address): Address,
    headers: HeaderMap,
) -> Answer<Response> {
    if let Some(address) = address {
        app.tile_calls.take(address, app.env.now().0).map_err(too_many)?;
    }
    let key = parse_tile(&z, &x, &y).ok_or(Code::NotFound)?;
    let tile = match app.tiles.find(key) {
        Some(tile) => tile,
        None => make(&app, key).await?,
    };
    let cache = HeaderValue::from_static("private, max-age=86400");
    let common = [(header::ETAG, tile.etag.clone()), (header::CACHE_CONTROL, cache)];
    if headers.get(header::IF_NONE_MATCH) == Some(&tile.etag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.mapbox-vector-tile"))];
    Ok((common, kind, tile.bytes).into_response())
}

async fn make(app: &Arc<App>, key: (u8, u32, u32)) -> Answer<Tile> {
    let nth = key.1.wrapping_add(key.2) as usize % MAKERS;
    let maker = Arc::clone(&app.tiles.makers[nth]).lock_owned().await;
    if let Some(tile) = app.tiles.find(key) {
        return Ok(tile);
    }
    let app = Arc::clone(app);
    let made = tokio::task::spawn_blocking(move || {
        // Kept until the tile is there, though who asked may have gone.
        let _maker = maker;
        let bytes = Bytes::from((app.tiles.make)(key.0, key.1, key.2)?);
        let tile = Tile { etag: etag_of(&Sha256::digest(&bytes)), bytes };
        app.tiles.keep(key, &tile);
        Some(tile)
    });
    Ok(made.await.expect("a tile does not panic").ok_or(Code::NotFound)?)
}

/// A strong tag from a content hash.
pub(super) fn etag_of(hash: &[u8]) -> HeaderValue {
    let short = hash.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    HeaderValue::from_str(&format!("\"{short:032x}\"")).expect("hexadecimal digits are a header value")
}

/// Column and row must exist at that zoom.
pub(super) fn parse_tile(z: &str, x: &str, y: &str) -> Option<(u8, u32, u32)> {
    let z: u8 = z.parse().ok().filter(|z| ZOOM.contains(z))?;
    let side = 1_u32 << z;
    let x: u32 = x.parse().ok().filter(|x| *x < side)?;
    let y: u32 = y.strip_suffix(".mvt")?.parse().ok().filter(|y| *y < side)?;
    Some((z, x, y))
}
