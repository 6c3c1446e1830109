//! Owns what following those who move costs, whoever does it: the field's own thread, or a decision that finds some left to do.

use crate::telemetry;

/// Processor time of this thread since it began.
pub struct Spent {
    cpu_s: Option<f64>,
}

impl Spent {
    /// From now on.
    pub fn begin() -> Self {
        Self { cpu_s: cpu_s() }
    }

    /// So many moves were followed.
    pub fn on_moves(self, moves: usize) {
        if moves == 0 {
            return;
        }
        metrics::counter!(telemetry::FIELD_MOVES).increment(moves as u64);
        if let (Some(from), Some(to)) = (self.cpu_s, cpu_s()) {
            metrics::histogram!(telemetry::FIELD_CPU_SECONDS).record(to - from);
        }
    }
}

/// Processor seconds of this thread; `None` where the system does not say.
fn cpu_s() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse::<f64>().ok().map(|ns| ns / 1e9)
}
