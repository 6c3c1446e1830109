//! A fix that tells no street, as the engine takes it: who is searched from where, in what time and how that is known, who is asked,
//! and what is shown.

use super::field::Field;
use super::plan::{World, step};
use super::plan_tests::{NOW, Scene, account, member, place, placed, trip};
use super::search::{Found, Search};
use crate::engine::guide::{Guide, Kept, Prefer};
use crate::http::sight::Sight;
use crate::live::Live;
use crate::record::{Member, Sure, UnderWay};
use crate::view::EtaView;
use geo::city::Lights;
use geo::eta::STRAIGHT_SPREAD;
use geo::road::data::{Access, MapData, RoadClass, Way};
use geo::road::subway::Subway;
use geo::road::{NoSaferWay, Profile, Profiles, Restriction, RoadMap, Rule, Zone};
use geo::{Bounds, EtaSource, Fix, FixKind, Position};
use matcher::model::{AccountId, Mode, OfferState, Phase, Timestamp};
use matcher::policy::limits;
use std::sync::{Arc, OnceLock};

/// Two banks 800 m apart with a bridge at either end, 3 km apart; between them an islet with a street of its own, to which nothing
/// leads; and south of the south bank's middle a lane of 200 m that cars may neither turn into nor out of.
fn river() -> &'static Arc<RoadMap> {
    static MAP: OnceLock<Arc<RoadMap>> = OnceLock::new();
    MAP.get_or_init(|| {
        let north = [0.0, 1_500.0, 3_000.0].map(|east| place(east, 800.0));
        let south = [0.0, 1_500.0, 3_000.0].map(|east| place(east, 0.0));
        let islet = [1_400.0, 1_600.0].map(|east| place(east, 380.0));
        let nodes = [&north[..], &south, &islet, &[place(1_500.0, -200.0)]].concat();
        let way = |nodes: &[u32]| Way {
            nodes: nodes.to_vec(),
            class: RoadClass::Residential,
            name: Way::NO_NAME,
            drive: Access::Both,
            walk: Access::Both,
            cycle: Access::Both,
            drive_kmh: 30,
            walk_kmh_tenths: 50,
            cycle_kmh_tenths: 150,
            bridge: false,
            tunnel: false,
        };
        let ways = [&[0, 1, 2][..], &[3, 4], &[4, 5], &[0, 3], &[2, 5], &[6, 7], &[4, 8]].map(way).to_vec();
        let no = |[from, to]: [u32; 2]| Restriction {
            rule: Rule::No,
            profiles: Profiles::NONE.with(Profile::Drive),
            from,
            via: Vec::new(),
            to,
            path: vec![4],
        };
        Arc::new(RoadMap::build(MapData {
            name: "a river".into(),
            attribution: "made for a test".into(),
            generated: true,
            bounds: Bounds::around(nodes.iter().copied()).unwrap(),
            nodes,
            ways,
            marks: Vec::new(),
            restrictions: [[6, 1], [6, 2], [1, 6], [2, 6]].map(no).to_vec(),
            subway: Subway::default(),
            names: Vec::new(),
            areas: Vec::new(),
            labels: Vec::new(),
        }))
    })
}

struct Stage {
    scene: Scene,
    field: Arc<Field>,
}

impl Stage {
    /// Staff on foot, each with a fix just taken.
    fn with(places: &[Position]) -> Self {
        let mut scene = Scene::with_staff(0);
        for (n, &at) in (0..).zip(places) {
            scene.add(n, at);
        }
        Self { scene, field: Arc::new(Field::new(Arc::clone(river()))) }
    }

    fn drives(&mut self, n: u32) {
        self.scene.roster.by_id.get_mut(&account(n)).unwrap().shift.as_mut().unwrap().mode = Mode::Drive;
        self.scene.roster.version += 1;
    }

    /// A phone says where it is, give or take.
    fn fix(&self, n: u32, position: Position, accuracy_m: f32, taken_at: Timestamp, seq: u32) {
        let kind = FixKind::Network;
        let fix = Fix { position, accuracy_m, kind, taken_at_ms: taken_at.0, session_epoch: 1, seq };
        assert!(self.scene.live.put(account(n), n, fix).is_kept());
    }

    /// Everybody found for somebody who waits there, soonest first.
    fn found(&self, pickup: Position, now: Timestamp) -> Vec<Found> {
        self.field.follow(&self.scene.live, &self.scene.roster, now);
        let due = trip(0, Phase::Matching, pickup);
        self.field.look(|look| {
            let mut search = Search::new(&due, look, &self.scene.roster, now, limits::PICKUP_ETA_S_MAX);
            std::iter::from_fn(|| search.draw()).collect()
        })
    }

