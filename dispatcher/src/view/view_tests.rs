//! Facts about who sees what, field by field.

use super::offer::{next_for_phone, partner_word};
use super::people::Duty;
use super::time;
use super::trip::{is_crewed, is_of_agency};
use super::*;
use crate::record::{Incident, Member, OfferRow, Role, RosterEntry, Sure, TripRow};
use geo::{Eta, EtaSource, Fix, FixKind, Position};
use matcher::model::{
    AccountId, AgencyId, BookingId, CrewRules, CrewSize, IncidentId, Leg, Offer, OfferId, OfferState, Phase, RiskGrade,
    Shift, Staff, StaffKind, Timestamp, Trip, TripId,
};
use serde_json::Value;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_795_474_800_000);

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn at(lat: f64, lon: f64) -> Position {
    Position::new(lat, lon).unwrap()
}

fn offer(n: u128, state: OfferState) -> Offer {
    Offer {
        id: OfferId(id(500 + n)),
        trip: TripId(id(1)),
        slot: n as u8,
        staff: AccountId(id(100 + n)),
        attempt: 1,
        eta_s: 300,
        offered_at: NOW,
        expires_at: NOW.plus_s(20),
        state,
    }
}

/// A trip in that phase with a crew of two from agencies 1 and 2.
fn row(phase: Phase) -> TripRow {
    let member = |n: u128| Member {
        barred: false,
        sure: Sure { p90_s: 465, source: EtaSource::Calibrated },
        offer: offer(n, if is_crewed(phase) { OfferState::Accepted } else { OfferState::Open }),
        display: format!("NAME{n}"),
        no: 110 + n as u32,
        agency: AgencyId(id(1 + n)),
        phase: if is_crewed(phase) { phase } else { Phase::Offered },
        after: None,
        next: None,
        has_car: false,
        later: false,
    };
    let crew = if phase >= Phase::Offered { vec![member(0), member(1)] } else { Vec::new() };
    TripRow {
        live_since: None,
        crew_was_late: false,
        trip: Trip {
            id: TripId(id(1)),
            booking: BookingId(id(2)),
            rider: AccountId(id(3)),
            leg: Leg::Single,
            crew_size: CrewSize::PAIR,
            pickup: at(37.512_345_6, 127.012_345_6),
            dropoff: at(37.598_765_4, 127.098_765_4),
            pickup_at: None,
            requested_at: NOW,
            escalated_at: None,
            phase,
            length: 840.into(),
            rules: CrewRules {
                agencies: vec![AgencyId(id(1))],
                gender: None,
                risk: RiskGrade::Standard,
                known: Vec::new(),
            },
        },
        pickup_label: Some("PICKUP".into()),
        dropoff_label: Some("DROPOFF".into()),
        crew,
        rider_word: Some("RIDERWORD".into()),
        crew_word: Some("CREWWORD".into()),
        updated_at: NOW,
        change_no: 7,
    }
}

fn json(view: &impl serde::Serialize) -> Value {
    serde_json::to_value(view).unwrap()
}

fn nothing_known(_: &Member) -> EtaView {
    EtaView::UNKNOWN
}

#[test]
fn a_rider_sees_the_crew_and_the_words_only_while_the_whole_crew_is_there() {
    for phase in Phase::ALL {
        let view = json(&trip_for_rider(&row(phase), nothing_known));
        let crewed = is_crewed(phase);
        assert_eq!(view["crew"].as_array().unwrap().len(), if crewed { 2 } else { 0 }, "{phase:?}");
        assert_eq!(view["word"].as_str(), crewed.then_some("RIDERWORD"), "{phase:?}");
        assert_eq!(view["partner_word"].as_str(), crewed.then_some("CREWWORD"), "{phase:?}");
        assert_eq!(view.get("pickup").is_some(), !phase.is_end(), "{phase:?}");
        assert_eq!(view["phase"], phase.word());
    }
}

#[test]
fn a_crew_member_sees_nothing_before_the_assignment_and_nothing_after_the_end() {
    for phase in Phase::ALL {
        let view = trip_for_crew(&row(phase), AccountId(id(100)), &[], NOW, nothing_known);
        assert_eq!(view.is_some(), is_crewed(phase), "{phase:?}");
        let Some(view) = view.map(|v| json(&v)) else { continue };
        assert_eq!(view["pickup"]["label"], "PICKUP");
        assert_eq!(view.get("dropoff").is_some(), phase >= Phase::Met, "{phase:?}");
        assert_eq!((view["word"].as_str(), view["partner_word"].as_str()), (Some("CREWWORD"), Some("RIDERWORD")));
        assert_eq!((view["crew"][0]["you"].as_bool(), view["crew"][1]["you"].as_bool()), (Some(true), Some(false)));
    }
}

