//! Tables of tags and what they mean.

use super::{Tags, maxspeed_kmh};
use crate::road::data::{Access, AreaKind, LabelKind, RoadClass};
use crate::road::marks::MarkKind;

fn tags(text: &str) -> Tags<'_> {
    Tags::read(text.split_whitespace().map(|t| t.split_once('=').unwrap()))
}

#[test]
fn rights_and_directions() {
    use Access::{Backward, Both, Forward, No};
    for (text, drive, walk) in [
        ("highway=residential", Both, Both),
        ("highway=residential oneway=yes", Forward, Both),
        ("highway=residential oneway=-1", Backward, Both),
        ("highway=residential oneway=reversible", No, Both),
        ("highway=tertiary junction=roundabout", Forward, Both),
        ("highway=tertiary junction=roundabout oneway=no", Both, Both),
        ("highway=motorway", Forward, No),
        ("highway=motorway oneway=no", Both, No),
        ("highway=motorway_link", Both, No),
        ("highway=trunk", Both, No),
        ("highway=trunk_link foot=yes", Both, Both),
        ("highway=trunk motorroad=yes", Both, No),
        ("highway=trunk motorroad=yes foot=yes", Both, Both),
        ("highway=busway", No, No),
        ("highway=footway", No, Both),
        ("highway=footway access=yes", No, Both),
        ("highway=pedestrian motor_vehicle=destination", Both, Both),
        ("highway=steps", No, Both),
        ("highway=service access=private", No, No),
        ("highway=service access=private foot=yes", No, Both),
        ("highway=service access=no motorcar=yes", Both, No),
        ("highway=residential motor_vehicle=no", No, Both),
        ("highway=residential vehicle=no", No, Both),
        ("highway=residential vehicle=no motorcar=yes", Both, Both),
        ("highway=residential foot=no", Both, No),
        ("highway=secondary foot=use_sidepath", Both, Both),
        ("highway=residential access=destination", Both, Both),
    ] {
        let road = tags(text).road().unwrap();
        assert_eq!((road.drive, road.walk), (drive, walk), "{text}");
    }
}

#[test]
fn where_bicycles_may_ride() {
    use Access::{Backward, Both, Forward, No};
    for (text, cycle, kmh_tenths) in [
        ("highway=residential", Both, 140),
        ("highway=residential oneway=yes", Forward, 140),
        ("highway=residential oneway=yes oneway:bicycle=no", Both, 140),
        ("highway=residential oneway=yes cycleway=opposite", Both, 140),
        ("highway=residential oneway=yes cycleway:left=opposite_lane", Both, 140),
        ("highway=residential oneway=yes oneway:bicycle=yes cycleway=opposite", Forward, 140),
        ("highway=cycleway oneway=-1", Backward, 160),
        ("highway=cycleway", Both, 160),
        ("highway=footway", No, 60),
        ("highway=footway bicycle=yes", Both, 60),
        ("highway=footway bicycle=dismount", Both, 50),
        ("highway=steps", No, 20),
        ("highway=motorway", No, 150),
        ("highway=trunk motorroad=yes", No, 150),
        ("highway=residential motor_vehicle=no", Both, 140),
        ("highway=residential vehicle=no", No, 140),
        ("highway=residential vehicle=no bicycle=yes", Both, 140),
        ("highway=primary bicycle=use_sidepath", Both, 150),
        ("highway=primary bicycle=no", No, 150),
        ("highway=busway", No, 150),
        ("highway=service access=private bicycle=permissive", Both, 120),
    ] {
        let road = tags(text).road().unwrap();
        assert_eq!((road.cycle, road.cycle_kmh_tenths), (cycle, kmh_tenths), "{text}");
    }
}

#[test]
fn lights_and_crossings() {
    for (text, mark) in [
        ("highway=traffic_signals", Some(MarkKind::Signal)),
        ("highway=crossing", Some(MarkKind::Crossing)),
        ("highway=crossing crossing=zebra", Some(MarkKind::Crossing)),
        ("highway=crossing crossing=traffic_signals", Some(MarkKind::SignalCrossing)),
        ("highway=crossing crossing:signals=yes", Some(MarkKind::SignalCrossing)),
        ("highway=crossing crossing=no", None),
        ("highway=bus_stop", None),
        ("crossing=zebra", None),
    ] {
        assert_eq!(tags(text).mark(), mark, "{text}");
    }
}

#[test]
fn what_is_no_road_here_is_none() {
    for text in ["highway=construction", "highway=proposed", "highway=elevator", "building=yes", ""] {
        assert_eq!(tags(text).road(), None, "{text}");
    }
}

#[test]
fn posted_speeds() {
    for (text, kmh) in [
        ("50", Some(50.0)),
        ("50 mph", Some(80.467_2)),
        ("50mph", Some(80.467_2)),
        ("60 km/h", Some(60.0)),
        ("none", Some(130.0)),
        ("walk", Some(7.0)),
        ("30;50", Some(30.0)),
        ("KR:urban", Some(50.0)),
        ("signals", None),
        ("", None),
        ("-30", None),
        ("0", None),
        ("1.2.3", None),
        ("50 furlongs", None),
        ("시속50", None),
    ] {
        assert_eq!(maxspeed_kmh(text), kmh, "{text}");
    }
}

#[test]
fn speeds_come_from_the_sign_then_the_class() {
    let kmh = |text| tags(text).road().unwrap().drive_kmh;
    assert_eq!(kmh("highway=primary"), 55);
    assert_eq!(kmh("highway=primary maxspeed=70"), 70);
    assert_eq!(kmh("highway=primary maxspeed=fast"), 55);
    assert_eq!(kmh("highway=primary maxspeed=9999"), 130);
    assert_eq!(tags("highway=steps").road().unwrap().walk_kmh_tenths, 25);
    assert_eq!(tags("highway=path").road().unwrap().walk_kmh_tenths, 50);
    assert!(tags("highway=primary bridge=yes").road().unwrap().bridge);
    assert_eq!(tags("highway=trunk_link").road().unwrap().class, RoadClass::Primary);
}

#[test]
fn areas_and_labels() {
    assert_eq!(tags("natural=water").area(), Some(AreaKind::Water));
    assert_eq!(tags("waterway=riverbank").area(), Some(AreaKind::Water));
    assert_eq!(tags("leisure=park").area(), Some(AreaKind::Green));
    assert_eq!(tags("landuse=forest").area(), Some(AreaKind::Green));
    assert_eq!(tags("natural=wood").area(), Some(AreaKind::Green));
    assert_eq!(tags("landuse=residential").area(), None);
    assert_eq!(tags("place=suburb").label(), Some(LabelKind::District));
    assert_eq!(tags("railway=station").label(), Some(LabelKind::Station));
    assert_eq!(tags("station=subway").label(), Some(LabelKind::Station));
    assert_eq!(tags("shop=bakery").label(), None);
}
