//! Owns what of that which a trip takes beside the way itself ([`geo::Beside`]) still lies ahead of somebody: all of it until they set out, then
//! what `geo` takes to lie at the end of a way, nothing once they are there. Searches nothing; whoever makes an answer of a way adds this, once.

use geo::Beside;
use matcher::model::Phase;

/// Seconds, of a member of a crew in this phase, to where the trip asks them to go next.
pub fn ahead_s(beside: Beside, phase: Phase) -> f32 {
    match phase {
        Phase::Requested | Phase::Reserved | Phase::Matching | Phase::Offered | Phase::Assigned => beside.alone_s,
        Phase::EnRoute => beside.under_way().alone_s,
        Phase::Met | Phase::Escorting => beside.under_way().with_rider_s,
        Phase::Arrived | Phase::Completed | Phase::Cancelled | Phase::NoShow | Phase::Unserved => 0.0,
    }
}
