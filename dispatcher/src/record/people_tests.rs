//! The contract of accounts, codes, tokens, shifts and the roster.

use super::stage::*;
use super::*;
use jiff::civil::{date, time};
use matcher::model::{AgencyId, BookingKind, Commute, Mode, Phase, StaffKind, Timestamp, Weekdays};

#[tokio::test]
async fn a_code_works_once_in_time_and_however_it_is_typed() {
    let stage = Stage::new().await;
    let (code, until) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    assert_eq!(until, T0.plus_s(CODE_TTL_S));
    assert!(code.len() == 14 && code.split('-').all(|g| g.len() == 4), "{code}");
    assert!(stage.record.redeem_code(T0, "0000-0000-0000", None).await.unwrap().is_none());
    assert!(stage.record.redeem_code(until, &code, None).await.unwrap().is_none(), "too late");
    let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
    let (token, signed) = stage.record.redeem_code(T0, &typed, None).await.unwrap().unwrap();
    assert_eq!(signed.account.id, stage.rider);
    assert!(stage.record.redeem_code(T0, &code, None).await.unwrap().is_none(), "used up");
    assert_eq!(stage.record.authenticate(T0, &token).await.unwrap().unwrap(), signed);
}

#[tokio::test]
async fn who_lost_the_answer_to_a_code_gets_another_and_nobody_else_does() {
    let stage = Stage::new().await;
    let (code, _) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    let redeem = async |at: i64, key| stage.record.redeem_code(T0.plus_s(at), &code, key).await.unwrap();
    let lives = async |token: &str| stage.record.authenticate(T0.plus_s(60), token).await.unwrap().is_some();
    let (own, other) = (Some("a key of the page's own"), Some("a key of somebody else"));
    let (lost, first) = redeem(0, own).await.expect("fresh");
    for key in [None, other] {
        assert!(redeem(1, key).await.is_none(), "used up, by whoever comes with {key:?}");
    }
    assert!(lives(&lost).await, "who tries ends nothing");
    let (token, again) = redeem(60, own).await.expect("once more");
    assert_eq!((again.account, lives(&token).await, lives(&lost).await), (first.account, true, false));
    assert_ne!(token, lost);
    let revoked = stage.record.revocations_after(0).await.unwrap();
    assert_eq!((revoked.len(), revoked[0].token), (1, Some(first.token)), "its sockets close");
    assert!(redeem(CODE_AGAIN_S - 1, own).await.is_some(), "as often as it takes");
    assert!(redeem(CODE_AGAIN_S, own).await.is_none(), "counted from the first use");
}

#[tokio::test]
async fn a_code_that_was_used_before_the_clock_was_set_back_is_not_sent_again() {
    let stage = Stage::new().await;
    let (code, _) = stage.record.issue_code(T0.plus_s(3 * 3_600), Actor::Shell, stage.rider).await.unwrap().unwrap();
    let redeem = async |at: i64| stage.record.redeem_code(T0.plus_s(at), &code, Some("a key")).await.unwrap();
    assert!(redeem(3 * 3_600).await.is_some());
    for at in [0, 60, CODE_AGAIN_S + 1, 3 * 3_600 - 1] {
        assert!(redeem(at).await.is_none(), "nobody knows how long ago that was");
    }
}

#[tokio::test]
async fn a_code_sent_again_opens_nothing_that_was_shut_meanwhile() {
    let stage = Stage::new().await;
    let key = Some("a key of the page's own");
    let (signed_out, _) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    let (_, signed) = stage.record.redeem_code(T0, &signed_out, key).await.unwrap().unwrap();
    stage.record.revoke_token(T0, signed.token).await.unwrap();
    assert!(stage.record.redeem_code(T0, &signed_out, key).await.unwrap().is_none(), "signed out");
    let (suspended, _) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    stage.record.redeem_code(T0, &suspended, key).await.unwrap().unwrap();
    let (keyless, _) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    stage.record.redeem_code(T0, &keyless, None).await.unwrap().unwrap();
    for key in [None, key] {
        assert!(stage.record.redeem_code(T0, &keyless, key).await.unwrap().is_none(), "it came without a key");
    }
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    stage.record.suspend(T0, stage.rider, admin, "r").await.unwrap().unwrap();
    assert!(stage.record.redeem_code(T0, &suspended, key).await.unwrap().is_none(), "suspended");
}

