//! What the books do while others want the index.

use super::super::super::LivePosition;
use super::super::super::contract::{at, fix, staff};
use super::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Writes a lost tag of more than 10,000 again: the longest that the index was out of reach for others, as a share of the whole.
fn out_of_reach() -> f64 {
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
            books.write_lost();
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
    let share = longest.as_secs_f64() / begun.elapsed().as_secs_f64();
    assert_eq!(books.queue().len(), of_tag);
    share
}

#[test]
fn a_lost_tag_is_written_again_without_keeping_writers_waiting() {
    // Held from beginning to end it is nearly all of it, however often one tries; on a busy machine whoever looks is kept waiting by others.
    let tries: Vec<f64> = (0..20).map(|_| out_of_reach()).take_while(|&share| share > 0.25).collect();
    println!("before it was within reach: {tries:?}");
    assert!(tries.len() < 20, "{tries:?}");
}

fn placed(position: Position, seq: u32) -> Standing {
    Standing::At(LivePosition { staff: staff(1), no: 1, fix: fix(position, 1, seq) })
}

/// Outdated by a fix of that number.
fn by(seq: u32) -> Below {
    ((1, seq), false)
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
    assert_eq!(books.written(tag(seoul), staff(1), &placed(seoul, 4)), [((tag(seoul), staff(1)), by(5))]);
    // And in the right one.
    assert_eq!(books.written(tag(seoul), staff(1), &placed(seoul, 6)), [((tag(busan), staff(1)), by(6))]);
}

#[test]
fn what_was_not_answered_goes_with_whatever_comes_after_it() {
    let (seoul, busan, daegu) = (at(37.5, 127.0), at(35.1, 129.0), at(35.87, 128.6));
    let tag = |position| tag_of(cell_of(position));
    let books = books();
    books.written(tag(seoul), staff(1), &placed(seoul, 1));
    books.sending(tag(busan), [(staff(1), placed(busan, 2).rank())]);
    books.doubt(tag(busan));
    assert_eq!(books.doubted().into_iter().collect::<Vec<_>>(), [tag(busan)]);
    assert!(books.doubted().is_empty(), "once");
    let mut dropped = books.written(tag(daegu), staff(1), &placed(daegu, 3));
    dropped.sort();
    let mut both = [((tag(seoul), staff(1)), by(3)), ((tag(busan), staff(1)), by(3))];
    both.sort();
    assert_eq!(dropped, both);
}

#[test]
fn who_goes_while_the_first_record_is_on_its_way_is_told_to_be_gone_there() {
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    let books = Books::new(Arc::clone(&shared), Env::system());
    let seoul = at(37.5, 127.0);
    shared.index().put(staff(1), 1, fix(seoul, 1, 1));
    let (sent, _) = books.standing(&[staff(1)]);
    books.sending(sent[0].0, [(staff(1), sent[0].2.rank())]);
    shared.index().remove(staff(1));
    let (gone, needless) = books.standing(&[staff(1), staff(2)]);
    assert_eq!(needless, [staff(2)]);
    assert!(matches!(gone[..], [(tag, _, Standing::Gone { order: (1, 1), .. })] if tag == sent[0].0), "{gone:?}");
}

#[test]
fn who_is_told_to_be_gone_at_one_place_is_dropped_where_they_had_just_been_written() {
    let (seoul, busan) = (at(37.5, 127.0), at(35.1, 129.0));
    let tag = |position| tag_of(cell_of(position));
    let books = books();
    books.written(tag(seoul), staff(1), &placed(seoul, 1));
    books.sending(tag(busan), [(staff(1), placed(busan, 2).rank())]);
    let gone = Standing::Gone { order: (1, 2), taken_at_ms: 0 };
    // The word of it is on its way to the one, and the record comes to be at the other.
    assert_eq!(books.written(tag(busan), staff(1), &placed(busan, 2)), [((tag(seoul), staff(1)), by(2))]);
    assert_eq!(books.written(tag(seoul), staff(1), &gone), [((tag(busan), staff(1)), ((1, 2), true))]);
}

