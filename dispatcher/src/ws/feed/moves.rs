//! Owns the telling of who is where: who moved or changed to consoles without a screen, the same to the map of the screens, and
//! everybody's place to a console that is new or fell behind.

use super::changes::duties_of;
use super::frames::{FIRST_N, Head, frames, text};
use super::screens::Looking;
use super::{Feed, by_side};
use crate::http::console::is_own;
use crate::http::sight::Moved;
use crate::record::RosterEntry;
use crate::view::map::Person;
use crate::view::people::Duty;
use crate::ws::area::{Shown, Side};
use crate::ws::hub::Seat;
use axum::extract::ws::Utf8Bytes;
use geo::Fix;
use matcher::model::{AccountId, Timestamp};
use matcher::policy::limits::FIX_AGE_MS_MAX;
use std::collections::HashMap;
use std::sync::Arc;

/// Moves read at a time, and most reads in a tick.
const MOVES_PER_READ: usize = 1_024;
const READS_PER_TICK: usize = 32;
/// What a console that fell behind is sent before the whole picture.
const GAP_FRAME: &str = r#"{"t":"map","n":0,"people":[],"gone":[]}"#;
/// The same for a console with a screen, whose map is numbered apart.
const SCREEN_GAP_FRAME: &str = r#"{"t":"console","n":0,"trips":[],"incidents":[],"staff":[]}"#;

impl Feed {
    /// Sends who moved or changed to the consoles.
    pub(super) fn tell_moves(&mut self) {
        let moved = self.read_moves();
        let now = self.app.env.now();
        let before = std::mem::replace(&mut self.duties, duties_of(&self.roster, now));
        let mapped = std::mem::replace(&mut self.mapped, Arc::clone(&self.roster));
        let mut aged = std::mem::take(&mut self.aged);
        let consoles = self.app.hub.peek_consoles();
        if consoles.is_empty() {
            self.screens.rest();
            return;
        }
        self.greet(now);
        aged.extend(self.app.watch.take_aged());
        let mut changed: HashMap<AccountId, Option<Fix>> = moved.iter().map(|m| (m.staff, Some(m.fix))).collect();
        for (id, duty) in &self.duties {
            if before.get(id) != Some(duty) {
                changed.entry(*id).or_insert(None);
            }
        }
        for id in &aged {
            changed.entry(*id).or_insert(None);
        }
        // Who is of the staff no more is on the new roster's map nowhere, and on the consoles' until it is told.
        let at_work = |id: &AccountId| before.get(id).is_some_and(|duty| *duty != Duty::OffShift);
        let left = mapped.by_id.iter().filter(|(id, _)| !self.roster.by_id.contains_key(id) && at_work(id));
        let left: Vec<&RosterEntry> = left.map(|(_, entry)| entry).collect();
        // So is whoever is at work and was silent for so long that nobody knows where.
        let roster = Arc::clone(&self.roster);
        let is_nowhere = |id: &&AccountId| at_work(id) && self.app.sight.places.last_fix(**id).is_none();
        let forgotten: Vec<&RosterEntry> =
            aged.iter().filter(is_nowhere).filter_map(|id| roster.by_id.get(id)).collect();
        let (looking, plain) = by_look(consoles);
        for (side, seats) in by_side(plain) {
            let [mut people, mut gone] = [Vec::new(), Vec::new()];
            for (id, fix) in &changed {
                self.sort_in(&mut people, &mut gone, side, *id, *fix, &before, now);
            }
            let numbers =
                left.iter().chain(&forgotten).filter(|entry| is_own(entry, side)).map(|entry| number_of(entry));
            gone.extend(numbers);
            let number = self.numbers.entry((side, false)).or_insert(FIRST_N);
            for frame in frames(Head::of("map"), &[("people", &people), ("gone", &gone)], number) {
                for seat in &seats {
                    seat.mailbox.push_frame(frame.clone());
                }
            }
        }
        let changed = changed.into_iter().chain(left.iter().map(|entry| (entry.staff.id, None)));
        self.tell_screens(&looking, changed.collect(), now);
    }

    /// Keeps the screens' map up to date, while there is one, and tells them.
    fn tell_screens(&mut self, looking: &[Looking], changed: Vec<(AccountId, Option<Fix>)>, now: Timestamp) {
        if looking.is_empty() {
            self.screens.rest();
            return;
        }
        let changed =
            if self.screens.is_resting() { self.roster.by_id.keys().map(|id| (*id, None)).collect() } else { changed };
        let shown: Vec<_> = changed.into_iter().map(|(id, fix)| (id, self.shown(id, fix, now))).collect();
        self.screens.put(shown);
        self.screens.tell(looking, now);
    }

