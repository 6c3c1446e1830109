//! Owns finding the streets the server knows: the generated city, made again from the same seed, or the same map file. A fleet on
//! other streets would measure nonsense, so a difference ends the start.

use crate::client::{Api, ApiError};
use geo::Bounds;
use geo::road::RoadMap;
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};

/// Bounds that differ by less than this many degrees are the same: the server may round them.
const SAME_DEGREES: f64 = 1e-4;

/// Why there are no streets.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreetsError {
    /// `GET /v1/map` failed.
    Api(ApiError),
    /// The server runs on a map file and none was given.
    MapNeeded(String),
    /// The file cannot be used.
    File(PathBuf, String),
    /// Not the server's map.
    Differs,
}

impl fmt::Display for StreetsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(e) => write!(f, "the server's map: {e}"),
            Self::MapNeeded(name) => {
                write!(f, "the server runs on the map \"{name}\": give the same file with --map FILE.graph")
            }
            Self::File(path, why) => write!(f, "map file {}: {why}", path.display()),
            Self::Differs => f.write_str(
                "the server's map is another one than ours (its bounds differ): give its file with --map, or its --city-seed, or use programs of one build",
            ),
        }
    }
}

impl std::error::Error for StreetsError {}

/// The map the server runs on: the file, or the city generated from the seed.
pub async fn of_server(api: &Api, file: Option<&Path>, city_seed: u64) -> Result<RoadMap, StreetsError> {
    let told = api.get("/v1/map").await.map_err(StreetsError::Api)?;
    let map = match file {
        Some(path) => {
            let path = path.to_owned();
            on_pool(move || RoadMap::load(&path).map_err(|e| StreetsError::File(path.clone(), e.to_string()))).await?
        }
        None if told["generated"] == true => {
            on_pool(move || Ok(RoadMap::build(geo::city::generate(city_seed)))).await?
        }
        None => return Err(StreetsError::MapNeeded(told["name"].as_str().unwrap_or_default().to_owned())),
    };
    if bounds(&told).is_none_or(|b| !same(&b, &map.data.bounds)) {
        return Err(StreetsError::Differs);
    }
    Ok(map)
}

async fn on_pool(
    work: impl FnOnce() -> Result<RoadMap, StreetsError> + Send + 'static,
) -> Result<RoadMap, StreetsError> {
    tokio::task::spawn_blocking(work).await.expect("making a map does not panic")
}

fn bounds(told: &Value) -> Option<Bounds> {
    let at = |i: usize| told["bounds"][i].as_f64();
    Some(Bounds { west: at(0)?, south: at(1)?, east: at(2)?, north: at(3)? })
}

fn same(a: &Bounds, b: &Bounds) -> bool {
    [(a.west, b.west), (a.south, b.south), (a.east, b.east), (a.north, b.north)]
        .iter()
        .all(|(x, y)| (x - y).abs() < SAME_DEGREES)
}