#[tokio::test]
async fn an_unused_token_ends_and_nobody_guesses_it() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    assert_eq!(token.len(), 64);
    let lives = async |now, token: &str| stage.record.authenticate(now, token).await.unwrap().is_some();
    assert!(lives(Timestamp(T0.plus_s(token_ttl_s(Role::Rider)).0 - 1), &token).await);
    assert!(!lives(T0.plus_s(token_ttl_s(Role::Rider)), &token).await);
    assert!(!lives(T0, &token[1..]).await);
    assert!(!lives(T0, "").await);
}

#[tokio::test]
async fn a_token_in_use_goes_on_but_not_for_ever() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let row = stage.record.authenticate(T0, &token).await.unwrap().unwrap().token;
    let ttl_s = token_ttl_s(Role::Rider);
    let mut now = T0;
    let end = T0.plus_s(TOKEN_AGE_MAX_S);
    while now.plus_s(ttl_s - 1) < end {
        now = now.plus_s(ttl_s - 1);
        assert!(stage.record.renew_tokens(&[(row, now)]).await.unwrap()[0].is_some(), "in use");
    }
    assert!(stage.record.authenticate(Timestamp(end.0 - 1), &token).await.unwrap().is_some());
    assert!(stage.record.authenticate(end, &token).await.unwrap().is_none());
    assert!(stage.record.renew_tokens(&[(row, end)]).await.unwrap()[0].is_none());
}

#[tokio::test]
async fn a_token_outlives_its_time_during_a_trip_that_was_open_then_and_no_other() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let lives = async |now| stage.record.authenticate(now, &token).await.unwrap().is_some();
    let over = T0.plus_s(token_ttl_s(Role::Rider));
    let trip = stage.trip("k").await;
    assert!(lives(over.plus_s(60)).await, "the trip was open when its time ran out");
    stage.record.cancel(over.plus_s(60), trip, hand(stage.rider)).await.unwrap().unwrap();
    assert!(!lives(over.plus_s(60)).await);
    let later = booking(stage.rider, "k2", BookingKind::Now);
    stage.record.book(over.plus_s(120), &later).await.unwrap().unwrap();
    assert!(!lives(over.plus_s(120)).await, "a later trip does not wake a dead token");
}

#[tokio::test]
async fn a_token_outlives_its_time_during_an_alarm_of_its_account() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let lives = async |now| stage.record.authenticate(now, &token).await.unwrap().is_some();
    let over = T0.plus_s(token_ttl_s(Role::Rider));
    let rider = stage.record.account(stage.rider).await.unwrap().unwrap();
    let alarm = stage.record.raise_sos(over.plus_s(-60), &rider, None, None).await.unwrap().unwrap();
    assert!(lives(over.plus_s(60)).await, "the alarm was open when its time ran out");
    let desk = stage.record.create_supervisor(T0, Actor::Shell, stage.agency, "v").await.unwrap().unwrap();
    stage.record.acknowledge_incident(over.plus_s(60), alarm, &desk).await.unwrap().unwrap();
    assert!(!lives(over.plus_s(60)).await);
    stage.record.raise_sos(over.plus_s(120), &rider, None, None).await.unwrap().unwrap();
    assert!(!lives(over.plus_s(120)).await, "a later alarm does not wake a dead token");
}

#[tokio::test]
async fn pruning_leaves_tokens_that_an_open_trip_keeps_alive() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let idle = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    stage.record.issue_token(T0, idle).await.unwrap().unwrap();
    let trip = stage.trip("k").await;
    let later = T0.plus_s(token_ttl_s(Role::Rider) + 30 * 3_600);
    assert_eq!(stage.record.prune(later).await.unwrap(), 1, "only the token that nothing keeps alive");
    assert!(
        stage.record.authenticate(later, &token).await.unwrap().is_some(),
        "the rider under way is still signed in"
    );
    stage.record.cancel(later, trip, hand(stage.rider)).await.unwrap().unwrap();
    assert_eq!(stage.record.prune(later).await.unwrap(), 1);
}

