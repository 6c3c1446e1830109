//! Owns the search for the `k` nearest: rings outward on the query's face, then on every face near enough, until nothing unread
//! can matter; a look at everything where that is cheaper.

use super::Found;
use super::lattice::{RING_MAX, View};
use super::lists::CellIndex;
use super::mask::Mask;
use super::rank::{Best, Squares};
use crate::position::Position;

impl CellIndex {
    /// The `k` nearest whom mask and filter let through, nearest first, of equal distances the lower number. Exact by
    /// [`Position::distance_m`]. The filter is asked only of those who are near enough to be among the answer.
    pub fn nearest(&self, query: Position, k: usize, mask: Mask, filter: impl Fn(u32) -> bool) -> Vec<Found> {
        if k == 0 || self.is_empty() {
            return Vec::new();
        }
        if let Some(found) = self.nearest_by_rings(query, k, mask, &filter) {
            return found;
        }
        let best = self.best_of_all(Best::new(k, Squares::from(query)), mask, &filter);
        if !best.may_miss() {
            return best.found();
        }
        self.best_of_all(Best::new(k, Squares::true_from(query)), mask, &filter).found()
    }

    fn best_of_all(&self, mut best: Best, mask: Mask, filter: &impl Fn(u32) -> bool) -> Best {
        for list in self.lists() {
            best.offer(&list.entries, mask, filter);
        }
        best
    }

    /// `None` if looking at every entry is cheaper, or some lie beyond what rings are good for.
    pub(super) fn nearest_by_rings(
        &self,
        query: Position,
        k: usize,
        mask: Mask,
        filter: &impl Fn(u32) -> bool,
    ) -> Option<Vec<Found>> {
        let mut search =
            Search { index: self, mask, filter, best: Best::new(k, Squares::from(query)), looked_up: 0, read: 0 };
        let (home, others_m) = View::home(query);
        search.read_face(&home)?;
        if search.read < self.list_count() && !search.best.is_closed_at(others_m) {
            for other in home.abroad().filter(|other| self.list_count_on(other.face) > 0) {
                if !search.best.is_closed_at(other.least_m) {
                    search.read_face(&other.view()?)?;
                }
            }
        }
        (!search.best.may_miss()).then(|| search.best.found())
    }
}

struct Search<'a, F> {
    index: &'a CellIndex,
    mask: Mask,
    filter: &'a F,
    best: Best,
    /// Hexagons looked up.
    looked_up: usize,
    /// Lists read.
    read: usize,
}

impl<F: Fn(u32) -> bool> Search<'_, F> {
    /// Reads one face outward as far as anything on it can matter. `None` once more hexagons were looked at than there are lists.
    fn read_face(&mut self, view: &View) -> Option<()> {
        let mut left = self.index.list_count_on(view.face());
        let mut reader = self.index.reader(view.face());
        for r in 0..=RING_MAX {
            if left == 0 || self.best.is_closed_at(view.unread_m(r)) {
                return Some(());
            }
            for (a, b) in view.ring(r) {
                self.looked_up += 1;
                if self.best.is_closed_at(view.hexagon_m(a, b)) {
                    continue;
                }
                if let Some(list) = reader.list(a, b) {
                    self.best.offer(&list.entries, self.mask, self.filter);
                    self.read += 1;
                    left -= 1;
                }
            }
            self.best.settle();
            if self.looked_up > self.index.list_count() && left > 0 {
                return None;
            }
        }
        None
    }
}
