//! Owns what tests of this crate start from: a trip and a guard who may go, and numbers drawn from a printed seed.

use crate::model::{
    AccountId, AgencyId, BookingId, CrewRules, CrewSize, Gender, Leg, Mode, Phase, RiskGrade, Shift, Staff, StaffKind,
    Timestamp, Trip, TripId,
};
use crate::policy::{After, Candidate, Context, DutyRun, FixFacts, Rule};
use geo::eta::STRAIGHT_SPREAD;
use geo::{Eta, EtaSource, Position};
use uuid::Uuid;

pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_000);

pub(crate) fn account(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

pub(crate) fn agency(n: u128) -> AgencyId {
    AgencyId(Uuid::from_u128(n))
}

pub(crate) fn trip_id(n: u128) -> TripId {
    TripId(Uuid::from_u128(n))
}

#[expect(clippy::unnecessary_wraps, reason = "fits the fact it is put into")]
pub(crate) fn road(seconds: f32) -> Option<Eta> {
    Some(Eta::road(seconds))
}

#[expect(clippy::unnecessary_wraps, reason = "fits the fact it is put into")]
pub(crate) fn calibrated(seconds: f32) -> Option<Eta> {
    Some(Eta::calibrated(seconds, 1.2))
}

#[expect(clippy::unnecessary_wraps, reason = "fits the fact it is put into")]
pub(crate) fn straight(seconds: f32) -> Option<Eta> {
    Some(Eta { seconds, p90_s: seconds * STRAIGHT_SPREAD, source: EtaSource::Straight })
}

/// Everything about one candidate for one trip, owned and open to change.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) staff: Staff,
    pub(crate) shift: Option<Shift>,
    pub(crate) fix: Option<FixFacts>,
    pub(crate) busy: bool,
    pub(crate) after: Option<After>,
    pub(crate) run: Option<DutyRun>,
    pub(crate) declined: bool,
    pub(crate) eta: Option<Eta>,
    pub(crate) off_road: bool,
    pub(crate) trip: Trip,
    pub(crate) now: Timestamp,
}

impl Facts {
    /// A guard on shift for six more hours, five minutes from a twenty-minute trip that asks for nothing special.
    pub(crate) fn eligible() -> Self {
        let staff = Staff {
            id: account(1),
            no: 1,
            agency: agency(1),
            kind: StaffKind::Guard,
            gender: Some(Gender::Woman),
            certified_until: NOW.plus_s(86_400),
            conflicts: Vec::new(),
        };
        let shift = Shift {
            staff: staff.id,
            starts_at: NOW.plus_s(-3_600),
            ends_at: NOW.plus_s(6 * 3_600),
            mode: Mode::Walk,
            worked_before_s: 0,
        };
        Self {
            staff,
            shift: Some(shift),
            fix: Some(FixFacts { age_ms: 2_000, accuracy_m: 15.0 }),
            busy: false,
            after: None,
            run: None,
            declined: false,
            eta: road(300.0),
            off_road: false,
            trip: trip(1),
            now: NOW,
        }
    }

    pub(crate) fn candidate(&self) -> Candidate<'_> {
        Candidate {
            staff: &self.staff,
            shift: self.shift.as_ref(),
            fix: self.fix,
            busy: self.busy,
            after: self.after,
            run: self.run,
            declined: self.declined,
            eta: self.eta,
            off_road: self.off_road,
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context { trip: &self.trip, now: self.now }
    }

    /// With a rider, free in so many seconds.
    pub(crate) fn free_in(&mut self, seconds: i64) {
        self.busy = true;
        self.after = Some(After { free_in_ms: seconds * 1_000, next_taken: false });
    }

    pub(crate) fn after_mut(&mut self) -> &mut After {
        self.after.as_mut().expect("with a rider")
    }

    pub(crate) fn shift_mut(&mut self) -> &mut Shift {
        self.shift.as_mut().expect("the sample has a shift")
    }

    /// An instant so long after the candidate could be done: five minutes there, twenty with the rider.
    pub(crate) fn after_end_s(seconds: i64) -> Timestamp {
        NOW.plus_s(300 + 1_200 + seconds)
    }
}

/// A trip for now, crew of two, looking for a crew.
pub(crate) fn trip(n: u128) -> Trip {
    let place = |lat, lon| Position::new(lat, lon).expect("a place in Seoul");
    Trip {
        id: trip_id(n),
        booking: BookingId(Uuid::from_u128(n)),
        rider: account(900 + n),
        leg: Leg::Single,
        crew_size: CrewSize::PAIR,
        pickup: place(37.55, 126.98),
        dropoff: place(37.56, 127.0),
        pickup_at: None,
        requested_at: NOW.plus_s(-1),
        escalated_at: None,
        phase: Phase::Matching,
        length: 1_200.into(),
        rules: CrewRules { agencies: Vec::new(), gender: None, risk: RiskGrade::Standard, known: Vec::new() },
    }
}

/// One case of a rule: what is different from the eligible sample, how, and whether the rule then fires.
pub(crate) type RuleCase = (&'static str, bool, fn(&mut Facts));

/// Runs a rule over its cases.
pub(crate) fn check_rule(rule: &Rule, cases: &[RuleCase]) {
    let sample = Facts::eligible();
    assert_eq!((rule.check)(&sample.candidate(), &sample.context()), Ok(()), "{}: the sample passes", rule.code);
    assert!(
        cases.iter().any(|c| c.1) && cases.iter().any(|c| !c.1),
        "{}: one that fires, one that does not",
        rule.code
    );
    for (what, fires, change) in cases {
        let mut facts = Facts::eligible();
        change(&mut facts);
        let answer = (rule.check)(&facts.candidate(), &facts.context());
        assert_eq!(answer.is_err(), *fires, "{}: {what}", rule.code);
        assert!(answer.is_ok() || answer.is_err_and(|v| v.code == rule.code), "{}: {what}", rule.code);
    }
}

/// Seeded numbers (`SplitMix64`).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0..n.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True in so many of a hundred.
    pub(crate) fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }
}