#[tokio::test]
async fn revocations_are_read_by_the_page_and_forgotten_when_no_token_can_be_as_old() {
    const PAGE: usize = 1_000;
    let stage = Stage::new().await;
    for _ in 0..3 {
        stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    }
    sqlx::query(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i <= 1000)
         insert into revocations (account, token, at) select ?, i, ? from n",
    )
    .bind(row::blob(stage.rider.0))
    .bind(T0.0)
    .execute(&stage.record.write)
    .await
    .unwrap();
    let first = stage.record.revocations_after(0).await.unwrap();
    assert_eq!(first.len(), PAGE);
    let rest = stage.record.revocations_after(first[PAGE - 1].id).await.unwrap();
    assert_eq!(rest.len(), 1);
    let last = rest[0].id;
    assert!(stage.record.revocations_after(last).await.unwrap().is_empty());
    stage.record.prune(T0.plus_s(TOKEN_AGE_MAX_S)).await.unwrap();
    assert_eq!(stage.record.revocations_after(PAGE as i64).await.unwrap().len(), 1, "as old as a token can be");
    stage.record.prune(T0.plus_s(TOKEN_AGE_MAX_S + 1)).await.unwrap();
    assert!(stage.record.revocations_after(0).await.unwrap().is_empty());
    let later = T0.plus_s(TOKEN_AGE_MAX_S + 1);
    let token = stage.record.issue_token(later, stage.rider).await.unwrap().unwrap();
    let signed = stage.record.authenticate(later, &token).await.unwrap().unwrap();
    stage.record.revoke_token(later, signed.token).await.unwrap();
    assert!(stage.record.revocations_after(last).await.unwrap().len() == 1, "numbers do not begin again");
}

#[tokio::test]
async fn no_secret_is_in_the_file() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let (code, _) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    stage.record.close().await;
    for entry in std::fs::read_dir(stage.dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in [&token, &code, &code.replace('-', "")] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()));
        }
    }
}

#[tokio::test]
async fn a_revoked_token_is_dead_and_its_sister_lives() {
    let stage = Stage::new().await;
    let a = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let b = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let row = stage.record.authenticate(T0, &a).await.unwrap().unwrap().token;
    for _ in 0..2 {
        stage.record.revoke_token(T0, row).await.unwrap();
    }
    assert!(stage.record.authenticate(T0, &a).await.unwrap().is_none());
    assert!(stage.record.authenticate(T0, &b).await.unwrap().is_some());
    let revoked = stage.record.revocations_after(0).await.unwrap();
    assert_eq!((revoked.len(), revoked[0].account, revoked[0].token), (1, stage.rider, Some(row)));
}

#[tokio::test]
async fn a_suspended_account_has_no_way_in() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let (code, _) = stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(stage.record.suspend(T0, stage.rider, admin, "r").await.unwrap(), Ok(()));
    }
    assert!(stage.record.authenticate(T0, &token).await.unwrap().is_none());
    assert!(stage.record.redeem_code(T0, &code, None).await.unwrap().is_none());
    assert!(stage.record.issue_token(T0, stage.rider).await.unwrap().is_none());
    assert!(stage.record.issue_code(T0, Actor::Shell, stage.rider).await.unwrap().is_none());
    assert!(stage.record.account(stage.rider).await.unwrap().is_some(), "but is still on the record");
    let revoked = stage.record.revocations_after(0).await.unwrap();
    assert_eq!((revoked.len(), revoked[0].account, revoked[0].token), (1, stage.rider, None));
    let nobody = matcher::model::AccountId(stage.agency.0);
    assert_eq!(stage.record.suspend(T0, nobody, admin, "r").await.unwrap(), Err(Refusal::NotFound));
}

