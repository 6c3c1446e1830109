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
    queue.settled(1);
    assert!(queue.take(10).0.is_empty() && queue.len() == 5);
    assert!(queue.unpark(&other, 10) && !queue.unpark(&other, 10));
    assert_eq!(queue.take(10).0.len(), 2);
    queue.settled(2);
    // One of those set aside moves: it is another's now, perhaps.
    queue.push([batch[0]]);
    assert_eq!(queue.take(10).0, [batch[0]]);
    queue.settled(1);
    assert!(queue.unpark(&one, 1), "no more than asked for at a time");
    assert_eq!((queue.take(10).0.len(), queue.parked_for()), (1, vec![Arc::clone(&one)]));
    queue.settled(1);
    assert!(queue.unpark(&one, 10));
    assert_eq!((queue.take(10).0.len(), queue.len(), queue.has_parked()), (1, 1, false));
    queue.settled(1);
    assert!(queue.state().is_idle());
}

#[test]
fn a_record_to_be_dropped_waits_for_its_server_too() {
    let queue = Queue::default();
    let one: Name = "one".into();
    let tag = super::super::keys::parse(b"0c3876").expect("a tag");
    queue.drop_records([((tag, staff(1)), (1, 5))]);
    let (_, drops) = queue.take(10);
    queue.park(&one, [], drops);
    queue.drop_records([((tag, staff(1)), (1, 4))]);
    assert!(queue.unpark(&one, 10));
    assert_eq!(queue.take(10).1, [((tag, staff(1)), (1, 5))], "the later order counts");
    assert!(!queue.state().is_idle(), "it is on its way");
    queue.settled(1);
    assert!(queue.state().is_idle());
}
