//! Who may go and who should go: the phases of a trip, the rules, the choice of crews, the calendar of commutes.
//!
//! Pure: no clock, no randomness, no I/O, no threads; `now` is a parameter and the same inputs give the same outputs. Nothing
//! here can be serialised, so an address cannot leave by accident. Deciding is all it does: keeping is the record's, telling is
//! the dispatcher's.
//!
//! | word | means | here |
//! |---|---|---|
//! | booking | what a rider asked for: now, at a time, or as a weekday series | [`model::BookingKind`] |
//! | commute, leg | the weekday series; its outward or its return trip | [`model::Commute`], [`model::Leg`] |
//! | trip | one dated journey from the meeting point to the drop-off | [`model::Trip`] |
//! | phase | where a trip is in its life | [`model::Phase`], [`lifecycle::TABLE`] |
//! | crew | the staff of one trip: 1 to 4, all of them or none | [`model::CrewSize`], [`assign::Crew`] |
//! | offer | one slot of a trip proposed to one staff member until an instant | [`model::Offer`] |
//! | hold | the slot kept for that staff member meanwhile | [`model::HoldState`] |
//! | next duty | a hold or crew slot of somebody who is still with another rider; theirs when that trip ends | [`policy::After`] |
//! | assignment | a crew whose members have all accepted | [`model::Assignment`] |
//! | staff: guard, supporter | who escorts; the two kinds | [`model::Staff`], [`model::StaffKind`] |
//! | agency | the company or centre that employs staff | [`model::AgencyId`] |
//! | shift | a working time | [`model::Shift`] |
//! | fix | a reported position with error and age; here only the last two | [`policy::FixFacts`] |
//! | pickup ETA | seconds of travel to the meeting point, with its source | `geo::Eta` |
//! | candidate | a staff member considered for a trip | [`policy::Candidate`] |
//! | violation | a hard rule that a candidate fails, by its code | [`policy::Violation`] |
//! | verdict | all violations of a candidate, and the cost | [`policy::Verdict`] |
//! | escalation | a human owns the trip now; a flag beside the phase | [`assign::Tier::Escalated`] |
//! | widening | looking for more candidates until none could matter | [`assign::widen`] |
//! | finding | what the independent checker holds against a proposed crew | [`check::Finding`] |

pub mod assign;
pub mod check;
pub mod docs;
pub mod lifecycle;
pub mod model;
pub mod policy;
pub mod schedule;

#[cfg(test)]
mod check_tests;
#[cfg(test)]
mod docs_tests;
#[cfg(test)]
mod lifecycle_tests;
#[cfg(test)]
mod sample;