#[test]
fn all_tags_that_were_lost_are_written_again_in_one_look_and_no_others() {
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    let places: Vec<Position> = (0..30).map(|n| at(33.0 + 0.3 * f64::from(n), 127.0)).collect();
    let tags: BTreeSet<Cell> = places.iter().map(|&place| tag_of(cell_of(place))).collect();
    assert_eq!(tags.len(), places.len());
    for (who, &place) in (0..).zip(&places) {
        shared.index().put(staff(who), 0, fix(place, 1, 1));
    }
    let books = Books::new(Arc::clone(&shared), Env::system());
    for &tag in &tags {
        assert!(!books.lives(tag, Some("one")));
    }
    let kept = tag_of(cell_of(places[7]));
    for &tag in tags.iter().filter(|&&tag| tag != kept) {
        assert!(books.lives(tag, Some("another")));
    }
    assert_eq!(books.queue().len(), 0, "nobody is looked for yet: that is done once for all");
    books.write_lost();
    let (mut written, _) = books.queue().take(usize::MAX);
    written.sort();
    assert_eq!(written, (0..30).filter(|&who| who != 7).map(staff).collect::<Vec<_>>());
    books.write_lost();
    assert!(books.queue().take(usize::MAX).0.is_empty(), "once");
}

#[test]
fn a_long_page_is_taken_in_parts_and_understood_while_the_index_is_free() {
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    let books = Books::new(Arc::clone(&shared), Env::system());
    let seoul = at(37.5, 127.0);
    let taken_before = |who: u64| shared.index.try_lock().expect("nobody holds the index").len() as u64 + 64 >= who;
    let page = (0..1_000).map(|who| {
        assert!(taken_before(who), "more than a part at a time");
        (staff(who), Standing::At(LivePosition { staff: staff(who), no: 1, fix: fix(seoul, 1, 1) }))
    });
    books.take(tag_of(cell_of(seoul)), page, Told::Read);
    assert_eq!(shared.index().len(), 1_000);
}

#[test]
fn of_two_fixes_of_one_order_all_keep_the_same_and_the_other_is_dropped_wherever_it_was_written() {
    let (seoul, busan) = (at(37.5, 127.0), at(35.1, 129.0));
    let tag = |position| tag_of(cell_of(position));
    let (wins, loses) = (seoul, busan);
    assert!(placed(wins, 5).rank() > placed(loses, 5).rank(), "by latitude here");
    // Its own was the one that does not count: on its way, or there.
    for is_there in [false, true] {
        let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
        let books = Books::new(Arc::clone(&shared), Env::system());
        shared.index().put(staff(1), 1, fix(loses, 1, 5));
        books.sending(tag(loses), [(staff(1), placed(loses, 5).rank())]);
        if is_there {
            assert!(books.written(tag(loses), staff(1), &placed(loses, 5)).is_empty());
        }
        books.take(tag(wins), [(staff(1), placed(wins, 5))], Told::Heard { is_kept: true });
        assert_eq!(shared.index().last_fix(staff(1)), Some(fix(wins, 1, 5)));
        assert_eq!(books.queue().take(9).1, [((tag(loses), staff(1)), by(5))]);
        if !is_there {
            // The answer comes late.
            assert_eq!(books.written(tag(loses), staff(1), &placed(loses, 5)), [((tag(loses), staff(1)), by(5))]);
        }
    }
    // Its own was the one that counts.
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    let books = Books::new(Arc::clone(&shared), Env::system());
    shared.index().put(staff(1), 1, fix(wins, 1, 5));
    books.written(tag(wins), staff(1), &placed(wins, 5));
    books.take(tag(loses), [(staff(1), placed(loses, 5))], Told::Read);
    assert_eq!(shared.index().last_fix(staff(1)), Some(fix(wins, 1, 5)));
    assert_eq!(books.queue().take(9), (vec![staff(1)], vec![((tag(loses), staff(1)), by(5))]), "and it is told again");
}

