//! Owns the table of modes: what sets walking, driving and the others apart, as data.

use super::Profile;
use super::data::RoadClass;
use super::turn_cost::TurnCosts;

/// What turning costs somebody. Left and right are the curve of OSRM's car profile at 90° and 150° (turn penalty 7.5 s, bias
/// 1.075), rounded to half seconds; turning round is that profile's 20 s.
pub(super) const fn turn_costs(profile: Profile) -> TurnCosts {
    match profile {
        Profile::Walk => TurnCosts::FREE,
        Profile::Drive => TurnCosts {
            left_ms: [5_500, 7_500],
            right_ms: [2_000, 7_000],
            uturn_ms: 20_000,
            uturn_from: RoadClass::Tertiary,
        },
    }
}