#[test]
fn a_member_is_told_from_when_on_they_may_set_out_while_it_is_too_early() {
    let told = |pickup_at: Option<Timestamp>, own: Phase, now: Timestamp| {
        let mut row = row(Phase::Assigned);
        row.trip.pickup_at = pickup_at;
        row.crew[0].phase = own;
        let view = json(&trip_for_crew(&row, AccountId(id(100)), &[], now, nothing_known));
        view.get("set_out").cloned()
    };
    let pickup_at = NOW.plus_s(3_600);
    let from = matcher::schedule::may_set_out_from(pickup_at, 300);
    let early = Timestamp(from.0 - 1_500);
    let expected = serde_json::json!({"from": time::instant(from), "in_s": 2});
    assert_eq!(told(Some(pickup_at), Phase::Assigned, early), Some(expected), "rounded up: never told too soon");
    assert_eq!(told(Some(pickup_at), Phase::Assigned, from), None);
    assert_eq!(told(Some(pickup_at), Phase::Arrived, early), None, "already there");
    assert_eq!(told(None, Phase::Assigned, early), None, "a trip for now has no hour to wait for");
}

#[test]
fn a_stranger_to_the_crew_sees_nothing() {
    assert!(trip_for_crew(&row(Phase::EnRoute), AccountId(id(999)), &[], NOW, nothing_known).is_none());
}

#[test]
fn a_supervisor_sees_no_word_and_no_name_of_the_rider() {
    for phase in Phase::ALL {
        let text = json(&trip_for_supervisor(&row(phase), None, &[], nothing_known)).to_string();
        assert!(!text.contains("WORD") && !text.contains(&id(3).to_string()), "{phase:?}: {text}");
        assert!(!text.contains("PICKUP") && !text.contains("DROPOFF"), "places are revealed one by one: {text}");
        assert_eq!(text.contains("dropoff_area"), !phase.is_end(), "{phase:?}");
    }
    let open = json(&trip_for_supervisor(&row(Phase::Offered), None, &[], nothing_known));
    assert_eq!((&open["crew"][0]["phase"], &open["crew"][0]["offer_state"]), (&"offered".into(), &"open".into()));
}

#[test]
fn a_companys_supervisor_reads_only_its_own_names() {
    let view = json(&trip_for_supervisor(&row(Phase::EnRoute), Some(AgencyId(id(1))), &[], nothing_known));
    assert_eq!(view["crew"][0]["display"], "NAME0");
    assert!(view["crew"][1].get("display").is_none());
    assert!(is_of_agency(&row(Phase::Matching), AgencyId(id(1))), "its staff could be on it");
    assert!(is_of_agency(&row(Phase::EnRoute), AgencyId(id(2))), "its staff are on it");
    assert!(!is_of_agency(&row(Phase::Matching), AgencyId(id(2))));
}

fn offer_row(pickup: Position) -> OfferRow {
    OfferRow {
        offer: offer(0, OfferState::Open),
        sure: Sure { p90_s: 465, source: EtaSource::Road },
        pickup,
        pickup_at: None,
        trip_s: 840,
        after: None,
        crew_size: CrewSize::PAIR,
        partners: vec![OfferState::Open],
    }
}

#[test]
fn an_offer_shows_a_cell_and_nothing_finer() {
    let here = at(37.512_345_6, 127.012_345_6);
    let centre = json(&offer_for_phone(&offer_row(here), NOW));
    let centre = at(centre["area"]["lat"].as_f64().unwrap(), centre["area"]["lon"].as_f64().unwrap());
    // Every meeting point of the cell gives the same offer, byte for byte.
    for step in -3..=3 {
        let near = at(centre.lat() + f64::from(step) * 1e-4, centre.lon() + f64::from(step) * 1e-4);
        let (a, b) = (json(&offer_for_phone(&offer_row(near), NOW)), json(&offer_for_phone(&offer_row(here), NOW)));
        assert_eq!(a, b);
    }
    let text = json(&offer_for_phone(&offer_row(here), NOW)).to_string();
    assert!(!text.contains("37.51234") && !text.contains("127.01234"), "{text}");
    assert!(centre.distance_m(here) < 600.0);
}