#[test]
fn a_place_heard_from_the_future_has_its_tag_read_and_who_is_heard_to_be_gone_is_gone() {
    let seoul = at(37.5, 127.0);
    let tag = tag_of(cell_of(seoul));
    let books = books();
    let ahead_ms = books.env().now().0 + 600_000;
    let early = |who, seq| {
        let fix = geo::Fix { taken_at_ms: ahead_ms, ..fix(seoul, 1, seq) };
        (staff(who), Standing::At(LivePosition { staff: staff(who), no: 1, fix }))
    };
    books.take(tag, [early(1, 1)], Told::Read);
    assert!(books.doubted().is_empty(), "it has just been read");
    books.take(tag, [early(1, 1)], Told::Heard { is_kept: true });
    assert!(books.doubted().contains(&tag) && books.shared.index().len() == 0);
    books.take(tag, [(staff(1), placed(seoul, 1))], Told::Read);
    books.take(tag, [(staff(1), Standing::Gone { order: (1, 2), taken_at_ms: ahead_ms })], Told::Read);
    assert_eq!(books.shared.index().len(), 0);
    let gone = books.shared.index().standing(staff(1)).expect("it is known that they are gone");
    assert!(gone.order() == (1, 2) && gone.taken_at_ms() <= books.env().now().0, "{gone:?}");
}

#[test]
fn who_is_known_is_put_again_when_their_record_was_not_to_be_believed_and_it_is_told_whether_that_is_all() {
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    let books = Books::new(Arc::clone(&shared), Env::system());
    shared.index().put(staff(1), 1, fix(at(37.5, 127.0), 1, 5));
    assert!(books.put_again(&[(staff(1), (1, 5))]) && books.put_again(&[(staff(1), (1, 4))]));
    assert_eq!(books.queue().take(9).0, [staff(1)]);
    for gone in [(staff(1), (1, 6)), (staff(2), (1, 1))] {
        assert!(!books.put_again(&[gone]), "{gone:?}: another node may know");
        assert!(books.queue().take(9).0.is_empty());
    }
}

#[test]
fn who_goes_again_while_a_later_record_is_still_on_its_way_is_told_to_be_gone_there_and_not_taken_for_never_written() {
    let (seoul, busan) = (at(37.5, 127.0), at(35.1, 129.0));
    let tag = |position| tag_of(cell_of(position));
    let shared = Arc::new(Shared { index: Mutex::default(), queue: Some(Queue::default()) });
    let books = Books::new(Arc::clone(&shared), Env::system());
    let gone = |seq| Standing::Gone { order: (1, seq), taken_at_ms: 0 };
    books.written(tag(seoul), staff(1), &placed(seoul, 1));
    // They went, and came back elsewhere: both words are on their way, to two servers. Then they went for good.
    books.sending(tag(busan), [(staff(1), placed(busan, 2).rank())]);
    shared.index().put(staff(1), 1, fix(busan, 1, 2));
    assert!(books.written(tag(seoul), staff(1), &gone(1)).is_empty(), "what is later is not outdated");
    shared.index().remove(staff(1));
    let (words, needless) = books.standing(&[staff(1)]);
    assert!(needless.is_empty(), "it may be there");
    assert!(matches!(words[..], [(at, _, Standing::Gone { order: (1, 2), .. })] if at == tag(busan)), "{words:?}");
    // And where the one before was a place: that one first, or the later one.
    books.written(tag(busan), staff(1), &gone(2));
    books.written(tag(seoul), staff(1), &placed(seoul, 3));
    books.sending(tag(busan), [(staff(1), placed(busan, 5).rank())]);
    assert!(books.written(tag(seoul), staff(1), &placed(seoul, 4)).is_empty());
    assert_eq!(books.written(tag(seoul), staff(1), &gone(5)), [((tag(busan), staff(1)), ((1, 5), true))]);
}
