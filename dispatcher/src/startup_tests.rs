//! Which lamps and cameras a server goes by.

use super::lights;
use crate::config::{Config, Flags};
use geo::road::RoadMap;

#[test]
fn the_generated_city_brings_its_own_lamps_unless_a_list_is_given_and_a_real_one_none() {
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), "lon,lat\n127.0,37.5\n").unwrap();
    let counted = |map: &RoadMap, flags: Flags| {
        let lights = lights(&Config::decide(flags).expect("valid"), map).unwrap();
        [lights.lamps.len(), lights.cameras.len()]
    };
    let generated = RoadMap::build(geo::city::generate_small(1));
    let own = counted(&generated, Flags::default());
    assert!(own[0] > 1_000 && own[1] > 100, "{own:?}");
    let listed = || Flags { cameras: Some(list.path().to_owned()), ..Flags::default() };
    assert_eq!(counted(&generated, listed()), [0, 1], "what is given is all there is");
    let mut real = geo::city::generate_small(1);
    real.generated = false;
    assert_eq!(counted(&RoadMap::build(real), Flags::default()), [0, 0], "of a real city nothing is made up");
}
