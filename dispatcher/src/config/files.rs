//! Owns the looking into the files that the settings name, before anything is started: a mistake in one is told at once and leaves
//! nothing behind. What they mean is told by whoever reads them.

use super::{Config, ConfigProblem, problem};
use crate::tls;
use geo::road::RoadMap;
use geo::road::lit::read_points;

impl Config {
    /// Reads the map file's header, length and checksum, the lists of points and the TLS pair; all problems at once.
    pub fn check_files(&self) -> Result<(), Vec<ConfigProblem>> {
        let mut found = Vec::new();
        if let Some(map) = &self.map
            && let Err(error) = RoadMap::check(map)
        {
            found.push(problem("map", format!("{}: {error}", map.display())));
        }
        for (setting, list) in [("lamps", &self.lamps), ("cameras", &self.cameras)] {
            if let Some(Err(error)) = list.as_ref().map(|list| read_points(list)) {
                found.push(problem(setting, error.to_string()));
            }
        }
        if let Err(error) = tls::acceptor(self.tls_cert.as_deref(), self.tls_key.as_deref()) {
            found.push(problem("tls_cert, tls_key", format!("{error:#}")));
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}
