//! The contract of outbox, change numbers and audit chain.

use super::stage::*;
use super::*;
use matcher::model::Phase;

#[tokio::test]
async fn numbers_have_no_gap_even_when_races_are_lost() {
    let stage = Stage::new().await;
    let staff = stage.staff(4).await;
    for round in 0..12 {
        let trip = stage.trip(&format!("k{round}")).await;
        stage.place(T0, trip, &staff[0..2]).await;
        let other = stage.trip(&format!("o{round}")).await;
        assert_eq!(stage.place(T0, other, &[staff[2], staff[0]]).await, Applied::LostRace);
        stage.answer(T0, staff[0], round % 2 == 0).await.unwrap();
        stage.record.cancel(T0, trip, hand(stage.rider)).await.unwrap().unwrap();
    }
    for who in [stage.rider, staff[0], staff[1], staff[2]] {
        let rows = stage.record.outbox_of(who, 0, 10_000).await.unwrap();
        let numbers: Vec<i64> = rows.iter().map(|r| r.seq).collect();
        assert_eq!(numbers, (1..=rows.len() as i64).collect::<Vec<_>>());
        assert_eq!(stage.record.outbox_seq(who).await.unwrap().0, rows.len() as i64);
    }
    let tail = stage.record.outbox_after(0, 10_000).await.unwrap();
    let ids = tail.messages.iter().map(|message| if let Numbered::Row(row) = message { row.id } else { 0 });
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!((tail.upto, tail.is_full), (stage.record.outbox_head().await.unwrap(), false));
}

#[tokio::test]
async fn acknowledgements_never_go_back_nor_ahead() {
    let stage = Stage::new().await;
    stage.in_hours(1).await;
    stage.in_hours(2).await;
    for (ack, expected) in [(1, 1), (0, 1), (99, 2), (1, 2)] {
        stage.record.acknowledge(T0, &[(stage.rider, ack)]).await.unwrap();
        assert_eq!(stage.record.outbox_seq(stage.rider).await.unwrap(), (2, expected), "after {ack}");
    }
    let nobody = stage.off_shift().await;
    assert_eq!(stage.record.outbox_seq(nobody).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn pruning_leaves_what_is_not_acknowledged() {
    let mut stage = Stage::new().await;
    for hours in [1, 2, 3] {
        stage.in_hours(hours).await;
    }
    stage.record.acknowledge(T0, &[(stage.rider, 2)]).await.unwrap();
    assert_eq!(stage.record.prune(T0.plus_s(3_600)).await.unwrap(), 0, "a day is kept");
    assert_eq!(stage.record.prune(T0.plus_s(2 * 86_400)).await.unwrap(), 2);
    let left = stage.record.outbox_of(stage.rider, 0, 10).await.unwrap();
    assert_eq!(left.iter().map(|r| r.seq).collect::<Vec<_>>(), [3]);
    let head = stage.record.outbox_head().await.unwrap();
    stage.record.acknowledge(T0, &[(stage.rider, 3)]).await.unwrap();
    stage.record.prune(T0.plus_s(2 * 86_400)).await.unwrap();
    stage.reopen().await;
    assert_eq!(stage.record.outbox_head().await.unwrap(), head, "an empty outbox does not forget its numbers");
    stage.in_hours(4).await;
    assert_eq!(stage.record.outbox_of(stage.rider, 3, 10).await.unwrap()[0].seq, 4);
}

#[tokio::test]
async fn every_change_has_its_own_number_and_the_tail_sees_the_last_state() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    let seen = stage.record.trips_changed_after(0, 100).await.unwrap().rows;
    assert_eq!(seen.len(), 1);
    stage.walk_to(trip, &crew, Phase::EnRoute).await;
    let other = stage.trip("o").await;
    let changed = stage.record.trips_changed_after(seen[0].change_no, 100).await.unwrap().rows;
    assert_eq!(changed.iter().map(|r| r.trip.id).collect::<Vec<_>>(), [trip, other]);
    assert_eq!(changed[0].trip.phase, Phase::EnRoute);
    let page = stage.record.trips_changed_after(0, 1).await.unwrap();
    assert_eq!((page.rows.len(), page.is_full), (1, true));
}

#[tokio::test]
async fn audit_chain_verifies_and_finds_every_kind_of_tampering() {
    let stage = Stage::new().await;
    let (trip, crew) = stage.assigned("k").await;
    stage.walk_to(trip, &crew, Phase::Completed).await;
    let AuditChain::Intact(rows) = stage.record.verify_audit().await.unwrap() else { panic!("broken from the start") };
    assert!(rows > 10);
    let (head, _) = stage.record.audit_head().await.unwrap().unwrap();
    assert_eq!(head, rows);
    for tamper in [
        "update audit set detail = 'x' where id = 5",
        "update audit set action = 'x' where id = 5",
        "update audit set at = at + 1 where id = 5",
        "update audit set actor = null where id = 5",
        "update audit set actor = zeroblob(16) where id = 5",
        "update audit set subject = null where id = 5",
        "update audit set hash = zeroblob(32) where id = 5",
        "delete from audit where id = 5",
        "update audit set action = (select action from audit where id = 6) || action where id = 5",
    ] {
        let mut tx = stage.record.write.begin().await.unwrap();
        sqlx::query("create temp table kept as select * from main.audit").execute(&mut *tx).await.unwrap();
        sqlx::query(tamper).execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(stage.record.verify_audit().await.unwrap(), AuditChain::BrokenAt(5), "{tamper}");
        for restore in ["delete from main.audit", "insert into main.audit select * from kept", "drop table kept"] {
            sqlx::query(restore).execute(&stage.record.write).await.unwrap();
        }
    }
    assert_eq!(stage.record.verify_audit().await.unwrap(), AuditChain::Intact(rows));
}

#[tokio::test]
async fn an_earlier_head_is_found_on_the_chain_until_rows_are_cut_off() {
    let stage = Stage::new().await;
    let early = stage.record.walk_audit(None).await.unwrap();
    let AuditChain::Intact(row) = early.chain else { panic!("broken from the start") };
    assert_eq!(early.head, stage.record.audit_head().await.unwrap().map(|(_, hash)| hash));
    stage.assigned("k").await;
    let later = stage.record.walk_audit(early.head.as_deref()).await.unwrap();
    let AuditChain::Intact(rows) = later.chain else { panic!("broken later") };
    assert!(rows > row && later.head != early.head);
    assert_eq!(later.earlier_row, Some(row));
    let none = stage.record.walk_audit(Some(&[7; 32])).await.unwrap();
    assert_eq!(none.earlier_row, None);
    sqlx::query("delete from audit where id > ?").bind(row).execute(&stage.record.write).await.unwrap();
    let cut = stage.record.walk_audit(later.head.as_deref()).await.unwrap();
    assert_eq!(
        (cut.chain, cut.earlier_row),
        (AuditChain::Intact(row), None),
        "a cut tail breaks nothing, but is missed"
    );
    sqlx::query("update audit set detail = cast(x'ff' as text) where id = 2")
        .execute(&stage.record.write)
        .await
        .unwrap();
    assert_eq!(stage.record.verify_audit().await.unwrap(), AuditChain::BrokenAt(2), "what does not read is broken too");
}
