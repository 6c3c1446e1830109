//! Fires and just does not: `unreachable`.

use super::unreachable::RULE;
use crate::sample::{calibrated, check_rule, road, straight};

#[test]
fn straight_line_never_decides_where_roads_do() {
    check_rule(
        &RULE,
        &[
            ("no ETA", true, |f| f.eta = None),
            ("straight line beside a road", true, |f| f.eta = straight(300.0)),
            ("straight line where there is no road", false, |f| {
                f.eta = straight(300.0);
                f.off_road = true;
            }),
            ("no ETA and no road", true, |f| {
                f.eta = None;
                f.off_road = true;
            }),
            ("a calibrated way", false, |f| f.eta = calibrated(300.0)),
            ("not a number", true, |f| f.eta = road(f32::NAN)),
            ("without end", true, |f| f.eta = road(f32::INFINITY)),
            ("negative", true, |f| f.eta = road(-1.0)),
            ("there already", false, |f| f.eta = road(0.0)),
        ],
    );
}
