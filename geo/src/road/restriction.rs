//! Owns turn restrictions as a map says them: from which way, over which points, onto which way. Does not know arcs (`bans`)
//! nor tags (`relations`).
//!
//! Invariant: `path` has one point at least; every way and point is one of the map the restriction belongs to.

use super::Profile;
use super::bytes::{Malformed, Reader, Writer};
use super::data::MapData;

/// What a restriction says of its way through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Must not be taken: `no_left_turn`, `no_u_turn`, `no_entry` and the like.
    No,
    /// Nothing else may be taken: who comes to the end of `from` goes on over `via` to `to`, the whole of it.
    Only,
}

/// A set of profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Profiles(u8);

impl Profiles {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, profile: Profile) -> Self {
        Self(self.0 | 1 << profile as u8)
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether it is one of them.
    pub const fn contains(self, profile: Profile) -> bool {
        self.0 & 1 << profile as u8 != 0
    }
}

/// One turn restriction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// What it says.
    pub rule: Rule,
    /// For whom.
    pub profiles: Profiles,
    /// Way one comes from.
    pub from: u32,
    /// Ways passed between, in order; empty for a turn at a point.
    pub via: Vec<u32>,
    /// Way one goes to.
    pub to: u32,
    /// Points from where `from` is left to where `to` is entered, all points of the via ways between; one for a turn at a
    /// point.
    pub path: Vec<u32>,
}

impl Restriction {
    /// Whether all it names is in the map.
    pub(super) fn fits(&self, data: &MapData) -> bool {
        let is_way = |&w: &u32| (w as usize) < data.ways.len();
        !self.path.is_empty()
            && self.path.iter().all(|&n| (n as usize) < data.nodes.len())
            && self.via.iter().chain([&self.from, &self.to]).all(is_way)
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.u32(u32::from(self.profiles.0) << 1 | u32::from(self.rule == Rule::Only));
        w.u32(self.from);
        w.u32(self.to);
        w.u32s(self.via.iter().copied());
        w.u32s(self.path.iter().copied());
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let head = r.u32()?;
        let known = Profile::ALL.iter().fold(Profiles::NONE, |all, &p| all.with(p));
        let profiles = u8::try_from(head >> 1).map(Profiles).map_err(|_| Malformed)?;
        if profiles.0 & !known.0 != 0 {
            return Err(Malformed);
        }
        let rule = if head & 1 == 0 { Rule::No } else { Rule::Only };
        Ok(Self { rule, profiles, from: r.u32()?, to: r.u32()?, via: r.u32s()?, path: r.u32s()? })
    }

    /// Bytes one takes at least.
    pub(super) const BYTES_MIN: usize = 20;
}