    /// Who is asked.
    fn asked(&self, pickup: Position, now: Timestamp) -> Vec<AccountId> {
        self.field.follow(&self.scene.live, &self.scene.roster, now);
        let due = [trip(0, Phase::Matching, pickup)];
        let roster = &self.scene.roster;
        let decided = self.field.look(|look| step(&World { roster, field: look, settled: true }, now, &due));
        assert_eq!(decided.refused_by_check, []);
        let mut asked: Vec<AccountId> =
            placed(&decided.effects).into_iter().flat_map(|(_, crew)| crew).map(|(_, staff)| staff).collect();
        asked.sort_unstable();
        asked
    }

    /// What is shown of somebody who is on the way there, asked at `NOW` and promised in 100 s.
    fn shown(&self, n: u32, mode: Mode, pickup: Position, now: Timestamp) -> EtaView {
        let due = trip(0, Phase::EnRoute, pickup);
        let member = Member { phase: Phase::EnRoute, ..member(&due, 0, n, OfferState::Accepted) };
        let live = Arc::new(Live::in_process());
        let fix = self.scene.live.last_fix(account(n)).unwrap();
        live.put(account(n), n, fix);
        Sight::new(live, Arc::clone(&self.field), Arc::default()).eta(&due.row, &member, mode, now)
    }
}

fn codes(found: &Found) -> Vec<&'static str> {
    found.verdict.violations.iter().map(|v| v.code).collect()
}

/// Seconds on foot to a street that is so many metres off: less half a street's width, 3 metres for 10 more, at 5 km/h.
fn to_street_s(metres: f32) -> f32 {
    (metres - 35.0) * 1.3 / (5.0 / 3.6)
}

#[test]
fn who_is_in_the_river_comes_as_late_as_from_there_and_not_from_the_bank() {
    let pickup = place(1_500.0, 0.0);
    let stage = Stage::with(&[place(1_500.0, 350.0), place(1_200.0, 0.0), place(1_750.0, 0.0)]);
    let found = stage.found(pickup, NOW);
    let order: Vec<AccountId> = found.iter().map(|f| f.staff).collect();
    assert_eq!(order, [2, 1, 0].map(account), "250 and 300 m along the bank are nearer than 350 m of water");
    let afloat = &found[2];
    assert!((afloat.eta.seconds - to_street_s(350.0)).abs() < 2.0, "{:?}", afloat.eta);
    // Nobody knows a way over the water: it is as much of a guess as from farther out.
    assert_eq!((afloat.eta.source, afloat.off_road), (EtaSource::Straight, false));
    assert!((afloat.eta.p90_s - afloat.eta.seconds * STRAIGHT_SPREAD).abs() < 1.0, "{:?}", afloat.eta);
    assert_eq!(stage.asked(pickup, NOW), [1, 2].map(account));
    assert_eq!(stage.shown(0, Mode::Walk, pickup, NOW), EtaView::searched(afloat.eta, 0));
    // Farther from every street than is snapped, it is a straight line, and said to be.
    let stage = Stage::with(&[place(1_500.0, 1_310.0)]);
    let [adrift] = &stage.found(place(1_500.0, 800.0), NOW)[..] else { panic!("found all the same") };
    assert_eq!((adrift.eta.source, adrift.off_road), (EtaSource::Straight, true));
    assert!(adrift.eta.seconds > to_street_s(500.0), "{:?}", adrift.eta);
}

#[test]
fn an_islands_street_is_no_street_and_the_nearest_that_leads_anywhere_is_walked_to() {
    let (islet, bank) = (place(1_500.0, 380.0), place(1_500.0, 0.0));
    let stage = Stage::with(&[islet]);
    let [found] = &stage.found(bank, NOW)[..] else { panic!("one") };
    assert!((found.eta.seconds - to_street_s(380.0)).abs() < 2.0, "{:?}", found.eta);
    assert_eq!((found.eta.source, found.off_road), (EtaSource::Straight, false));
    let fix = stage.scene.live.last_fix(account(0)).unwrap();
    let stands = stage.field.place_of(account(0), &fix, Profile::Walk).unwrap();
    assert!(stands.snap.at.distance_m(bank) < 1.0, "they set out from the bank");
    assert_eq!(stage.shown(0, Mode::Walk, bank, NOW), EtaView::searched(found.eta, 0));
    // And whoever waits there is come to from the bank.
    let [found] = &Stage::with(&[bank]).found(islet, NOW)[..] else { panic!("one") };
    assert!((found.eta.seconds - to_street_s(380.0)).abs() < 2.0, "{:?}", found.eta);
}

