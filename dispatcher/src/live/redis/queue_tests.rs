//! What waits for one server is in nobody else's way, and nothing is forgotten.

use super::super::super::contract::staff;
use super::*;

#[test]
fn who_waits_for_a_server_is_set_aside_until_it_can_be_written_to_or_there_is_news_of_them() {
    let queue = Queue::default();
    let (one, other): (Name, Name) = ("one".into(), "other".into());
    queue.push((0..6).map(staff));
    let (mut batch, _) = queue.take(10);
    batch.sort();
    queue.park(&one, batch[..3].iter().copied(), Vec::new());
    queue.park(&other, batch[3..5].iter().copied(), Vec::new());
    queue.settled([batch[5]], 0);
    assert!(queue.take(10).0.is_empty() && queue.len() == 5);
    assert!(queue.unpark(&other, 10) && !queue.unpark(&other, 10));
    let two = queue.take(10).0;
    assert_eq!(two.len(), 2);
    queue.settled(two, 0);
    // One of those set aside moves: it is another's now, perhaps.
    queue.push([batch[0]]);
    assert_eq!(queue.take(10).0, [batch[0]]);
    queue.settled([batch[0]], 0);
    assert!(queue.unpark(&one, 1), "no more than asked for at a time");
    let next = queue.take(10).0;
    assert_eq!((next.len(), queue.parked_for()), (1, vec![Arc::clone(&one)]));
    queue.settled(next, 0);
    assert!(queue.unpark(&one, 10));
    let last = queue.take(10).0;
    assert_eq!((last.len(), queue.len(), queue.has_parked()), (1, 1, false));
    queue.settled(last, 0);
    assert!(queue.state().is_idle());
}

/// A moment that is later than all before it.
fn moment() -> Instant {
    let now = Instant::now();
    while Instant::now() <= now {
        std::hint::spin_loop();
    }
    Instant::now()
}

#[test]
fn the_lag_is_that_of_who_waits_longest_though_somebody_always_waits() {
    let queue = Queue::default();
    assert_eq!(queue.oldest(), None);
    queue.push([staff(0)]);
    // Each is on the way when the next comes: the queue is never empty, and nobody waits for long.
    for n in 1..100 {
        assert_eq!(queue.take(10).0, [staff(n - 1)]);
        let then = moment();
        queue.push([staff(n)]);
        queue.settled([staff(n - 1)], 0);
        assert!(queue.oldest() >= Some(then), "{n}: of one who has been written");
    }
    queue.settled(queue.take(10).0, 0);
    assert_eq!(queue.oldest(), None);
}

#[test]
fn who_waits_for_a_server_has_waited_since_the_beginning_however_often_there_is_news_of_them() {
    let queue = Queue::default();
    let one: Name = "one".into();
    queue.push([staff(1)]);
    let first = queue.oldest();
    for _ in 0..3 {
        moment();
        queue.park(&one, queue.take(10).0, Vec::new());
        assert_eq!(queue.oldest(), first, "set aside");
        queue.push([staff(1), staff(2)]);
        assert_eq!(queue.oldest(), first, "there is news");
        queue.put_back(queue.take(10).0);
        assert_eq!(queue.oldest(), first, "tried again");
        assert!(queue.take(10).0.len() == 2 && queue.oldest() == first, "on the way");
        queue.settled([staff(2)], 0);
        assert_eq!(queue.oldest(), first, "somebody else was written");
        queue.put_back([staff(1)]);
    }
    let (batch, then) = (queue.take(10).0, moment());
    // What came while it was on the way has waited since it came, and no longer.
    queue.push([staff(1)]);
    queue.settled(batch, 0);
    assert!(queue.oldest() >= Some(then));
    // Unless what was on the way did not arrive.
    let batch = queue.take(10).0;
    let since = queue.oldest();
    queue.push([staff(1)]);
    queue.park(&one, batch, Vec::new());
    assert_eq!((queue.oldest(), queue.has_parked()), (since, false));
}

#[test]
fn a_record_to_be_dropped_waits_for_its_server_too() {
    let queue = Queue::default();
    let one: Name = "one".into();
    let tag = super::super::keys::parse(b"0c3876").expect("a tag");
    queue.drop_records([((tag, staff(1)), ((1, 5), false))]);
    let (_, drops) = queue.take(10);
    queue.park(&one, [], drops);
    queue.drop_records([((tag, staff(1)), ((1, 4), true))]);
    assert!(queue.unpark(&one, 10));
    assert_eq!(queue.take(10).1, [((tag, staff(1)), ((1, 5), false))], "the later order counts");
    assert!(!queue.state().is_idle(), "it is on its way");
    queue.settled([], 1);
    assert!(queue.state().is_idle());
}

#[test]
fn whoever_has_waited_longest_goes_first_though_all_report_again_and_more_comes_than_can_be_written() {
    const CROWD: u64 = 100;
    const PARCEL: usize = 10;
    let (queue, one): (Queue, Name) = (Queue::default(), "one".into());
    let tag = super::super::keys::parse(b"0c3876").expect("a tag");
    let mut last: HashMap<AccountId, usize> = (0..CROWD).map(|who| (staff(who), 0)).collect();
    let mut dropped = last.clone();
    for round in 1..200 {
        // Everybody reports and moves on, and the server takes one parcel: the others are set aside meanwhile.
        moment();
        queue.push((0..CROWD).map(staff));
        queue.drop_records((0..CROWD).map(|who| ((tag, staff(who)), ((1, round as u32), false))));
        queue.unpark(&one, PARCEL);
        let (written, gone) = queue.take(PARCEL);
        assert_eq!((written.len(), gone.len()), (PARCEL, PARCEL));
        loop {
            let (staff, drops) = queue.take(PARCEL);
            if staff.is_empty() && drops.is_empty() {
                break;
            }
            queue.park(&one, staff, drops);
        }
        last.extend(written.iter().map(|&who| (who, round)));
        dropped.extend(gone.iter().map(|((_, who), _)| (*who, round)));
        queue.settled(written, gone.len());
        let (longest, drop) = (last.values().min().copied(), dropped.values().min().copied());
        let turns = 2 * CROWD as usize / PARCEL;
        assert!(longest.is_some_and(|last| round - last <= turns), "{round}: somebody was last written in {longest:?}");
        assert!(drop.is_some_and(|last| round - last <= turns), "{round}: a record was last dropped in {drop:?}");
    }
}

#[test]
fn who_waits_to_be_written_is_not_among_the_written_wherever_they_wait() {
    let (queue, one): (Queue, Name) = (Queue::default(), "one".into());
    queue.push((0..4).map(staff));
    let batch = queue.take(2).0;
    let parked = queue.take(1).0;
    queue.park(&one, parked, Vec::new());
    assert_eq!(queue.written((0..6).map(staff).collect()), [staff(4), staff(5)]);
    queue.settled(batch.iter().copied(), 0);
    let mut written = queue.written((0..4).map(staff).collect());
    written.sort();
    assert_eq!(written, batch);
}
