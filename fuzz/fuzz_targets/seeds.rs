//! Makes the graph file's seed of the extract's: `seeds EXTRACT BODY`.

use geo::road::RoadMap;
use geo::road::load::load_bytes;

/// Length of a graph file's header.
const HEADER_BYTES: usize = 28;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [extract, body] = &paths[..] else { return Err("an extract and an output are needed".into()) };
    let (data, _) = load_bytes(&std::fs::read(extract)?, None)?;
    let whole = format!("{body}.whole");
    RoadMap::build(data).save(whole.as_ref())?;
    std::fs::write(body, &std::fs::read(&whole)?[HEADER_BYTES..])?;
    std::fs::remove_file(whole)?;
    Ok(())
}
