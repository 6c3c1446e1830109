//! Owns what is told of the trip watch, never a place: to a supervisor a word, unit numbers, since when; to the phones of a crew that
//! it is in a zone to avoid. A company is told of its own staff only, and nothing of zones: whom a rider fears, and where, is the
//! centre's to know.

use super::time::instant;
use super::trip::{is_crewed, is_together};
use crate::engine::watch::trips::{Flag, Sign};
use crate::record::TripRow;
use matcher::model::{AgencyId, Phase};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing to be seen of a trip beside its phase.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct WatchSign {
    /// `silent`, `no_way`, `left_meeting`, `in_zone`, `apart`, `at_meeting` or `at_dropoff`.
    pub sign: &'static str,
    /// Unit numbers of those it is about.
    pub nos: Vec<u32>,
    /// Since when; null if nothing was ever heard.
    pub since: Option<String>,
}

/// What of it supervisors of `agency` see of a trip in this phase; `None` is the centre. The phase is the reader's: flags that were
/// raised in an earlier one, or before the end, are not shown.
pub fn signs_for(phase: Phase, flags: &[Flag], agency: Option<AgencyId>) -> Vec<WatchSign> {
    let is_own = |flag: &Flag| agency.is_none_or(|own| flag.is_for(own));
    let seen = flags.iter().filter(|flag| is_of(phase, flag.sign) && is_own(flag));
    seen.map(|flag| WatchSign {
        sign: flag.sign.word(),
        nos: flag.who.iter().map(|&(no, _)| no).collect(),
        since: flag.since.map(instant),
    })
    .collect()
}

/// Whether the crew of the trip is in or at a zone of its rider, which is with it: what its own phones are told. Somebody who is of the
/// crew no more does not count.
pub fn is_in_a_zone(row: &TripRow, flags: &[Flag]) -> bool {
    let mut who = flags.iter().filter(|flag| flag.sign == Sign::InZone).flat_map(|flag| &flag.who);
    is_of(row.trip.phase, Sign::InZone) && who.any(|(no, _)| row.crew.iter().any(|member| member.no == *no))
}

fn is_of(phase: Phase, sign: Sign) -> bool {
    match sign {
        Sign::Silent => is_crewed(phase),
        Sign::NoWay | Sign::AtMeeting | Sign::LeftMeeting => is_crewed(phase) && !is_together(phase),
        Sign::InZone | Sign::AtDropoff => is_together(phase),
        Sign::Apart => phase == Phase::Escorting,
    }
}
