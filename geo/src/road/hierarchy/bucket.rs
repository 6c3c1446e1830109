//! Owns one node's bucket: entries in ascending order, cheap to put in and take out even among thousands. Knows neither
//! nodes nor staff.
//!
//! Long buckets are cut into runs, so that a change shifts a run and not the bucket. Invariant: the runs one after the other
//! ascend, no run is empty but the first of an empty bucket, none is longer than [`RUN_MAX`].

/// Entries in a run at most: 1 KiB.
const RUN_MAX: usize = 128;

/// Ascending entries.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    first: Vec<u64>,
    /// Nodes low in the hierarchy, nearly all, have no more than the first run.
    #[expect(clippy::box_collection, reason = "one word instead of three in each of several hundred thousand buckets")]
    more: Option<Box<Vec<Vec<u64>>>>,
}

/// An entry: milliseconds first, so that entries sort by them.
pub(super) const fn packed(ms: u32, exit: u32) -> u64 {
    (ms as u64) << 32 | exit as u64
}

/// The milliseconds and the exit of an entry.
pub(super) const fn unpacked(entry: u64) -> (u32, u32) {
    ((entry >> 32) as u32, entry as u32)
}

impl Bucket {
    /// Takes ascending entries.
    pub(super) fn of(ascending: &[u64]) -> Self {
        // Three quarters full: there is room for what comes.
        let mut runs = ascending.chunks(RUN_MAX * 3 / 4).map(<[u64]>::to_vec);
        let first = runs.next().unwrap_or_default();
        let more: Vec<Vec<u64>> = runs.collect();
        Self { first, more: (!more.is_empty()).then(|| Box::new(more)) }
    }

    fn more(&self) -> &[Vec<u64>] {
        self.more.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Its runs, ascending.
    pub(super) fn runs(&self) -> impl Iterator<Item = &[u64]> {
        std::iter::once(self.first.as_slice()).chain(self.more().iter().map(Vec::as_slice))
    }

    /// A run by number; empty beyond the last.
    pub(super) fn run(&self, number: u32) -> &[u64] {
        match number {
            0 => &self.first,
            n => self.more().get(n as usize - 1).map_or(&[], Vec::as_slice),
        }
    }

    /// The milliseconds of the first entry.
    pub(super) fn least_ms(&self) -> Option<u32> {
        self.first.first().map(|&e| unpacked(e).0)
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.runs().map(<[u64]>::len).sum()
    }

    /// Puts an entry in.
    pub(super) fn insert(&mut self, entry: u64) {
        let number = self.run_of(entry);
        let run = self.run_mut(number);
        let at = run.partition_point(|&e| e < entry);
        run.insert(at, entry);
        if run.len() > RUN_MAX {
            let upper = run.split_off(RUN_MAX / 2);
            self.more.get_or_insert_default().insert(number, upper);
        }
    }

    /// Takes an entry out, if it is there.
    pub(super) fn withdraw(&mut self, entry: u64) {
        let number = self.run_of(entry);
        let run = self.run_mut(number);
        let Ok(at) = run.binary_search(&entry) else { return };
        run.remove(at);
        if !run.is_empty() {
            return;
        }
        let Some(more) = &mut self.more else { return };
        if number > 0 {
            more.remove(number - 1);
        } else {
            self.first = more.remove(0);
        }
        if more.is_empty() {
            self.more = None;
        }
    }

    /// The number of the run an entry belongs to.
    fn run_of(&self, entry: u64) -> usize {
        self.more().partition_point(|run| run[0] <= entry)
    }

    fn run_mut(&mut self, number: usize) -> &mut Vec<u64> {
        match (number, &mut self.more) {
            (1.., Some(more)) => &mut more[number - 1],
            _ => &mut self.first,
        }
    }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
