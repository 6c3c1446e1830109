//! Makes the graph file's seed of the extract's: `seeds EXTRACT GRAPH`.

use geo::road::RoadMap;
use geo::road::load::load_bytes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [extract, graph] = &paths[..] else { return Err("an extract and an output are needed".into()) };
    let (data, _) = load_bytes(&std::fs::read(extract)?, None)?;
    RoadMap::build(data).save(graph.as_ref())?;
    Ok(())
}