#[tokio::test]
async fn a_suspended_member_gives_the_slot_back_and_leaves_the_roster() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.record.suspend(T0, a, admin, "r").await.unwrap().unwrap();
    let row = stage.row(trip).await;
    assert_eq!((row.trip.phase, row.crew.len(), row.crew[0].offer.staff), (Phase::Matching, 1, b));
    assert!(stage.record.roster(T0).await.unwrap().iter().all(|e| e.staff.id != a));
    let other = stage.trip("o").await;
    let spare = stage.staff(1).await[0];
    assert_eq!(stage.place(T0, other, &[a, spare]).await, Applied::LostRace);
}

#[tokio::test]
async fn a_member_suspended_after_the_meeting_is_an_incident_until_a_supervisor_acts() {
    for act in ["release", "complete"] {
        let stage = Stage::new().await;
        let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
        let (trip, [a, b]) = stage.assigned("k").await;
        stage.walk_to(trip, &[a, b], Phase::Met).await;
        assert_eq!(stage.record.release(T0, trip, hand(admin)).await.unwrap(), Err(Refusal::WrongPhase(Phase::Met)));
        stage.record.suspend(T0, a, admin, "r").await.unwrap().unwrap();
        let open = stage.record.open_incidents().await.unwrap();
        let seen: Vec<_> = open.iter().map(|i| (i.kind, i.raised_by, i.trip)).collect();
        assert_eq!(seen, [(IncidentKind::StaffSuspended, a, Some(trip))]);
        let row = stage.row(trip).await;
        assert_eq!(row.trip.phase, Phase::Met);
        assert_eq!(row.crew.iter().map(|m| (m.offer.staff, m.barred)).collect::<Vec<_>>(), [(a, true), (b, false)]);
        if act == "release" {
            stage.record.release(T0, trip, hand(admin)).await.unwrap().unwrap();
            let row = stage.row(trip).await;
            assert_eq!(row.trip.phase, Phase::Met, "the other goes on with the rider");
            assert_eq!(row.crew.iter().map(|m| m.offer.staff).collect::<Vec<_>>(), [b]);
            assert_eq!(
                (stage.last_mail(a).await, stage.last_mail(b).await),
                ("trip_gone:released".into(), "trip".into())
            );
            stage.record.suspend(T0, b, admin, "r").await.unwrap().unwrap();
            let last = stage.record.release(T0, trip, hand(admin)).await.unwrap();
            assert_eq!(last, Err(Refusal::WrongPhase(Phase::Met)), "nobody would be left");
        } else {
            for _ in 0..2 {
                assert_eq!(stage.record.complete_by_hand(T0, trip, hand(admin)).await.unwrap(), Ok(()));
            }
            assert_eq!(stage.phase(trip).await, Phase::Completed);
            assert_eq!(stage.duty(b).await, None);
        }
    }
}

#[tokio::test]
async fn completing_by_hand_is_for_trips_that_have_met() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    for phase in [Phase::Assigned, Phase::Arrived] {
        stage.walk_to(trip, &crew, phase).await;
        let refused = stage.record.complete_by_hand(T0, trip, hand(stage.rider)).await.unwrap();
        assert_eq!(refused, Err(Refusal::WrongPhase(phase)));
    }
}

#[tokio::test]
async fn a_suspended_riders_trips_and_commutes_end_and_one_that_has_met_is_an_incident() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    let (met, crew) = stage.assigned("met").await;
    stage.walk_to(met, &crew, Phase::Met).await;
    let later = stage.book("later", BookingKind::At(T0.plus_s(7_200))).await.trips[0];
    let week = Commute {
        days: Weekdays::MON_FRI,
        outward_at: time(14, 0, 0, 0),
        return_at: time(18, 0, 0, 0),
        from: date(2026, 11, 24),
        until: date(2026, 12, 24),
        skips: vec![],
    };
    let series = stage.book("week", BookingKind::Commute(week)).await;
    stage.record.suspend(T0, stage.rider, admin, "r").await.unwrap().unwrap();
    assert_eq!(stage.phase(met).await, Phase::Met);
    for trip in series.trips.into_iter().chain([later]) {
        assert_eq!(stage.phase(trip).await, Phase::Cancelled);
    }
    assert_eq!(stage.record.expand_series(T0.plus_s(86_400)).await.unwrap(), 0);
    let open = stage.record.open_incidents().await.unwrap();
    let seen: Vec<_> = open.iter().map(|i| (i.kind, i.raised_by, i.trip)).collect();
    assert_eq!(seen, [(IncidentKind::RiderSuspended, stage.rider, Some(met))]);
}

