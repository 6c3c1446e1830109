//! Owns one node's bucket: entries by time, cheap to put in and take out even among thousands. Knows neither nodes nor staff.
//!
//! Most entries lie in one ascending run. What comes goes into a short second one, so that a change shifts a few words and not
//! the bucket; what goes is marked in its place. Now and then both are made one run again. Invariants: both runs ascend by
//! milliseconds, the second is no longer than [`FRESH_MAX`], no more than a quarter of the first is marked (or [`GONE_FREE`]),
//! and an empty bucket has no marked entries.

/// Entries in the second run at most.
const FRESH_MAX: usize = 32;

/// So many marked entries are never worth while to clear away.
const GONE_FREE: usize = 16;

/// The exit of an entry that was taken out: nobody leaves by it (`buckets`).
pub(super) const NOBODY: u32 = 0;

/// Entries in two runs.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    settled: Vec<u64>,
    fresh: Vec<u64>,
    gone: u32,
}

/// An entry: milliseconds first, so that entries sort by them.
pub(super) const fn packed(ms: u32, exit: u32) -> u64 {
    (ms as u64) << 32 | exit as u64
}

/// The milliseconds and the exit of an entry.
pub(super) const fn unpacked(entry: u64) -> (u32, u32) {
    ((entry >> 32) as u32, entry as u32)
}

const fn is_gone(entry: u64) -> bool {
    unpacked(entry).1 == NOBODY
}

impl Bucket {
    /// Takes ascending entries.
    pub(super) fn of(ascending: &[u64]) -> Self {
        Self { settled: ascending.to_vec(), ..Self::default() }
    }

    /// Both runs, each ascending by milliseconds. Entries of [`NOBODY`] may be among them.
    pub(super) fn runs(&self) -> [&[u64]; 2] {
        [&self.settled, &self.fresh]
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.settled.len() + self.fresh.len() - self.gone as usize
    }

    /// No entry has less than these milliseconds; `None` if there is no entry.
    pub(super) fn least_ms(&self) -> Option<u32> {
        self.runs().into_iter().filter_map(|run| run.first()).min().map(|&e| unpacked(e).0)
    }

    /// Puts an entry in.
    pub(super) fn insert(&mut self, entry: u64) {
        if self.fresh.len() == FRESH_MAX {
            self.settle();
        }
        let at = self.fresh.partition_point(|&e| e < entry);
        self.fresh.insert(at, entry);
    }

    /// Takes an entry out, if it is there.
    pub(super) fn withdraw(&mut self, entry: u64) {
        if let Ok(at) = self.fresh.binary_search(&entry) {
            self.fresh.remove(at);
        } else {
            let (ms, _) = unpacked(entry);
            // Marked entries of the same time stand among the others in no order.
            let from = self.settled.partition_point(|&e| unpacked(e).0 < ms);
            let same = self.settled[from..].iter_mut().take_while(|e| unpacked(**e).0 == ms);
            let Some(there) = same.into_iter().find(|e| **e == entry) else { return };
            *there = packed(ms, NOBODY);
            self.gone += 1;
        }
        if self.gone as usize > self.settled.len() / 4 + GONE_FREE || self.len() == 0 {
            self.settle();
        }
    }

    /// Makes one run of both, without what is gone.
    fn settle(&mut self) {
        if self.gone > 0 {
            self.settled.retain(|&e| !is_gone(e));
            self.gone = 0;
        }
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
