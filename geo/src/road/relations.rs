//! Owns the reading of turn restriction relations: which rule for whom, and over which points. Does not know files (`load`)
//! nor arcs (`bans`).

use super::Profile;
use super::modes::mode;
use super::restriction::{Profiles, Restriction, Rule};
use std::collections::BTreeMap;

/// Via ways and alternatives beyond this are not followed: nobody maps more by intention.
pub(super) const MEMBERS_MAX: usize = 16;

/// Vehicles whose restrictions are read.
const BOUND: [Profile; 2] = [Profile::Drive, Profile::Cycle];

/// Members of a relation by their numbers in the file.
#[derive(Debug, Default)]
pub(super) struct RawRestriction {
    pub(super) no: Profiles,
    pub(super) only: Profiles,
    pub(super) from: Vec<i64>,
    pub(super) via_points: Vec<i64>,
    pub(super) via_ways: Vec<i64>,
    pub(super) to: Vec<i64>,
}

/// What the tags of a relation say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// No turn restriction.
    Nothing,
    /// For these.
    Rules {
        /// Forbidden for.
        no: Profiles,
        /// The only way on for.
        only: Profiles,
    },
    /// Holds at certain times only.
    Conditional,
    /// For vehicles that are not sent here, or not for those that are.
    Others,
    /// A value that is not known.
    Unknown,
}

/// Reads the tags of a relation.
pub(super) fn read<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Said {
    let tags: BTreeMap<&str, &str> = tags.collect();
    if tags.get("type") != Some(&"restriction") {
        return Said::Nothing;
    }
    let spoken: Vec<&str> = tags.keys().filter(|k| k.starts_with("restriction")).copied().collect();
    let is_conditional = |k: &&str| k.ends_with(":conditional") || matches!(*k, "day_on" | "hour_on");
    let exempt = |profile| {
        let words = tags.get("except").into_iter().flat_map(|e| e.split([';', ',']).map(str::trim));
        words.into_iter().any(|w| mode(profile).access_keys.contains(&w))
    };
    let (mut no, mut only, mut unknown, mut spared) = (Profiles::NONE, Profiles::NONE, false, false);
    let mut on_red = false;
    for profile in BOUND {
        let value = mode(profile).restriction_keys.iter().find_map(|k| tags.get(k).map(|v| (*k, *v)));
        let Some((key, value)) = value else { continue };
        let mut said: Vec<&str> = value.split(';').map(str::trim).collect();
        // Of one light: at green everybody may.
        let parts = said.len();
        said.retain(|part| !part.ends_with("_on_red"));
        on_red |= said.len() < parts;
        // An exception is one from the general rule, not from one's own.
        if key == "restriction" && exempt(profile) {
            spared = true;
        } else if said.is_empty() {
            // Nothing else is said.
        } else if said.iter().all(|part| part.starts_with("no_")) {
            no = no.with(profile);
        } else if said[0].starts_with("only_") {
            only = only.with(profile);
        } else {
            unknown = true;
        }
    }
    if no != Profiles::NONE || only != Profiles::NONE {
        // Old style: the hours stand beside the rule.
        let timed = tags.keys().any(|k| matches!(*k, "day_on" | "hour_on" | "day_off" | "hour_off"));
        return if timed { Said::Conditional } else { Said::Rules { no, only } };
    }
    match (unknown, on_red || spoken.iter().any(is_conditional), spared || !spoken.is_empty()) {
        (true, ..) => Said::Unknown,
        (_, true, _) => Said::Conditional,
        (_, _, true) => Said::Others,
        _ => Said::Unknown,
    }
}

/// Why a restriction was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unkept {
    /// A member is not in the files, is no road, or was not given.
    Incomplete,
    /// The members do not join, or in more than one way.
    Unclear,
}

/// Where the members of a restriction lie in the map.
pub(super) struct Members<'a> {
    /// The pieces of each way: its index and its points.
    pub(super) pieces: &'a dyn Fn(i64) -> Vec<(u32, &'a [u32])>,
    /// The number of a point.
    pub(super) point: &'a dyn Fn(i64) -> Option<u32>,
}