#[test]
fn a_circle_of_two_kilometres_sends_nobody_and_shows_no_time() {
    let pickup = place(1_500.0, 0.0);
    let stage = Stage::with(&[place(1_200.0, 0.0), place(1_750.0, 0.0)]);
    for n in [0, 1] {
        stage.fix(n, pickup, 2_000.0, NOW, 2);
    }
    let found = stage.found(pickup, NOW);
    assert_eq!(found.len(), 2);
    for one in &found {
        assert_eq!(codes(one), ["coarse_fix"]);
    }
    assert_eq!(stage.asked(pickup, NOW), []);
    // What was promised is counted down, and then nobody knows.
    assert_eq!(stage.shown(0, Mode::Walk, pickup, NOW.plus_s(10)), EtaView::promised(100, Sure::guessed(100), 10));
    let later = NOW.plus_s(61);
    stage.fix(0, pickup, 2_000.0, later, 3);
    assert_eq!(stage.shown(0, Mode::Walk, pickup, later), EtaView::UNKNOWN);
    // Within 500 m they may be sent, from the nearest street.
    stage.fix(0, place(1_500.0, 100.0), 500.0, later, 4);
    let found = stage.found(pickup, later);
    let coarse = found.iter().find(|f| f.staff == account(0)).unwrap();
    assert_eq!(codes(coarse), [""; 0]);
    assert!((coarse.eta.seconds - to_street_s(100.0)).abs() < 2.0, "{:?}", coarse.eta);
    // They may be anywhere in that circle, and from its rim it takes ten minutes more.
    assert!(coarse.eta.p90_s > coarse.eta.seconds + 500.0 * 1.3 / 1.1, "{:?}", coarse.eta);
    assert_eq!(stage.shown(0, Mode::Walk, pickup, later), EtaView::searched(coarse.eta, 0));
}

#[test]
fn a_circle_of_two_kilometres_tells_nothing_of_when_a_trip_ends() {
    let mut stage = Stage::with(&[place(1_200.0, 0.0)]);
    let present = trip(9, Phase::Escorting, place(1_000.0, 0.0));
    let entry = stage.scene.roster.by_id.get_mut(&account(0)).unwrap();
    entry.duty = Some((present.row.trip.id, Phase::Escorting));
    let (pickup, dropoff) = (present.row.trip.pickup, place(1_500.0, 0.0));
    entry.under_way = Some(UnderWay { trip: present.row.trip.id, pickup, dropoff, has_car: false });
    for (seq, accuracy_m, is_known) in [(2, 500.0, true), (3, 2_000.0, false), (4, 8.0, true)] {
        let now = NOW.plus_s(i64::from(seq));
        stage.fix(0, place(1_200.0, 0.0), accuracy_m, now, seq);
        stage.field.follow(&stage.scene.live, &stage.scene.roster, now);
        assert_eq!(stage.field.ending(account(0)).is_some(), is_known, "{accuracy_m} m");
    }
}

#[test]
fn a_zone_off_the_streets_is_not_kept_out_of_by_a_way_along_them() {
    let field = Arc::new(Field::new(Arc::clone(river())));
    let guide = Guide::new(field, Lights::default());
    let (afloat, bank) = (place(1_500.0, 350.0), place(1_000.0, 0.0));
    let fix =
        |position| Fix { position, accuracy_m: 8.0, kind: FixKind::Gps, taken_at_ms: NOW.0, session_epoch: 1, seq: 1 };
    let kept =
        |mode, from, to, zone| guide.way(mode, Prefer::Fastest, (account(0), &fix(from)), to, &[zone]).unwrap().kept;
    let circle = |at, radius_m| Zone::circle(at, radius_m).unwrap();
    for mode in [Mode::Walk, Mode::Drive] {
        let around_it = || circle(afloat, 150.0);
        assert_eq!(kept(mode, bank, afloat, around_it()), Kept::Not(NoSaferWay::EndsInside), "{mode:?}");
        assert_eq!(kept(mode, afloat, bank, around_it()), Kept::Not(NoSaferWay::BeginsInside), "{mode:?}");
        let between = circle(place(1_500.0, 175.0), 60.0);
        assert_eq!(kept(mode, bank, afloat, between), Kept::Not(NoSaferWay::CutOff), "{mode:?}");
        assert_eq!(kept(mode, bank, afloat, circle(place(2_500.0, 350.0), 150.0)), Kept::Out, "{mode:?}");
    }
}

