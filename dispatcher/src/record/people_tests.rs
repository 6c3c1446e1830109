//! The contract of accounts, codes, tokens, shifts and the roster.

use super::stage::*;
use super::*;
use matcher::model::{AgencyId, BookingKind, Mode, Phase, Timestamp};

#[tokio::test]
async fn a_code_works_once_in_time_and_however_it_is_typed() {
    let stage = Stage::new().await;
    let (code, until) = stage.record.issue_code(T0, stage.rider).await.unwrap().unwrap();
    assert_eq!(until, T0.plus_s(CODE_TTL_S));
    assert!(code.len() == 14 && code.split('-').all(|g| g.len() == 4), "{code}");
    assert!(stage.record.redeem_code(T0, "0000-0000-0000").await.unwrap().is_none());
    assert!(stage.record.redeem_code(until, &code).await.unwrap().is_none(), "too late");
    let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
    let (token, signed) = stage.record.redeem_code(T0, &typed).await.unwrap().unwrap();
    assert_eq!(signed.account.id, stage.rider);
    assert!(stage.record.redeem_code(T0, &code).await.unwrap().is_none(), "used up");
    assert_eq!(stage.record.authenticate(T0, &token).await.unwrap().unwrap(), signed);
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
        assert!(stage.record.renew_token(now, row).await.unwrap().is_some(), "in use");
    }
    assert!(stage.record.authenticate(Timestamp(end.0 - 1), &token).await.unwrap().is_some());
    assert!(stage.record.authenticate(end, &token).await.unwrap().is_none());
    assert!(stage.record.renew_token(end, row).await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_outlives_its_time_during_a_trip_that_was_open_then_and_no_other() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let lives = async |now| stage.record.authenticate(now, &token).await.unwrap().is_some();
    let over = T0.plus_s(token_ttl_s(Role::Rider));
    let trip = stage.trip("k").await;
    assert!(lives(over.plus_s(60)).await, "the trip was open when its time ran out");
    stage.record.cancel(over.plus_s(60), trip, stage.rider).await.unwrap().unwrap();
    assert!(!lives(over.plus_s(60)).await);
    let later = booking(stage.rider, "k2", BookingKind::Now);
    stage.record.book(over.plus_s(120), &later).await.unwrap().unwrap();
    assert!(!lives(over.plus_s(120)).await, "a later trip does not wake a dead token");
}

#[tokio::test]
async fn no_secret_is_in_the_file() {
    let stage = Stage::new().await;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let (code, _) = stage.record.issue_code(T0, stage.rider).await.unwrap().unwrap();
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
    let admin = stage.record.create_admin(T0, "x").await.unwrap().id;
    let token = stage.record.issue_token(T0, stage.rider).await.unwrap().unwrap();
    let (code, _) = stage.record.issue_code(T0, stage.rider).await.unwrap().unwrap();
    for _ in 0..2 {
        assert_eq!(stage.record.suspend(T0, stage.rider, admin, "r").await.unwrap(), Ok(()));
    }
    assert!(stage.record.authenticate(T0, &token).await.unwrap().is_none());
    assert!(stage.record.redeem_code(T0, &code).await.unwrap().is_none());
    assert!(stage.record.issue_token(T0, stage.rider).await.unwrap().is_none());
    assert!(stage.record.issue_code(T0, stage.rider).await.unwrap().is_none());
    assert!(stage.record.account(stage.rider).await.unwrap().is_some(), "but is still on the record");
    let revoked = stage.record.revocations_after(0).await.unwrap();
    assert_eq!((revoked.len(), revoked[0].account, revoked[0].token), (1, stage.rider, None));
    let nobody = matcher::model::AccountId(stage.agency.0);
    assert_eq!(stage.record.suspend(T0, nobody, admin, "r").await.unwrap(), Err(Refusal::NotFound));
}

#[tokio::test]
async fn a_suspended_member_gives_the_slot_back_and_leaves_the_roster() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, "x").await.unwrap().id;
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
async fn session_epochs_count_up_across_lives() {
    let mut stage = Stage::new().await;
    assert_eq!(stage.record.next_session_epoch(stage.rider).await.unwrap(), 1);
    stage.reopen().await;
    assert_eq!(stage.record.next_session_epoch(stage.rider).await.unwrap(), 2);
    let other = stage.off_shift().await;
    assert_eq!(stage.record.next_session_epoch(other).await.unwrap(), 1);
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
    assert!(stage.record.create_supervisor(T0, nobody, "v").await.unwrap().is_none());
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
    assert!(stage.record.add_conflict(T0, staff, stage.rider).await.unwrap());
    assert!(!stage.record.add_conflict(T0, stage.rider, staff).await.unwrap(), "the wrong way round");
    moved("conflict").await;
    let trip = stage.trip("k").await;
    let partner = stage.staff(1).await[0];
    stage.place(T0, trip, &[staff, partner]).await;
    moved("offer").await;
    let roster = stage.record.roster(T0).await.unwrap();
    let entry = roster.iter().find(|e| e.staff.id == staff).unwrap();
    assert_eq!(entry.duty, Some((trip, Phase::Offered)));
    assert_eq!(entry.staff.conflicts, [stage.rider]);
    assert_eq!(entry.shift.unwrap().mode, Mode::Drive);
    let later = stage.record.roster(T0.plus_s(2 * 3_600)).await.unwrap();
    assert!(later.iter().find(|e| e.staff.id == staff).unwrap().shift.is_none(), "it has run out");
    stage.record.cancel(T0, trip, stage.rider).await.unwrap().unwrap();
    moved("release").await;
}

#[tokio::test]
async fn reading_only_changes_gives_the_roster_that_a_first_reading_gives() {
    let stage = Stage::new().await;
    let admin = stage.record.create_admin(T0, "x").await.unwrap().id;
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
    stage.record.add_conflict(T0, staff[3], stage.rider).await.unwrap();
    stage.record.suspend(T0, staff[2], admin, "r").await.unwrap().unwrap();
    same("a suspension").await;
    stage.record.enrol(T0, "load", 3, 0, 0).await.unwrap();
    stage.record.cancel(T0, trip, stage.rider).await.unwrap().unwrap();
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
    let error = stage.record.create_rider(T0, &marked).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("MARKED") && !shown.contains(&stage.rider.to_string()), "{shown}");
}
