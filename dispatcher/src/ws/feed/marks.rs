//! Owns what consoles are told of the picture itself: that it goes on by what was known, since the record does not answer, and that there
//! are rows that cannot be read. Tells of no trip, alarm or person.

use super::frames::FIRST_N;
use super::{BEHIND_TICKS, Feed, by_side};
use crate::record::RowKind;
use crate::ws::hub::Seat;
use axum::extract::ws::Utf8Bytes;

/// What was told of rows that cannot be read, and at which tick.
#[derive(Default)]
pub(super) struct Unreadable {
    kinds: Vec<RowKind>,
    told_at: u64,
}

impl Feed {
    /// Tells the consoles that the map goes on by what was known, again and again, for some of them may be new; or that it no longer does.
    pub(super) fn tell_behind(&mut self, is_behind: bool) {
        self.is_told_behind = is_behind;
        self.tell_marks();
    }

    /// Tells of which kinds there are rows that cannot be read: at once when that changes, and again once a second while there are any.
    /// Whose they are nobody knows, so every side is told; an alarm may be among them.
    pub(super) fn tell_unreadable(&mut self) {
        let kinds = self.app.record.unreadable();
        let is_due = !kinds.is_empty() && self.ticks - self.unreadable.told_at >= BEHIND_TICKS;
        if is_due || kinds != self.unreadable.kinds {
            self.unreadable = Unreadable { kinds, told_at: self.ticks };
            self.tell_marks();
        }
    }

    fn tell_marks(&mut self) {
        let kinds: Vec<&str> = self.unreadable.kinds.iter().map(|kind| kind.word()).collect();
        let unreadable = serde_json::to_string(&kinds).expect("words serialise");
        let is_behind = self.is_told_behind;
        for (side, seats) in by_side(self.app.hub.peek_consoles()) {
            let (with_screen, plain): (Vec<Seat>, Vec<Seat>) = seats.into_iter().partition(Seat::has_screen);
            for (seats, has_screen) in [(plain, false), (with_screen, true)] {
                if seats.is_empty() {
                    continue;
                }
                let number = self.numbers.entry((side, has_screen)).or_insert(FIRST_N);
                *number += 1;
                let (lists, marks) = (
                    r#""trips":[],"incidents":[],"staff":[]"#,
                    format!(r#""behind":{is_behind},"unreadable":{unreadable}"#),
                );
                let frame = Utf8Bytes::from(format!(r#"{{"t":"console","n":{number},{lists},{marks}}}"#));
                for seat in &seats {
                    seat.mailbox.push_frame(frame.clone());
                }
            }
        }
    }
}
