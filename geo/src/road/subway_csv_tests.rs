//! The files of Seoul's lines when they are there; small and damaged ones always.

use super::{SubwayError, SubwayFiles, parse};
use crate::road::load::tests::extract;
use crate::road::subway::Subway;

fn small() -> SubwayFiles {
    SubwayFiles {
        stations: "name,lon,lat\n가역,127.0,37.5\n나,127.01,37.5\n다(대학),127.02,37.5\n".into(),
        more_stations: String::new(),
        segments: "line,station,secs_from_previous\n1,가,0\n1,나,60\n1,라,90\n2,나,0\n2,다,120\n".into(),
        transfers: "line,station,to_line,walk_secs\n1,나,2호선,70\n2,나,1,80\n2,다,9호선,30\n".into(),
        headways: String::new(),
    }
}

fn rides(subway: &Subway) -> Vec<(String, String, u32)> {
    let name = |n: u32| subway.stops[n as usize].name.clone();
    subway.rides.iter().map(|r| (name(r.from), name(r.to), r.seconds)).collect()
}

#[test]
fn small_files_are_read() {
    let (subway, report) = parse(&small()).unwrap();
    assert_eq!(subway.lines.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let expected =
        [("가", "나", 60), ("나", "가", 60), ("나", "라", 90), ("라", "나", 90), ("나", "다", 120), ("다", "나", 120)];
    assert_eq!(rides(&subway), expected.map(|(a, b, s)| (a.to_owned(), b.to_owned(), s)));
    assert_eq!(
        subway.transfers.iter().map(|t| (t.from, t.to, t.seconds)).collect::<Vec<_>>(),
        [(1, 3, 70), (3, 1, 80)]
    );
    assert_eq!((report.transfers_elsewhere, &report.stations_without_place[..]), (1, &["라".to_owned()][..]));
    assert!(!subway.stops[2].open && subway.stops[1].open);
    assert_eq!((subway.wait_s(0, 8), subway.wait_s(1, 8), subway.wait_s(0, 3)), (Some(105), Some(75), None));
    assert_eq!(subway.wait_s(0, 0), Some(360), "the hour after midnight");
}

#[test]
fn ones_own_headways_stand_in_place_of_our_assumption_which_is_told_as_such() {
    let mut files = small();
    assert!(parse(&files).unwrap().1.headways_assumed);
    files.headways = "line,from_hour,to_hour,headway_s\n*,8,9,200\n2,23,25,1000\n".into();
    let (subway, report) = parse(&files).unwrap();
    assert!(!report.headways_assumed);
    let waits = |line| [7, 8, 23, 0].map(|hour| subway.wait_s(line, hour));
    assert_eq!(waits(0), [None, Some(100), None, None], "an hour that no row covers has no trains");
    assert_eq!(waits(1), [None, None, Some(500), Some(500)], "a line with rows of its own has only those");
    assert!(report.lines_without_trains.is_empty());
    files.headways = "line,from_hour,to_hour,headway_s\n2,8,9,200\n".into();
    assert_eq!(parse(&files).unwrap().1.lines_without_trains, ["1"], "what never runs is named");
    files.headways = "line,from_hour,to_hour,headway_s\n*,8,9,200\n02,8,9,100\n".into();
    let (subway, report) = parse(&files).unwrap();
    assert_eq!(
        (report.headways_of_no_line, subway.wait_s(1, 8)),
        (vec!["02".to_owned()], Some(100)),
        "a name mistyped is told"
    );
}

#[test]
fn trains_that_do_not_go_back_are_said_by_the_file() {
    let mut files = small();
    files.segments = "line,station,secs_from_previous,one_way\n1,가,0,\n1,나,60,1\n1,다,90,0\n".into();
    let expected = [("가", "나", 60), ("나", "다", 90), ("다", "나", 90)];
    assert_eq!(rides(&parse(&files).unwrap().0), expected.map(|(a, b, s)| (a.to_owned(), b.to_owned(), s)));
    files.segments.push_str("1,라,90,yes\n");
    assert_eq!(parse(&files).unwrap_err().to_string(), "segments.csv line 5: 1, 0 or nothing as one_way expected");
}

#[test]
fn a_branch_says_where_it_begins() {
    let mut files = small();
    files.segments = "line,station,secs_from_previous,previous\n1,가,0,\n1,나,60,\n1,다,90,가\n".into();
    assert_eq!(rides(&parse(&files).unwrap().0)[2], ("가".into(), "다".into(), 90));
    files.segments = "line,station,secs_from_previous,previous\n1,가,0,\n1,다,90,나\n".into();
    assert!(matches!(parse(&files), Err(SubwayError::Row { file: "segments.csv", line: 3, .. })));
}

#[test]
fn what_is_wrong_is_named() {
    let with = |change: &dyn Fn(&mut SubwayFiles)| {
        let mut files = small();
        change(&mut files);
        parse(&files).unwrap_err().to_string()
    };
    for (got, expected) in [
        (with(&|f| f.stations = "name,lat\n".into()), "stations.csv has no column lon"),
        (with(&|f| f.segments.clear()), "segments.csv has no column line"),
        (with(&|f| f.stations.push_str("마,x,37\n")), "stations.csv line 5: longitude expected"),
        (with(&|f| f.stations.push_str("마,200,37\n")), "stations.csv line 5: degrees expected"),
        (with(&|f| f.segments.push_str("2,가\n")), "segments.csv line 7: a field for every column expected"),
        (with(&|f| f.transfers.push_str("2,가,1,-4\n")), "transfers.csv line 5: seconds expected"),
        (with(&|f| f.segments.push_str("2,가,90000\n")), "segments.csv line 7: less than a day in seconds expected"),
        (
            with(&|f| f.headways = "line,from_hour,to_hour,headway_s\n*,9,7,60\n".into()),
            "headways.csv line 2: from_hour before to_hour expected",
        ),
        (
            with(&|f| f.headways = "line,from_hour,to_hour,headway_s\n*,7,9,60\n99,7,9,often\n".into()),
            "headways.csv line 3: seconds expected",
        ),
        (
            with(&|f| f.headways = "line,from_hour,to_hour,headway_s\n1,23,25,60\n1,0,5,90\n".into()),
            "headways.csv line 3: hours that no row above has for this line expected",
        ),
    ] {
        assert_eq!(got, expected);
    }
}

#[test]
fn seouls_lines_hang_together() {
    let Some(roads) = extract("seoul-jung-small.osm.pbf") else { return };
    let Some(folder) = roads.ancestors().nth(2).map(|d| d.join("subway")).filter(|d| d.is_dir()) else {
        println!("SKIPPED: no subway beside the roads");
        return;
    };
    let (subway, report) = parse(&SubwayFiles::read(&folder).unwrap()).unwrap();
    println!(
        "{} stops, {} rides, {} transfers, {report:?}",
        subway.stops.len(),
        subway.rides.len(),
        subway.transfers.len()
    );
    assert_eq!(subway.lines.len(), 8);
    assert!(report.stations_without_place.is_empty());
    assert!(subway.transfers.len() > 60);
    let rides = rides(&subway);
    let has = |a: &str, b: &str| rides.iter().any(|r| r.0 == a && r.1 == b);
    assert!(has("성수", "용답") && has("용답", "성수") && has("신도림", "도림천") && has("강동", "둔촌동"));
    assert!(!has("시청", "용답") && !has("신설동", "도림천") && !has("하남검단산", "둔촌동"));
    assert!(has("시청", "충정로") && has("응암", "역촌") && !has("역촌", "응암") && has("구산", "응암"));
    // No train is faster than 72 km/h between two stops: nothing is joined that does not belong together.
    for ride in &subway.rides {
        let (a, b) = (&subway.stops[ride.from as usize], &subway.stops[ride.to as usize]);
        let metres = a.at.distance_m(b.at);
        assert!(
            metres / f64::from(ride.seconds.max(1)) < 20.0,
            "{} to {}: {metres:.0} m in {} s",
            a.name,
            b.name,
            ride.seconds
        );
    }
}
