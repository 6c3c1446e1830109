//! Owns the connection to the Redis that stands beside us, what it says of its memory and its processor, and the sending of updates in
//! batches of a hundred.

use harness::figures::{Times, measure};
use std::time::{Duration, Instant};

/// Commands sent at once.
pub const BATCH: usize = 100;

pub struct Side {
    pub link: redis::Connection,
}

/// What a run of updates took.
pub struct Ran {
    pub took: Duration,
    /// Of Redis's own processor time.
    pub redis_cpu: Duration,
}

impl Side {
    pub fn open(url: &str) -> Self {
        let client = redis::Client::open(url).expect("the address of a Redis");
        Self { link: client.get_connection().expect("Redis answers") }
    }

    /// Forgets all there is.
    pub fn clear(&mut self) {
        redis::cmd("FLUSHALL").exec(&mut self.link).expect("Redis answers");
    }

    /// Bytes in use by the data.
    pub fn used_bytes(&mut self) -> f64 {
        self.told("memory", "used_memory_dataset")
    }

    /// What asking costs when nothing is asked.
    pub fn round_trips(&mut self, rounds: usize) -> Times {
        measure(rounds, |_| redis::cmd("PING").exec(&mut self.link).expect("Redis answers"))
    }

    fn cpu(&mut self) -> Duration {
        Duration::from_secs_f64(self.told("cpu", "used_cpu_user") + self.told("cpu", "used_cpu_sys"))
    }

    fn told(&mut self, section: &str, name: &str) -> f64 {
        let text: String = redis::cmd("INFO").arg(section).query(&mut self.link).expect("Redis answers");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(f64::NAN)
    }

    /// Sends commands in batches, each added by `add`, and waits for the answers of each.
    pub fn send<T>(&mut self, of: &[T], mut add: impl FnMut(&mut redis::Pipeline, &T)) -> Ran {
        let (cpu, begun) = (self.cpu(), Instant::now());
        for batch in of.chunks(BATCH) {
            let mut pipe = redis::Pipeline::with_capacity(2 * BATCH);
            for one in batch {
                add(&mut pipe, one);
            }
            pipe.exec(&mut self.link).expect("Redis takes the batch");
        }
        Ran { took: begun.elapsed(), redis_cpu: self.cpu().saturating_sub(cpu) }
    }
}
