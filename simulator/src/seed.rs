//! Owns randomness: one seed, split into an independent stream per phone, rider and task, so that what one does never shifts
//! the dice of another. Never asks the system.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Whose dice.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum Stream {
    /// Where people live.
    Homes = 1,
    /// When bookings come, and from where to where.
    Demand = 2,
    /// A staff phone.
    Phone = 3,
    /// A rider.
    Rider = 4,
    /// A supervisor.
    Supervisor = 5,
    /// How far off a rider's fixes are.
    RiderFixes = 6,
    /// Who comes by bicycle.
    Bicycles = 7,
}

/// The dice of number `index` of a stream.
pub fn dice(seed: u64, stream: Stream, index: u64) -> StdRng {
    StdRng::seed_from_u64(splitmix(splitmix(seed ^ splitmix(stream as u64)).wrapping_add(index)))
}

/// Steele, Lea and Flood's finaliser: neighbouring inputs give unrelated outputs.
fn splitmix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