#[tokio::test]
async fn who_becomes_tied_to_the_rider_gives_the_slot_back_at_once() {
    for from in [Phase::Offered, Phase::Assigned, Phase::Arrived] {
        let stage = Stage::new().await;
        let trip = stage.trip("k").await;
        let crew = stage.staff(2).await;
        stage.place(T0, trip, &crew).await;
        if from > Phase::Offered {
            for member in &crew {
                stage.answer(T0, *member, true).await.unwrap();
            }
            stage.walk_to(trip, &crew, from).await;
        }
        let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
        stage.record.add_conflict(T0, Actor::Shell, crew[0], other).await.unwrap();
        assert_eq!(stage.duty(crew[0]).await.map(|d| d.0), Some(trip), "tied to another rider");
        for _ in 0..2 {
            stage.record.add_conflict(T0, Actor::Shell, crew[0], stage.rider).await.unwrap();
        }
        assert_eq!(stage.duty(crew[0]).await, None, "from {}", from.word());
        let told = if from == Phase::Offered { "offer_closed:taken_back" } else { "trip_gone:released" };
        assert_eq!(stage.last_mail(crew[0]).await, told);
        assert!(stage.record.trip_of_staff(crew[0]).await.unwrap().is_none());
        assert!(stage.record.open_incidents().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn who_becomes_tied_to_the_rider_after_the_meeting_is_an_incident_that_does_not_say_why() {
    let stage = Stage::new().await;
    let (trip, [a, b]) = stage.assigned("k").await;
    stage.walk_to(trip, &[a, b], Phase::Escorting).await;
    for _ in 0..2 {
        stage.record.add_conflict(T0, Actor::Shell, b, stage.rider).await.unwrap();
    }
    let open = stage.record.open_incidents().await.unwrap();
    let seen: Vec<_> = open.iter().map(|i| (i.kind, i.raised_by, i.trip)).collect();
    assert_eq!(seen, [(IncidentKind::MemberBarred, b, Some(trip))]);
    assert_eq!(stage.row(trip).await.crew.iter().map(|m| m.barred).collect::<Vec<_>>(), [false, true]);
    stage.record.release(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    assert_eq!(stage.row(trip).await.crew.len(), 1);
    assert_eq!(stage.duty(b).await, None);
}

#[tokio::test]
async fn the_audit_names_who_set_people_up() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    let by = Actor::Account(admin);
    let agency = stage.record.create_agency(T0, by, "b", false).await.unwrap().id;
    let new =
        NewStaff { agency, name: "s".into(), kind: StaffKind::Guard, gender: None, certified_until: T0.plus_s(86_400) };
    let staff = stage.record.create_staff(T0, by, &new).await.unwrap().unwrap().id;
    let rider = stage.record.create_rider(T0, by, &new_rider()).await.unwrap().id;
    stage.record.create_supervisor(T0, by, agency, "v").await.unwrap().unwrap();
    stage.record.add_conflict(T0, by, staff, rider).await.unwrap();
    stage.record.issue_code(T0, by, staff).await.unwrap().unwrap();
    stage.record.issue_code(T0, Actor::Shell, staff).await.unwrap().unwrap();
    let rows: Vec<(String, Option<Vec<u8>>, String)> =
        sqlx::query_as("select action, actor, detail from audit order by id")
            .fetch_all(&stage.record.read)
            .await
            .unwrap();
    let by_admin: Vec<&str> = rows.iter().filter(|r| r.1 == Some(row::blob(admin.0))).map(|r| r.0.as_str()).collect();
    let expected =
        ["agency_created", "staff_created", "rider_created", "supervisor_created", "conflict_added", "code_issued"];
    assert_eq!(by_admin, expected);
    assert!(rows.iter().all(|r| r.1.is_some() || r.2 == "shell"), "{rows:?}");
    assert!(matches!(stage.record.verify_audit().await.unwrap(), AuditChain::Intact(_)));
}

#[tokio::test]
async fn the_audit_of_a_conflict_names_both() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    let staff = stage.off_shift().await;
    stage.record.add_conflict(T0, Actor::Shell, staff, stage.rider).await.unwrap();
    stage.record.add_conflict(T0, Actor::Account(admin), staff, other).await.unwrap();
    let rows = stage.record.audit_of(staff.0, 2).await.unwrap();
    let action = || "conflict_added".to_owned();
    let expected = [(Some(admin), action(), other.0.to_string()), (None, action(), format!("shell {}", stage.rider.0))];
    assert_eq!(rows, expected);
    assert!(matches!(stage.record.verify_audit().await.unwrap(), AuditChain::Intact(_)));
}

#[tokio::test]
async fn session_epochs_count_up_across_lives() {
    let mut stage = Stage::new().await;
    let next = async |stage: &Stage, who| stage.record.next_session_epoch(who, None).await.unwrap().unwrap().epoch;
    assert_eq!(next(&stage, stage.rider).await, 1);
    stage.reopen().await;
    assert_eq!(next(&stage, stage.rider).await, 2);
    let other = stage.off_shift().await;
    assert_eq!(next(&stage, other).await, 1);
}

#[tokio::test]
async fn unit_numbers_are_unique_and_an_unknown_agency_is_a_value() {
    let stage = Stage::new().await;
    stage.staff(3).await;
    let mut numbers: Vec<u32> = stage.record.roster(T0).await.unwrap().iter().map(|e| e.staff.no).collect();
    assert_eq!(numbers.len(), 3);
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
    let nobody = AgencyId(stage.rider.0);
    assert!(stage.record.create_supervisor(T0, Actor::Shell, nobody, "v").await.unwrap().is_none());
}

#[tokio::test]
async fn the_roster_knows_shift_duty_and_conflicts_and_its_version_follows() {
    let stage = Stage::new().await;
    let staff = stage.off_shift().await;
    let mut version = stage.record.roster_version().await.unwrap();
    let mut moved = async |what: &str| {
        let now = stage.record.roster_version().await.unwrap();
        assert!(now > version, "{what}");
        version = now;
    };
    stage.record.start_shift(T0, staff, NewShift { mode: Mode::Drive, hours: 2 }).await.unwrap().unwrap();
    moved("shift").await;
    let other = stage.record.create_rider(T0, Actor::Shell, &new_rider()).await.unwrap().id;
    assert!(stage.record.add_conflict(T0, Actor::Shell, staff, other).await.unwrap());
    assert!(!stage.record.add_conflict(T0, Actor::Shell, other, staff).await.unwrap(), "the wrong way round");
    moved("conflict").await;
    let trip = stage.trip("k").await;
    let partner = stage.staff(1).await[0];
    stage.place(T0, trip, &[staff, partner]).await;
    moved("offer").await;
    let roster = stage.record.roster(T0).await.unwrap();
    let entry = roster.iter().find(|e| e.staff.id == staff).unwrap();
    assert_eq!(entry.duty, Some((trip, Phase::Offered)));
    assert_eq!(entry.staff.conflicts, [other]);
    assert_eq!(entry.shift.unwrap().mode, Mode::Drive);
    let later = stage.record.roster(T0.plus_s(2 * 3_600)).await.unwrap();
    assert!(later.iter().find(|e| e.staff.id == staff).unwrap().shift.is_none(), "it has run out");
    stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    moved("release").await;
}

#[tokio::test]
async fn reading_only_changes_gives_the_roster_that_a_first_reading_gives() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, Actor::Shell, "x").await.unwrap().id;
    let same = async |after: &str| {
        let changes = stage.record.roster(T0).await.unwrap();
        let fresh = Record::open_beside(stage.dir.path(), env(99)).await.unwrap();
        assert_eq!(format!("{changes:?}"), format!("{:?}", fresh.roster(T0).await.unwrap()), "after {after}");
        fresh.close().await;
    };
    same("nothing").await;
    let staff = stage.staff(4).await;
    same("shifts").await;
    let (trip, other) = (stage.trip("a").await, stage.trip("b").await);
    stage.place(T0, trip, &staff[0..2]).await;
    same("offers").await;
    assert_eq!(stage.place(T0, other, &[staff[2], staff[1]]).await, Applied::LostRace);
    same("a lost race").await;
    stage.answer(T0, staff[0], true).await.unwrap();
    stage.answer(T0, staff[1], true).await.unwrap();
    stage.walk_to(trip, &staff[0..2], Phase::Met).await;
    same("the meeting").await;
    stage.record.add_conflict(T0, Actor::Shell, staff[3], stage.rider).await.unwrap();
    stage.record.suspend(T0, staff[2], admin, "r").await.unwrap().unwrap();
    same("a suspension").await;
    stage.record.enrol(T0, "load", 3, 0, 0).await.unwrap();
    stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    stage.record.end_shift(T0, staff[0]).await.unwrap().unwrap();
    same("the end").await;
}

