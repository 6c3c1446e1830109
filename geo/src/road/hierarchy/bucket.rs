//! Owns one node's bucket: entries by time, cheap to put in even among thousands. Knows neither nodes nor staff, nor which
//! entries still count: the caller says so whenever the bucket is put in order.
//!
//! Most entries lie in one ascending run. What comes goes into a short second one, so that a change shifts a few words and not
//! the bucket; now and then both are made one run again, without what has gone. Invariants: both runs ascend, and nothing is put
//! into a second run that is full.

/// Entries in the second run of a small bucket at most.
const FRESH_MIN: usize = 32;

/// So many entries in the first run allow about one more in the second: putting in order costs as much as what it is done for.
const SETTLED_PER_FRESH: usize = 8;

/// Entries in two runs.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    settled: Vec<u64>,
    fresh: Vec<u64>,
}

/// An entry: milliseconds first, so that entries sort by them.
pub(super) const fn packed(ms: u32, exit: u32) -> u64 {
    (ms as u64) << 32 | exit as u64
}

/// Milliseconds and exit.
pub(super) const fn unpacked(entry: u64) -> (u32, u32) {
    ((entry >> 32) as u32, entry as u32)
}

impl Bucket {
    /// Takes ascending entries.
    pub(super) fn of(ascending: &[u64]) -> Self {
        Self { settled: ascending.to_vec(), fresh: Vec::new() }
    }

    /// Both runs, each ascending.
    pub(super) fn runs(&self) -> [&[u64]; 2] {
        [&self.settled, &self.fresh]
    }

    /// Entries, those that no longer count as well.
    pub(super) fn len(&self) -> usize {
        self.settled.len() + self.fresh.len()
    }

    /// The milliseconds of the first entry.
    pub(super) fn least_ms(&self) -> Option<u32> {
        self.runs().into_iter().filter_map(|run| run.first()).min().map(|&e| unpacked(e).0)
    }

    /// A word from where the next entry will be put, to have it at hand; it means nothing.
    pub(super) fn call_up(&self) -> u64 {
        self.fresh.get(self.fresh.len() / 2).copied().unwrap_or(0)
    }

    /// From three quarters of its share to five, by the first entry, which is as good as random: buckets that hold the same people
    /// would else all be put in order by the same move.
    fn fresh_max(&self) -> usize {
        let share = self.settled.len() / SETTLED_PER_FRESH;
        let spread = self.settled.first().map_or(0, |&first| first.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32);
        FRESH_MIN + share * 3 / 4 + spread as usize % (share / 2 + 1)
    }

    /// Puts an entry in. True if there was no room in the second run and what has gone was left out.
    pub(super) fn insert(&mut self, entry: u64, counts: impl Fn(u64) -> bool) -> bool {
        let full = self.fresh.len() >= self.fresh_max();
        if full {
            self.sweep(&counts);
            self.merge();
        }
        let at = self.fresh.partition_point(|&e| e < entry);
        self.fresh.insert(at, entry);
        full
    }

    /// Leaves out what no longer counts.
    pub(super) fn sweep(&mut self, counts: impl Fn(u64) -> bool) {
        self.settled.retain(|&e| counts(e));
        self.fresh.retain(|&e| counts(e));
    }

    /// Makes one run of both.
    fn merge(&mut self) {
        let (mut old, mut new) = (self.settled.len(), self.fresh.len());
        self.settled.resize(old + new, 0);
        // From the end, so that nothing is overwritten that is still to be moved.
        while new > 0 {
            let fresh = self.fresh[new - 1];
            let stays = old > 0 && self.settled[old - 1] > fresh;
            self.settled[old + new - 1] = if stays { self.settled[old - 1] } else { fresh };
            if stays { old -= 1 } else { new -= 1 }
        }
        self.fresh.clear();
    }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
