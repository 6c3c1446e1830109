//! Owns the log of who moved: each one's latest move only, by a number that grows. Writing one is a push and a mark; nothing is
//! searched. Knows no positions.
//!
//! Invariant: a mover stands in the log once; the log is bounded by the number of movers.

use std::collections::{BTreeMap, VecDeque};

/// The log keeps this many moves in a row for each mover before the oldest are put aside.
const ROWS_A_MOVER: usize = 2;
/// And at least so many.
const ROWS_MIN: usize = 64;

/// In place of a mover who moved again.
const NOBODY: u32 = u32::MAX;

/// Who moved, by the number of the move. A mover is a number below `u32::MAX`.
#[derive(Default)]
pub(super) struct Moves {
    /// The latest moves, one after the other.
    recent: VecDeque<u32>,
    /// How many moves went before `recent`, so that the first of it is one more.
    before: u64,
    /// Those whose last move is older: the silent and the still.
    elders: BTreeMap<u64, u32>,
}

impl Moves {
    /// Notes a move; `last` is what this returned for the mover's move before. Its number, never 0.
    pub(super) fn push(&mut self, mover: u32, last: Option<u64>, movers: usize) -> u64 {
        if let Some(last) = last {
            self.forget(last);
        }
        self.recent.push_back(mover);
        let number = self.before + self.recent.len() as u64;
        // Two at most, so that no single move pays for all: the row shrinks faster than it grows.
        for _ in 0..2 {
            if self.recent.len() <= ROWS_MIN.max(ROWS_A_MOVER * movers) {
                break;
            }
            let oldest = self.recent.pop_front();
            self.before += 1;
            if let Some(oldest) = oldest.filter(|&mover| mover != NOBODY) {
                self.elders.insert(self.before, oldest);
            }
        }
        number
    }

    /// Takes a move out of the log.
    pub(super) fn forget(&mut self, number: u64) {
        match number.checked_sub(self.before + 1).map(|at| self.recent.get_mut(at as usize)) {
            Some(Some(mover)) => *mover = NOBODY,
            Some(None) => {}
            None => {
                self.elders.remove(&number);
            }
        }
    }

    /// Movers since a move, oldest move first, with the numbers of the moves.
    pub(super) fn since(&self, number: u64) -> impl Iterator<Item = (u64, u32)> + '_ {
        let from = number.saturating_add(1);
        let skipped = usize::try_from(from.saturating_sub(self.before + 1)).unwrap_or(usize::MAX);
        let elders = self.elders.range(from..).map(|(&number, &mover)| (number, mover));
        let skipped = skipped.min(self.recent.len());
        let recent = (self.before + 1 + skipped as u64..).zip(self.recent.range(skipped..).copied());
        elders.chain(recent.filter(|&(_, mover)| mover != NOBODY))
    }

    /// How many rows it has.
    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.recent.len() + self.elders.len()
    }
}

#[cfg(test)]
#[path = "moves_tests.rs"]
mod tests;
