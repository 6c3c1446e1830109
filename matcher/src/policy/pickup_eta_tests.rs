//! The base of all costs: `pickup_eta`.

use super::pickup_eta::felt_ms;
use crate::sample::{Facts, road};

#[test]
fn felt_time_is_the_eta_in_milliseconds_rounded_up() {
    for (eta, felt) in [(road(0.0), 0), (road(300.0), 300_000), (road(0.000_4), 1), (None, 0)] {
        let facts = Facts { eta, ..Facts::eligible() };
        assert_eq!(felt_ms(&facts.candidate(), &facts.context()), felt, "{eta:?}");
    }
}