    /// Somebody on the map: at work, and known where.
    fn shown(&self, id: AccountId, fix: Option<Fix>, now: Timestamp) -> Option<Shown> {
        let entry = self.roster.by_id.get(&id)?;
        let duty = self.duties.get(&id).copied().filter(|duty| *duty != Duty::OffShift)?;
        let fix = fix.or_else(|| self.app.sight.places.last_fix(id))?;
        let silent = now.0 - fix.taken_at_ms > FIX_AGE_MS_MAX;
        Some(Shown { no: entry.staff.no, agency: entry.staff.agency, fix, duty, silent })
    }

    /// A whole picture for consoles that are new or fell behind, before anything else is sent to them. Those with a screen are
    /// told that they fell behind, and are owed the picture of their screen.
    pub(super) fn greet(&self, now: Timestamp) {
        let (consoles, fresh) = self.app.hub.consoles();
        let behind: Vec<Seat> = consoles.into_iter().filter(|s| s.mailbox.take_behind()).collect();
        for (seats, fell_behind) in [(fresh, false), (behind, true)] {
            let (with_screen, plain): (Vec<Seat>, Vec<Seat>) = seats.into_iter().partition(Seat::has_screen);
            for seat in with_screen.iter().filter(|_| fell_behind) {
                seat.mailbox.push_gap(Utf8Bytes::from_static(SCREEN_GAP_FRAME));
                seat.owe_screen();
            }
            for (side, seats) in by_side(plain) {
                let at = self.numbers.get(&(side, false)).copied().unwrap_or(FIRST_N);
                self.tell_whole(side, at, &seats, fell_behind, now);
            }
        }
    }

    /// Everybody's place, numbered so that its last frame bears the audience's present number. A console that fell behind is
    /// first shown a number that follows none: whatever it has seen, it sees a gap and fetches what was dropped.
    fn tell_whole(&self, side: Side, at: i64, seats: &[Seat], fell_behind: bool, now: Timestamp) {
        let [mut people, mut gone] = [Vec::new(), Vec::new()];
        for id in self.roster.by_id.keys() {
            self.sort_in(&mut people, &mut gone, side, *id, None, &HashMap::new(), now);
        }
        let parts = [("people", &people[..]), ("gone", &gone)];
        let many = frames(Head::of("map"), &parts, &mut 0).len() as i64;
        let mut whole = frames(Head::of("map"), &parts, &mut (at - many));
        if fell_behind {
            whole.insert(0, Utf8Bytes::from_static(GAP_FRAME));
        }
        for seat in seats {
            seat.mailbox.push_whole(&whole);
        }
    }

    /// One person's row in the frame of a side: a place for those at work, `gone` for those who just left it.
    #[expect(clippy::too_many_arguments, reason = "two lists, whose side, and one person in three respects")]
    fn sort_in(
        &self,
        people: &mut Vec<Arc<str>>,
        gone: &mut Vec<Arc<str>>,
        side: Side,
        id: AccountId,
        fix: Option<Fix>,
        before: &HashMap<AccountId, Duty>,
        now: Timestamp,
    ) {
        let Some(entry) = self.roster.by_id.get(&id).filter(|e| is_own(e, side)) else { return };
        let duty = self.duties.get(&id).copied().unwrap_or(Duty::OffShift);
        if duty == Duty::OffShift {
            if before.get(&id).is_some_and(|was| *was != Duty::OffShift) {
                gone.push(number_of(entry));
            }
        } else if let Some(fix) = fix.or_else(|| self.app.sight.places.last_fix(id)) {
            people.push(text(&Person::of(entry.staff.no, &fix, duty, now)));
        }
    }

    fn read_moves(&mut self) -> Vec<Moved> {
        let mut all = Vec::new();
        for _ in 0..READS_PER_TICK {
            let (cursor, moved) = self.app.sight.places.moved_since(self.moved_after, MOVES_PER_READ);
            self.moved_after = cursor;
            let full = moved.len() == MOVES_PER_READ;
            all.extend(moved);
            if !full {
                break;
            }
        }
        all
    }
}

/// Consoles with a screen, and those without. What a screen shows and whether it is new to that are taken in one look.
fn by_look(consoles: Vec<Seat>) -> (Vec<Looking>, Vec<Seat>) {
    let (mut looking, mut plain) = (Vec::new(), Vec::new());
    for seat in consoles {
        match seat.take_look() {
            Some((screen, is_new)) => looking.push(Looking { audience: (seat.side(), screen), seat, is_new }),
            None => plain.push(seat),
        }
    }
    (looking, plain)
}

fn number_of(entry: &RosterEntry) -> Arc<str> {
    entry.staff.no.to_string().into()
}
