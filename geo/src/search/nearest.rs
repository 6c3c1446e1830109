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
        let (home, others_m) = View::home(query);
        let squares = Squares::from(query);
        let read = |best: Best| {
            let mut search = Search { index: self, mask, filter, best, looked_up: 0, read: 0 };
            search.read_face(&home)?;
            if search.read < self.list_count() && !search.best.is_closed_at(others_m) {
                for other in home.abroad().filter(|other| self.list_count_on(other.face) > 0) {
                    if !search.best.is_closed_at(other.least_m) {
                        search.read_face(&other.view()?)?;
                    }
                }
            }
            Some(search.best)
        };
        let guessed = self.guess_m(&home, k, mask).and_then(|radius_m| read(Best::within(radius_m, k, squares)));
        if let Some(found) = guessed.and_then(Best::found_within) {
            return Some(found);
        }
        let best = read(Best::new(k, squares))?;
        (!best.may_miss()).then(|| best.found())
    }

    /// A circle that should hold the `k` nearest, by how many are in the query's hexagon and around it. To be wrong costs time
    /// and nothing else: whoever is outside is not ranked at all, unless too few are inside.
    fn guess_m(&self, home: &View, k: usize, mask: Mask) -> Option<f64> {
        let mut reader = self.reader(home.face());
        let (mut entries, mut sampled, mut passed) = (0, 0, 0);
        for r in 0..=1 {
            home.each_in_ring(r, |a, b| {
                if let Some(list) = reader.list(a, b) {
                    let sample = &list.entries[..list.entries.len().min(SAMPLED)];
                    entries += list.entries.len();
                    sampled += sample.len();
                    passed += sample.iter().filter(|e| mask.passes(e.bits)).count();
                }
            });
        }
        if passed == 0 {
            return None;
        }
        let passing = entries as f64 * passed as f64 / sampled as f64;
        // Enough of them that chance seldom leaves too few.
        let wanted = k as f64 + GUESSED_SPREAD * (k as f64).sqrt();
        (passing >= wanted / GUESSED_FROM).then(|| home.radius_m(7.0 * wanted / passing))
    }
}

/// Entries of a hexagon whose bits tell what share of them passes.
const SAMPLED: usize = 16;
/// A crowd drawn at random holds fewer than the expected less so many roots of it once in fifty times.
const GUESSED_SPREAD: f64 = 2.0;
/// A circle is not guessed that would be larger than so many times the seven hexagons it is guessed from.
const GUESSED_FROM: f64 = 8.0;

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
            view.each_in_ring(r, |a, b| {
                self.looked_up += 1;
                if self.best.is_closed_at(view.hexagon_m(a, b)) {
                    return;
                }
                if let Some(list) = reader.list(a, b) {
                    self.best.offer(&list.entries, self.mask, self.filter);
                    self.read += 1;
                    left -= 1;
                }
            });
            self.best.settle();
            if self.looked_up > self.index.list_count() && left > 0 {
                return None;
            }
        }
        None
    }
}
