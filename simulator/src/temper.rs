//! Owns how people answer: yes, no or not at all, and after how long. Draws only from the dice it is given.

use rand::Rng;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Seconds between a least and a most, drawn evenly; written `1-6` or `3`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    least_s: f64,
    most_s: f64,
}

/// Longest delay that makes sense: an offer stands 20 s.
const DELAY_S_MAX: f64 = 600.0;

impl Delay {
    /// At once.
    pub const NONE: Self = Self { least_s: 0.0, most_s: 0.0 };

    /// Between two bounds in seconds.
    pub const fn between(least_s: f64, most_s: f64) -> Self {
        Self { least_s, most_s }
    }

    /// One wait.
    pub fn draw(self, rng: &mut impl Rng) -> Duration {
        let s = if self.most_s > self.least_s { rng.random_range(self.least_s..self.most_s) } else { self.least_s };
        Duration::from_secs_f64(s)
    }
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (least, most) = text.split_once('-').unwrap_or((text, text));
        let number = |t: &str| t.trim().parse::<f64>().ok().filter(|s| (0.0..=DELAY_S_MAX).contains(s));
        match (number(least), number(most)) {
            (Some(least_s), Some(most_s)) if least_s <= most_s => Ok(Self { least_s, most_s }),
            _ => Err(format!("delay must be seconds or LEAST-MOST, 0 to {DELAY_S_MAX}")),
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.least_s, self.most_s)
    }
}

/// What somebody will do about an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Accept after a while.
    Accept(Duration),
    /// Decline after a while.
    Decline(Duration),
    /// Not look at the phone.
    Silence,
}

/// How a crowd answers.
#[derive(Clone, Copy, Debug)]
pub struct Temper {
    decline: f64,
    silence: f64,
    delay: Delay,
}

impl Temper {
    /// From three weights (they need not add up to 1) and a delay; `None` unless they are finite, none negative, one positive.
    pub fn new(accept: f64, decline: f64, silence: f64, delay: Delay) -> Option<Self> {
        let sum = accept + decline + silence;
        let fine = [accept, decline, silence].iter().all(|w| w.is_finite() && *w >= 0.0) && sum > 0.0;
        fine.then(|| Self { decline: decline / sum, silence: silence / sum, delay })
    }

    /// Everybody accepts at once: what is measured then is the machine.
    pub const PROMPT: Self = Self { decline: 0.0, silence: 0.0, delay: Delay::NONE };

    /// Attentive people: they always accept, after a look.
    pub const ATTENTIVE: Self = Self { decline: 0.0, silence: 0.0, delay: Delay::between(1.5, 4.0) };

    /// One answer.
    pub fn reply(&self, rng: &mut impl Rng) -> Reply {
        let toss: f64 = rng.random_range(0.0..1.0);
        let wait = self.delay.draw(rng);
        if toss < self.silence {
            Reply::Silence
        } else if toss < self.silence + self.decline {
            Reply::Decline(wait)
        } else {
            Reply::Accept(wait)
        }
    }
}