#[test]
fn a_trip_to_follow_shows_a_cell_and_the_trip_itself_is_not_yet_theirs() {
    let mut row = row(Phase::Assigned);
    row.crew[0].after = Some(TripId(id(77)));
    let staff = row.crew[0].offer.staff;
    assert!(trip_for_crew(&row, staff, &[], NOW, nothing_known).is_none());
    let next = json(&next_for_phone(&row, staff));
    let keys: Vec<_> = next.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["area", "at", "crew_size", "eta_promised_on", "eta_source", "p90_at", "trip", "trip_s"]);
    let said = ["at", "p90_at"].map(|when| time::parse_instant(next[when].as_str().unwrap()).unwrap());
    assert_eq!(said, [NOW.plus_s(i64::from(row.crew[0].offer.eta_s)), NOW.plus_s(465)], "and how late it may become");
    assert_eq!((&next["eta_source"], &next["eta_promised_on"]), (&"promise".into(), &"calibrated".into()));
    assert!(!next.to_string().contains("37.51234") && !next.to_string().contains("PICKUP"), "{next}");
    assert!(next_for_phone(&row, row.crew[1].offer.staff).is_none(), "the other is on it");
    let rider = json(&trip_for_rider(&row, nothing_known));
    assert_eq!((&rider["crew"][0]["finishing"], rider["crew"][1].get("finishing")), (&true.into(), None));
    assert!(rider["crew"][0].get("after").is_none(), "which trip it is, is not the rider's");
    let partner = json(&trip_for_crew(&row, row.crew[1].offer.staff, &[], NOW, nothing_known));
    assert!(partner["crew"][0].get("after").is_none());
    let after = |agency| json(&trip_for_supervisor(&row, agency, &[], nothing_known))["crew"][0].get("after").cloned();
    assert_eq!(after(None), Some(id(77).to_string().into()));
    assert_eq!(after(Some(AgencyId(id(1)))), Some(id(77).to_string().into()));
    assert_eq!(after(Some(AgencyId(id(2)))), None, "another company's trip");
    row.crew[0].after = None;
    assert!(next_for_phone(&row, staff).is_none() && trip_for_crew(&row, staff, &[], NOW, nothing_known).is_some());
}

#[test]
fn an_offer_counts_down_to_nothing() {
    let left = |now| json(&offer_for_phone(&offer_row(at(37.5, 127.0)), now))["expires_in_s"].as_f64().unwrap();
    assert!((left(NOW) - 20.0).abs() < 1e-9);
    assert!((left(NOW.plus_s(18)) - 2.0).abs() < 1e-9 && left(NOW.plus_s(25)).abs() < 1e-9);
}

#[test]
fn the_slowest_partner_counts() {
    use OfferState::{Accepted, Declined, Open};
    assert_eq!(partner_word(&[Accepted, Open]), "open");
    assert_eq!(partner_word(&[Accepted, Accepted]), "accepted");
    assert_eq!(partner_word(&[Declined]), "none");
    assert_eq!(partner_word(&[]), "none");
}

#[test]
fn an_alarm_without_a_fix_says_unknown_and_lists_the_registered_places() {
    let mut incident = Incident {
        kind: crate::record::IncidentKind::Sos,
        id: IncidentId(id(9)),
        raised_by: AccountId(id(3)),
        role: Role::Rider,
        no: None,
        trip: Some(TripId(id(1))),
        raised_at: NOW,
        fix: None,
        acknowledged_by: None,
        acknowledged_at: None,
        change_no: 1,
    };
    let view = json(&IncidentView::full(&incident, Some(&row(Phase::EnRoute)), (None, None), None, NOW));
    assert!(view["position"].is_null());
    assert_eq!(
        (&view["registered"][0]["label"], &view["registered"][1]["label"]),
        (&"PICKUP".into(), &"DROPOFF".into())
    );
    incident.fix = Some(Fix {
        position: at(37.5, 127.0),
        accuracy_m: 2_000.0,
        kind: FixKind::Tower,
        taken_at_ms: NOW.0 - 65_000,
        session_epoch: 1,
        seq: 1,
    });
    let view = json(&IncidentView::full(&incident, None, (None, None), None, NOW));
    assert_eq!((&view["position"]["age_s"], &view["position"]["acc_m"]), (&65.into(), &2_000.0.into()));
    let walled = json(&IncidentView::without_places(&incident, Some(AgencyId(id(1)))));
    assert!(walled["position"].is_null() && walled["registered"].as_array().unwrap().is_empty());
}

