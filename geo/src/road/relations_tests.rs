//! Tables of restriction tags; members that join and members that do not.

use super::{Members, RawRestriction, Said, Unkept, read, resolve};
use crate::road::{Profile, Profiles, Restriction, Rule};

fn said(text: &str) -> Said {
    read(text.split_whitespace().map(|t| t.split_once('=').unwrap()))
}

#[test]
fn whom_a_restriction_binds() {
    let none = Profiles::NONE;
    let drive = none.with(Profile::Drive);
    let cycle = none.with(Profile::Cycle);
    let both = drive.with(Profile::Cycle);
    let rules = |no, only| Said::Rules { no, only };
    for (text, expected) in [
        ("type=restriction restriction=no_left_turn", rules(both, none)),
        ("type=restriction restriction=only_straight_on", rules(none, both)),
        ("type=restriction restriction=no_left_turn;no_straight_on", rules(both, none)),
        ("type=restriction restriction=no_u_turn except=bicycle", rules(drive, none)),
        ("type=restriction restriction=no_u_turn except=psv;motorcar", rules(cycle, none)),
        ("type=restriction restriction=no_u_turn except=motor_vehicle", rules(cycle, none)),
        ("type=restriction restriction=no_u_turn except=vehicle", Said::Others),
        ("type=restriction restriction:motorcar=no_right_turn", rules(drive, none)),
        ("type=restriction restriction:motorcar=no_right_turn except=motorcar", rules(drive, none)),
        ("type=restriction restriction:bicycle=only_left_turn restriction=no_left_turn", rules(drive, cycle)),
        ("type=restriction restriction:hgv=no_right_turn", Said::Others),
        ("type=restriction restriction:conditional=no_left_turn@(Mo-Fr)", Said::Conditional),
        ("type=restriction restriction=no_right_turn_on_red", Said::Conditional),
        ("type=restriction restriction=no_u_turn;no_right_turn_on_red", rules(both, none)),
        ("type=restriction restriction=no_right_turn_on_red;no_u_turn", rules(both, none)),
        ("type=restriction restriction=no_left_turn hour_on=07:00 hour_off=09:00", Said::Conditional),
        ("type=restriction restriction=give_way", Said::Unknown),
        ("type=restriction restriction=foot", Said::Unknown),
        ("type=restriction", Said::Unknown),
        ("type=multipolygon restriction=no_left_turn", Said::Nothing),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

/// Ways 10 (1-2), 11 (2-3), 12 (3-4), 13 (4-5), 14 (2-5, beside 11..13), 15 (cut in two), 16 (a loop at 2).
fn pieces(id: i64) -> Vec<(u32, &'static [u32])> {
    match id {
        10 => vec![(0, &[1, 2])],
        11 => vec![(1, &[2, 3])],
        12 => vec![(2, &[3, 4])],
        13 => vec![(3, &[4, 5])],
        14 => vec![(4, &[2, 9, 5])],
        15 => vec![(5, &[2, 6]), (6, &[7, 5])],
        16 => vec![(7, &[2, 8, 2])],
        _ => vec![],
    }
}

fn resolved(no: &[(&str, &[i64])]) -> Result<Vec<Restriction>, Unkept> {
    let of = |role: &str| no.iter().filter(|m| m.0 == role).flat_map(|m| m.1.iter().copied()).collect();
    let raw = RawRestriction {
        no: Profiles::NONE.with(Profile::Drive),
        only: Profiles::NONE,
        from: of("from"),
        via_points: of("point"),
        via_ways: of("via"),
        to: of("to"),
    };
    resolve(&raw, &Members { pieces: &pieces, point: &|id| u32::try_from(id).ok().filter(|&n| n < 10) })
}

#[test]
fn members_become_ways_and_points() {
    let at_a_point = resolved(&[("from", &[10]), ("point", &[2]), ("to", &[11])]).unwrap();
    let expected = Restriction {
        rule: Rule::No,
        profiles: Profiles::NONE.with(Profile::Drive),
        from: 0,
        via: vec![],
        to: 1,
        path: vec![2],
    };
    assert_eq!(at_a_point, std::slice::from_ref(&expected));
    let over = Restriction { via: vec![1, 2], to: 3, path: vec![2, 3, 4], ..expected.clone() };
    assert_eq!(resolved(&[("from", &[10]), ("via", &[11, 12]), ("to", &[13])]).unwrap(), std::slice::from_ref(&over));
    // Listed in the wrong order.
    assert_eq!(resolved(&[("from", &[10]), ("via", &[12, 11]), ("to", &[13])]).unwrap(), [over]);
    let bent = Restriction { via: vec![4], to: 3, path: vec![2, 9, 5], ..expected };
    assert_eq!(resolved(&[("from", &[10]), ("via", &[14]), ("to", &[13])]).unwrap(), [bent]);
    // No entry from two streets, no exit to two.
    assert_eq!(resolved(&[("from", &[10, 14]), ("point", &[2]), ("to", &[11])]).unwrap().len(), 2);
    assert_eq!(resolved(&[("from", &[10]), ("point", &[2]), ("to", &[11, 14])]).unwrap().len(), 2);
}

#[test]
fn members_that_do_not_fit_are_told_apart() {
    use Unkept::{Incomplete, Unclear};
    for (members, why) in [
        (&[("from", &[10][..]), ("point", &[2][..])][..], Incomplete),
        (&[("from", &[10]), ("to", &[11])], Incomplete),
        (&[("from", &[99]), ("point", &[2]), ("to", &[11])], Incomplete),
        (&[("from", &[10]), ("point", &[77]), ("to", &[11])], Incomplete),
        (&[("from", &[10]), ("via", &[99]), ("to", &[13])], Incomplete),
        (&[("from", &[10]), ("point", &[4]), ("to", &[11])], Unclear),
        (&[("from", &[10]), ("via", &[12]), ("to", &[13])], Unclear),
        (&[("from", &[10]), ("via", &[15]), ("to", &[13])], Unclear),
        (&[("from", &[10]), ("point", &[2, 3]), ("to", &[11])], Unclear),
        (&[("from", &[10]), ("point", &[2]), ("via", &[11]), ("to", &[12])], Unclear),
        // Round the loop either way.
        (&[("from", &[10]), ("via", &[16]), ("to", &[11])], Unclear),
        (&[("from", &[10; 17]), ("point", &[2]), ("to", &[11])], Unclear),
    ] {
        assert_eq!(resolved(members).unwrap_err(), why, "{members:?}");
    }
}
