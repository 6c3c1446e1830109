//! What the books do while others want the index.

use super::super::super::LivePosition;
use super::super::super::contract::{at, fix, staff};
use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_lost_tag_is_written_again_without_keeping_writers_waiting() {
    const CROWD: u64 = 100_000;
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    for who in 0..CROWD {
        shared.index().put(staff(who), 0, fix(at(37.5 + 0.000_001 * who as f64, 127.0), 1, 1));
    }
    let tag = tag_of(cell_of(at(37.5, 127.0)));
    let of_tag = shared.index().staff_in(0..CROWD as usize).filter(|p| tag_of(cell_of(p.fix.position)) == tag).count();
    assert!(of_tag > 10_000, "{of_tag}");
    let books = Books::new(Arc::clone(&shared), Env::system());
    assert!(!books.lives(tag, Some("one")));
    let is_over = AtomicBool::new(false);
    let (mut longest, begun) = (Duration::ZERO, Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(books.lives(tag, Some("another")));
            is_over.store(true, Ordering::Release);
        });
        let mut had = Instant::now();
        while !is_over.load(Ordering::Acquire) {
            if shared.index.try_lock().is_ok() {
                longest = longest.max(had.elapsed());
                had = Instant::now();
            }
            std::hint::spin_loop();
        }
        longest = longest.max(had.elapsed());
    });
    println!("the index was out of reach for {longest:?} of {:?} at most", begun.elapsed());
    assert!(longest < begun.elapsed() / 4, "{longest:?} of {:?}", begun.elapsed());
    assert_eq!(books.queue().len(), of_tag);
}

fn placed(position: Position, seq: u32) -> Standing {
    Standing::At(LivePosition { staff: staff(1), no: 1, fix: fix(position, 1, seq) })
}

fn books() -> Books {
    Books::new(Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) }), Env::system())
}

#[test]
fn of_two_parcels_that_come_back_in_the_wrong_order_the_earlier_one_is_outdated() {
    let (seoul, busan) = (at(37.5, 127.0), at(35.1, 129.0));
    let tag = |position| tag_of(cell_of(position));
    let books = books();
    assert!(books.written(tag(busan), staff(1), &placed(busan, 5)).is_empty());
    assert_eq!(books.written(tag(seoul), staff(1), &placed(seoul, 4)), [((tag(seoul), staff(1)), (1, 5))]);
    // And in the right one.
    assert_eq!(books.written(tag(seoul), staff(1), &placed(seoul, 6)), [((tag(busan), staff(1)), (1, 7))]);
}

#[test]
fn what_was_not_answered_goes_with_whatever_comes_after_it() {
    let (seoul, busan, daegu) = (at(37.5, 127.0), at(35.1, 129.0), at(35.87, 128.6));
    let tag = |position| tag_of(cell_of(position));
    let books = books();
    books.written(tag(seoul), staff(1), &placed(seoul, 1));
    books.sending(tag(busan), [(staff(1), (1, 2))]);
    books.doubt(tag(busan));
    assert_eq!(books.doubted().into_iter().collect::<Vec<_>>(), [tag(busan)]);
    assert!(books.doubted().is_empty(), "once");
    let mut dropped = books.written(tag(daegu), staff(1), &placed(daegu, 3));
    dropped.sort();
    let mut both = [((tag(seoul), staff(1)), (1, 4)), ((tag(busan), staff(1)), (1, 4))];
    both.sort();
    assert_eq!(dropped, both);
}

#[test]
fn who_goes_while_the_first_record_is_on_its_way_is_told_to_be_gone_there() {
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    let books = Books::new(Arc::clone(&shared), Env::system());
    let seoul = at(37.5, 127.0);
    shared.index().put(staff(1), 1, fix(seoul, 1, 1));
    let sent = books.standing(&[staff(1)]);
    books.sending(sent[0].0, [(staff(1), (1, 1))]);
    shared.index().remove(staff(1));
    let gone = books.standing(&[staff(1)]);
    assert!(matches!(gone[..], [(tag, _, Standing::Gone { order: (1, 1), .. })] if tag == sent[0].0), "{gone:?}");
}

#[test]
fn who_is_told_to_be_gone_at_one_place_is_dropped_where_they_had_just_been_written() {
    let (seoul, busan) = (at(37.5, 127.0), at(35.1, 129.0));
    let tag = |position| tag_of(cell_of(position));
    let books = books();
    books.written(tag(seoul), staff(1), &placed(seoul, 1));
    books.sending(tag(busan), [(staff(1), (1, 2))]);
    let gone = Standing::Gone { order: (1, 2), taken_at_ms: 0 };
    // The word of it is on its way to the one, and the record comes to be at the other.
    assert_eq!(books.written(tag(busan), staff(1), &placed(busan, 2)), [((tag(seoul), staff(1)), (1, 3))]);
    assert_eq!(books.written(tag(seoul), staff(1), &gone), [((tag(busan), staff(1)), (1, 3))]);
}
