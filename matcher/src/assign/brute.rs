//! Owns the slow twin of `solve`: tries every crew of every trip. For at most 4 trips and 10 staff.

use super::sample::Worth;
use super::{AssignTrip, Choice, Tier, WAIT_CREDIT_S_MAX};
use crate::model::AccountId;

/// The best worth there is.
pub(super) fn best(trips: &[AssignTrip]) -> Worth {
    let mut search = Search { trips, taken: Vec::new(), best: None };
    search.trip(0, &Worth { escalated: 0, ordinary: 0, gain: 0, crewed: Vec::new() });
    search.best.expect("crewing nobody is an answer")
}

struct Search<'a> {
    trips: &'a [AssignTrip],
    taken: Vec<AccountId>,
    best: Option<Worth>,
}

impl Search<'_> {
    fn trip(&mut self, n: usize, so_far: &Worth) {
        let Some(trip) = self.trips.get(n) else {
            if self.best.as_ref().is_none_or(|best| so_far > best) {
                self.best = Some(so_far.clone());
            }
            return;
        };
        let mut without = so_far.clone();
        without.crewed.push(false);
        self.trip(n + 1, &without);

        let mut with = so_far.clone();
        with.crewed.push(true);
        with.gain += i64::from(trip.waited_s.min(WAIT_CREDIT_S_MAX)) * 1_000;
        match trip.tier {
            Tier::Escalated => with.escalated += 1,
            Tier::Ordinary => with.ordinary += 1,
        }
        self.crew(n, usize::from(trip.slots), &trip.candidates, &with);
    }

    fn crew(&mut self, n: usize, open: usize, choices: &[Choice], so_far: &Worth) {
        if open == 0 {
            self.trip(n + 1, so_far);
            return;
        }
        for (place, choice) in choices.iter().enumerate() {
            if !self.taken.contains(&choice.staff) {
                self.taken.push(choice.staff);
                let dearer = Worth { gain: so_far.gain - choice.cost, ..so_far.clone() };
                self.crew(n, open - 1, &choices[place + 1..], &dearer);
                self.taken.pop();
            }
        }
    }
}