#[tokio::test]
async fn hours_of_the_last_day_count_as_worked() {
    let stage = Stage::new().await;
    let staff = stage.off_shift().await;
    let start = async |hours_later: i64| {
        let shift = NewShift { mode: Mode::Walk, hours: 8 };
        stage.record.start_shift(T0.plus_s(hours_later * 3_600), staff, shift).await.unwrap().unwrap().worked_before_s
    };
    assert_eq!(start(0).await, 0);
    assert_eq!(start(3).await, 3 * 3_600, "replaced after three hours");
    assert_eq!(start(20).await, 11 * 3_600, "the second ran out after eight");
    assert_eq!(start(30).await, (5 + 8) * 3_600, "only what lies within 24 h");
}

#[tokio::test]
async fn enrolled_accounts_can_sign_in_and_work() {
    let stage = Stage::new().await;
    let enrolled = stage.record.enrol(T0, "load", 1_500, 1_200, 2).await.unwrap();
    assert_eq!((enrolled.staff.len(), enrolled.riders.len(), enrolled.supervisors.len()), (1_500, 1_200, 2));
    for people in [&enrolled.staff, &enrolled.riders, &enrolled.supervisors] {
        let (account, token) = people.last().unwrap();
        assert_eq!(&stage.record.authenticate(T0, token).await.unwrap().unwrap().account, account);
    }
    let rider = enrolled.riders[0].0.id;
    let new = booking(rider, "k", matcher::model::BookingKind::Now);
    let trip = stage.record.book(T0, &new).await.unwrap().unwrap().trips[0];
    assert_eq!(stage.row(trip).await.trip.rules.agencies, [enrolled.agency]);
    let crew = [enrolled.staff[0].0.id, enrolled.staff[1].0.id];
    for member in crew {
        stage.record.start_shift(T0, member, NewShift { mode: Mode::Walk, hours: 8 }).await.unwrap().unwrap();
    }
    assert_eq!(stage.place(T0, trip, &crew).await, Applied::Done);
}

#[tokio::test]
async fn an_error_never_shows_what_was_written() {
    let stage = Stage::new().await;
    let marked = NewRider { name: "MARKED".into(), agencies: vec![AgencyId(stage.rider.0)], ..new_rider() };
    let error = stage.record.create_rider(T0, Actor::Shell, &marked).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("MARKED") && !shown.contains(&stage.rider.to_string()), "{shown}");
}

#[tokio::test]
async fn a_roster_read_a_moment_too_early_holds_the_shift_that_begins() {
    let stage = Stage::new().await;
    let staff = stage.off_shift().await;
    let shift = NewShift { mode: Mode::Walk, hours: 8 };
    stage.record.start_shift(T0.plus_s(2), staff, shift).await.unwrap().unwrap();
    let of = |entries: Vec<RosterEntry>| entries.into_iter().find(|e| e.staff.id == staff).unwrap().shift;
    assert!(of(stage.record.roster(T0).await.unwrap()).is_some(), "the reading is kept longer than the moment");
    assert!(of(stage.record.roster(T0.plus_s(8 * 3_600 + 2)).await.unwrap()).is_none());
}