/// The restrictions a relation makes: one for each rule and pair of ways.
pub(super) fn resolve(raw: &RawRestriction, members: &Members<'_>) -> Result<Vec<Restriction>, Unkept> {
    let counts = [raw.from.len(), raw.to.len(), raw.via_ways.len() + raw.via_points.len()];
    if counts.contains(&0) {
        return Err(Unkept::Incomplete);
    }
    if counts.iter().any(|&n| n > MEMBERS_MAX) {
        return Err(Unkept::Unclear);
    }
    let mut kept = Vec::new();
    for from in &raw.from {
        for to in &raw.to {
            let (from, to) = ((members.pieces)(*from), (members.pieces)(*to));
            if from.is_empty() || to.is_empty() {
                return Err(Unkept::Incomplete);
            }
            let (via, path) = match (&raw.via_points[..], &raw.via_ways[..]) {
                (&[point], []) => (Vec::new(), vec![(members.point)(point).ok_or(Unkept::Incomplete)?]),
                ([], ways) => over_ways(&from, ways, &to, members)?,
                _ => return Err(Unkept::Unclear),
            };
            let (first, last) = (path[0], path[path.len() - 1]);
            let holding = |pieces: &[(u32, &[u32])], point: u32| {
                pieces.iter().find(|p| p.1.contains(&point)).map(|p| p.0).ok_or(Unkept::Unclear)
            };
            let (from, to) = (holding(&from, first)?, holding(&to, last)?);
            for (rule, profiles) in [(Rule::No, raw.no), (Rule::Only, raw.only)] {
                if profiles != Profiles::NONE {
                    kept.push(Restriction { rule, profiles, from, via: via.clone(), to, path: path.clone() });
                }
            }
        }
    }
    Ok(kept)
}

type Pieces<'a> = Vec<(u32, &'a [u32])>;

/// The ways between in the order they are passed, and all their points; members may be listed in any order.
fn over_ways(
    from: &Pieces<'_>,
    ways: &[i64],
    to: &Pieces<'_>,
    members: &Members<'_>,
) -> Result<(Vec<u32>, Vec<u32>), Unkept> {
    let mut via = Vec::new();
    for &way in ways {
        match (members.pieces)(way)[..] {
            [] => return Err(Unkept::Incomplete),
            [piece] => via.push(piece),
            // Cut by a hole in the map: nobody passes.
            _ => return Err(Unkept::Unclear),
        }
    }
    let on = |pieces: &Pieces<'_>, point: u32| pieces.iter().any(|p| p.1.contains(&point));
    let mut found = Vec::new();
    let mut open = vec![(Vec::new(), Vec::new())];
    let mut steps = 0;
    while let Some((passed, path)) = open.pop() {
        steps += 1;
        if steps > 1_000 || found.len() > 1 {
            return Err(Unkept::Unclear);
        }
        if passed.len() == via.len() {
            if path.last().is_some_and(|&end| on(to, end)) {
                found.push((passed.iter().map(|&i: &usize| via[i].0).collect(), path));
            }
            continue;
        }
        for next in (0..via.len()).filter(|i| !passed.contains(i)) {
            let forward = via[next].1.to_vec();
            let backward: Vec<u32> = forward.iter().rev().copied().collect();
            for points in [forward, backward] {
                let joins = path.last().map_or_else(|| on(from, points[0]), |&end| end == points[0]);
                if joins {
                    let passed = passed.iter().copied().chain([next]).collect();
                    let skip = usize::from(!path.is_empty());
                    open.push((passed, [&path[..], &points[skip..]].concat()));
                }
            }
        }
    }
    if found.len() > 1 { Err(Unkept::Unclear) } else { found.pop().ok_or(Unkept::Unclear) }
}

#[cfg(test)]
#[path = "relations_tests.rs"]
mod tests;
