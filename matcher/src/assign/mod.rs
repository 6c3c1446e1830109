//! Owns the choice of crews: which staff go to which trips, all slots of a trip or none. Asks nothing about whether somebody may
//! go (`policy` did) and places no offers.
//!
//! **Objective**, in this order:
//! 1. as many escalated trips fully crewed as possible, then as many ordinary ones as possible;
//! 2. least total cost, where a crew costs the sum of its new members' costs and each crewed trip is credited the time it has
//!    waited, millisecond for millisecond up to [`WAIT_CREDIT_S_MAX`]. Credits decide only who goes without in a shortage: there
//!    the trip that waited longer wins unless the other is nearer by more than the difference;
//! 3. among equals, the older trip (the earlier in the input) is crewed.
//!
//! Costs of `policy` are convex in the pickup ETA, so that a sum, which an assignment solver can minimise, prefers the crew whose
//! slowest member is sooner.
//!
//! **Exactness.** All-or-nothing crews make the problem hard in general (it contains set packing). But once the set of trips to
//! crew is fixed, the cheapest way is a plain assignment problem, solved exactly by `kuhn_munkres`. Trips that share no candidate
//! are solved apart; a group whose slots can all be filled needs one run; a group of up to [`EXACT_TRIPS_MAX`] trips with too few
//! staff is solved by trying every subset. Larger groups in shortage are dissolved and re-solved, which may miss the optimum;
//! [`Plan::exact`] says so. Measured by test on groups of nine trips for fourteen staff: 1 crew missed of 376 possible.

mod group;
mod prices;
mod slots;
mod solve;
mod widen;

pub use solve::solve;
pub use widen::{Widening, widen};

use crate::model::{AccountId, TripId};

/// Largest group of trips that compete for too few staff and is still solved exactly: 2^6 runs of a 24-slot assignment.
pub const EXACT_TRIPS_MAX: usize = 6;

/// Trips solved together; of more, the most urgent come first and the others choose from who is left.
pub const BATCH_TRIPS_MAX: usize = 64;

/// Largest cost of one member; more is cut to this, so that sums stay far from overflow.
pub const COST_MAX: i64 = 1 << 30;

/// Longest wait that is credited, seconds.
pub const WAIT_CREDIT_S_MAX: u32 = 3_600;

/// How often an engine should widen before it takes what it has: with candidates doubled each time, 8 rounds see 256 times as many.
pub const WIDEN_ROUNDS_MAX: usize = 8;

/// What comes first when there are too few staff. The order is the urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A human owns it, or somebody is in danger: before any number of others.
    Escalated,
    /// All else.
    Ordinary,
}

/// One staff member who may go, with the cost `policy` gave; the same for every slot of the trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Who.
    pub staff: AccountId,
    /// Lower is better, 0..=[`COST_MAX`].
    pub cost: i64,
}

/// One trip that needs staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignTrip {
    /// The trip.
    pub trip: TripId,
    /// Open slots only: crew size less kept members.
    pub slots: u8,
    /// Urgency.
    pub tier: Tier,
    /// Seconds since it was asked, or since it went live.
    pub waited_s: u32,
    /// Members who have accepted and are kept while the rest is refilled; never given to another trip.
    pub kept: Vec<AccountId>,
    /// Eligible staff found so far, in any order. A double counts once, at its lower cost.
    pub candidates: Vec<Choice>,
    /// Least cost of any eligible staff not among the candidates (`policy::cost_floor` of the search's ETA bound); `None` if
    /// there is nobody else.
    pub unseen_cost_min: Option<i64>,
}

/// A full crew for one trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crew {
    /// The trip.
    pub trip: TripId,
    /// Members kept, as given.
    pub kept: Vec<AccountId>,
    /// New members, one per open slot, cheapest first.
    pub added: Vec<Choice>,
}

/// What was decided. Every trip of the input is in exactly one of the two lists, in input order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Trips with a full crew.
    pub crews: Vec<Crew>,
    /// Trips nobody goes to.
    pub left: Vec<TripId>,
    /// Whether the objective is proven best for the given candidates.
    pub exact: bool,
}

#[cfg(test)]
mod brute;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod solve_tests;
#[cfg(test)]
mod widen_tests;
