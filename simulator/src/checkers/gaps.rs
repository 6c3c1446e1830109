//! The property: numbered messages leave no hole. [`crate::socket::Socket`] counts those of phones and riders, where each is
//! a loss; this follows the per-socket `n` of a supervisor, where a hole means that the whole picture must be read.

/// The last `n` of one supervisor's socket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    last: Option<u64>,
}

impl Count {
    /// Takes the next `n`; true if something is missing before it.
    pub fn gap_before(&mut self, n: u64) -> bool {
        let missing = self.last.is_some_and(|last| n != last + 1);
        self.last = Some(n);
        missing
    }
}