#[test]
fn an_eta_says_how_it_is_known_and_null_where_it_is_not() {
    let shown = |eta| {
        let member = &json(&trip_for_rider(&row(Phase::EnRoute), move |_| eta))["crew"][0];
        let words = ["eta_s", "eta_p90_s", "eta_source", "eta_promised_on"];
        words.iter().filter_map(|word| member.get(word)).map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown(EtaView::searched(Eta::calibrated(100.0, 1.3), 10)), "90 120 \"calibrated\"");
    assert_eq!(shown(EtaView::searched(Eta::road(5.0), 10)), "0 0 \"road\"");
    let sure = Sure { p90_s: 90, source: EtaSource::Calibrated };
    assert_eq!(shown(EtaView::promised(50, sure, 8)), "42 82 \"promise\" \"calibrated\"");
    assert_eq!(shown(EtaView::promised(50, Sure::guessed(50), 60)), "0 40 \"promise\" \"straight\"");
    assert_eq!(shown(EtaView::UNKNOWN), "null null null");
    assert_eq!(shown(EtaView::NO_WAY), "null null \"no_way\"");
}

#[test]
fn a_shift_that_has_ended_is_off_shift_whatever_the_record_still_says() {
    let staff = AccountId(id(100));
    let shift =
        Shift { staff, starts_at: NOW, ends_at: NOW.plus_s(60), mode: matcher::model::Mode::Walk, worked_before_s: 0 };
    let entry = |duty| RosterEntry {
        staff: Staff {
            id: staff,
            no: 1,
            agency: AgencyId(id(1)),
            kind: StaffKind::Guard,
            gender: None,
            certified_until: NOW,
            conflicts: Vec::new(),
        },
        display: "d".into(),
        shift: Some(shift),
        duty,
        under_way: None,
        next: None,
        run: None,
    };
    assert_eq!(Duty::of(&entry(None), NOW), Duty::Available);
    assert_eq!(Duty::of(&entry(None), NOW.plus_s(60)), Duty::OffShift);
    assert_eq!(Duty::of(&entry(Some((TripId(id(1)), Phase::Met))), NOW.plus_s(60)), Duty::Escorting);
    assert_eq!(Duty::of(&entry(Some((TripId(id(1)), Phase::Offered))), NOW), Duty::Offered);
}

#[test]
fn times_go_out_and_come_back() {
    assert_eq!(time::instant(NOW), "2026-11-23T23:00:00Z");
    assert_eq!(time::parse_instant("2026-11-24T08:00:00+09:00"), Some(NOW));
    assert_eq!(time::parse_instant("2026-11-24"), None);
    assert_eq!(time::korean_date(NOW).map(time::date).as_deref(), Some("2026-11-24"));
    let eight = time::parse_time_of_day("08:10").unwrap();
    assert_eq!(time::time_of_day(eight), "08:10");
    for bad in ["8:10", "24:00", "08:60", "08:1", "0810", "+8:10", "08:10:00"] {
        assert_eq!(time::parse_time_of_day(bad), None, "{bad}");
    }
    assert_eq!(time::parse_date("2026-02-30"), None);
    assert!(time::instant(Timestamp(i64::MAX)).starts_with("9999"));
}

#[test]
fn a_fix_is_put_on_the_servers_clock_and_its_bad_field_named() {
    let fix = |change: fn(&mut FixIn)| {
        let mut fix = FixIn { lat: 37.5, lon: 127.0, acc_m: 5.0, kind: place::FixKindIn::Gps, age_ms: 300, seq: 17 };
        change(&mut fix);
        fix.parse(NOW)
    };
    let good = fix(|_| {}).unwrap();
    assert_eq!((good.taken_at_ms, good.seq), (NOW.0 - 300, 17));
    assert_eq!(fix(|f| f.age_ms = -5_000).unwrap().taken_at_ms, NOW.0, "clocks differ");
    assert_eq!(fix(|f| f.age_ms = -5_001).unwrap().taken_at_ms, NOW.0 + 5_001);
    assert_eq!(fix(|f| f.lat = 90.5), Err("lat"));
    assert_eq!(fix(|f| f.lon = -180.5), Err("lon"));
    for age_ms in [i64::MIN, i64::MAX] {
        let mut strange = FixIn { lat: 37.5, lon: 127.0, acc_m: -1.0, kind: place::FixKindIn::Gps, age_ms, seq: 17 };
        assert!(strange.parse(NOW).is_ok(), "judged, not refused");
        strange.lat = f64::NAN;
        assert_eq!(strange.parse(NOW), Err("lat"));
    }
}

#[test]
fn debug_output_hides_every_place() {
    let place = PlaceView::of(at(37.5, 127.0), Some("PICKUP"));
    let text = format!("{place:?} {:?}", PointIn { lat: 37.5, lon: 127.0 });
    assert!(!text.contains("37.5") && !text.contains("PICKUP"), "{text}");
}