#[test]
fn a_fix_from_the_future_sends_nobody_before_its_time() {
    let pickup = place(1_500.0, 0.0);
    let ahead = NOW.plus_s(20);
    let stage = Stage::with(&[place(1_200.0, 0.0), place(1_750.0, 0.0)]);
    for n in [0, 1] {
        stage.fix(n, place(1_400.0, 0.0), 8.0, ahead, 2);
    }
    let found = stage.found(pickup, NOW);
    assert_eq!(found.iter().map(codes).collect::<Vec<_>>(), [["stale_fix"], ["stale_fix"]]);
    assert_eq!(stage.asked(pickup, NOW), []);
    assert_eq!(stage.shown(0, Mode::Walk, pickup, NOW), EtaView::promised(100, Sure::guessed(100), 0));
    assert_eq!(stage.asked(pickup, ahead), [0, 1].map(account), "then it is from now");
    let now = stage.found(pickup, ahead)[0].eta;
    assert_eq!(stage.shown(0, Mode::Walk, pickup, ahead), EtaView::searched(now, 0));
}

#[test]
fn who_is_outside_the_city_is_guessed_by_the_straight_line_and_it_is_said() {
    let (pickup, outside) = (place(2_900.0, 0.0), place(4_400.0, 0.0));
    let stage = Stage::with(&[outside, outside]);
    let found = stage.found(pickup, NOW);
    assert_eq!(found.len(), 2);
    for one in &found {
        assert_eq!((one.eta.source, one.off_road), (EtaSource::Straight, true));
        assert!((one.eta.seconds - 1_500.0 * 1.3 / 1.1).abs() < 3.0, "{:?}", one.eta);
    }
    assert_eq!(stage.asked(pickup, NOW), [0, 1].map(account), "nobody else is there");
    let shown = stage.shown(0, Mode::Walk, pickup, NOW);
    assert_eq!((shown, shown.eta_source), (EtaView::searched(found[0].eta, 0), Some("straight")));
    // Somebody by road comes first.
    let stage = Stage::with(&[outside, outside, place(1_000.0, 0.0), place(1_100.0, 0.0)]);
    assert_eq!(stage.asked(pickup, NOW), [2, 3].map(account));
}

#[test]
fn no_car_is_searched_in_a_lane_that_none_gets_out_of_nor_led_into_it() {
    let (corner, end) = (place(1_500.0, 0.0), place(1_500.0, -200.0));
    let mut stage = Stage::with(&[place(1_500.0, -100.0)]);
    stage.drives(0);
    let [found] = &stage.found(corner, NOW)[..] else { panic!("they are somebody's") };
    assert!((found.eta.seconds - to_street_s(100.0)).abs() < 2.0, "on foot out of the lane: {:?}", found.eta);
    assert_eq!(stage.shown(0, Mode::Drive, corner, NOW), EtaView::searched(found.eta, 0));
    let mut stage = Stage::with(&[place(1_200.0, 0.0), place(1_500.0, -100.0)]);
    stage.drives(0);
    let found = stage.found(end, NOW);
    assert_eq!(found[0].staff, account(1), "who walks is in the lane already");
    let (car, drive_s) = (&found[1], 300.0 / (30.0 / 3.6 * 0.8));
    assert!((car.eta.seconds - drive_s - to_street_s(200.0)).abs() < 3.0, "to the corner, then on foot: {:?}", car.eta);
    // Of that most is on foot and a guess; they may be sent for want of better ones.
    assert_eq!((car.eta.source, codes(car)), (EtaSource::Straight, vec![]));
}

#[test]
fn what_was_estimated_on_foot_is_not_shown_of_somebody_who_drives_now() {
    let stage = Stage::with(&[place(0.0, 0.0)]);
    stage.field.follow(&stage.scene.live, &stage.scene.roster, NOW);
    let due = trip(0, Phase::EnRoute, place(3_000.0, 0.0));
    let member = Member { phase: Phase::EnRoute, ..member(&due, 0, 0, OfferState::Accepted) };
    let live = Arc::new(Live::in_process());
    live.put(account(0), 0, stage.scene.live.last_fix(account(0)).unwrap());
    let sight = Sight::new(live, Arc::clone(&stage.field), Arc::default());
    let seconds = |mode| sight.eta(&due.row, &member, mode, NOW).eta_s.unwrap();
    let (walks, drives) = (seconds(Mode::Walk), seconds(Mode::Drive));
    assert!(drives * 3 < walks, "{drives} s by car, {walks} s on foot");
    assert_eq!(seconds(Mode::Walk), walks);
}
