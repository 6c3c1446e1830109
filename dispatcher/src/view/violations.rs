//! Owns which failed rules a supervisor is told. Some reasons say something of the rider: who the rider is tied to, or asked not
//! to be sent. Those are the centre's; a company is told one word for all of them.

use matcher::model::AgencyId;
use matcher::policy::{self, Audience, NOT_FOR_THIS_TRIP};

/// The codes for a supervisor of `agency`; `None` is the centre, which is told all. The neutral word comes last, once, so that
/// neither its place nor its number says which rule it stands for.
pub fn told(codes: &[&'static str], agency: Option<AgencyId>) -> Vec<&'static str> {
    if agency.is_none() {
        return codes.to_vec();
    }
    let for_all = |code: &&str| policy::rule(code).is_some_and(|rule| rule.audience == Audience::Supervisors);
    let mut told: Vec<&'static str> = codes.iter().copied().filter(for_all).collect();
    if told.len() < codes.len() {
        told.push(NOT_FOR_THIS_TRIP);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_told_one_word_for_every_rule_of_the_centre() {
        let company = Some(AgencyId(uuid::Uuid::from_u128(1)));
        let all: Vec<_> = policy::RULES.iter().map(|rule| rule.code).collect();
        assert_eq!(told(&all, None), all);
        let walled = told(&all, company);
        let centres = policy::RULES.iter().filter(|rule| rule.audience == Audience::Centre);
        assert!(centres.clone().count() > 1 && centres.clone().all(|rule| !walled.contains(&rule.code)));
        for rule in centres {
            assert_eq!(told(&[rule.code, "busy"], company), ["busy", NOT_FOR_THIS_TRIP], "{}", rule.code);
        }
        assert_eq!(told(&["busy"], company), ["busy"]);
    }
}
