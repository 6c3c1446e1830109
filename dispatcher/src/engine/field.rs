//! Owns where the staff stand on the roads: the live index's fixes snapped to edges, per way of travelling. Follows the live
//! index by its change log, so that a batch pays only for those who moved. Decides nothing about who may go.

use crate::engine::roster::RosterView;
use crate::live::Live;
use geo::Fix;
use geo::road::hierarchy::StaffBuckets;
use geo::road::{Graph, Profile, RoadMap};
use matcher::model::{AccountId, Mode};
use std::collections::HashMap;
use std::sync::Arc;

/// Moves read from the live index at a time.
const MOVES_PER_READ: usize = 1_024;

/// What the engine knows of one staff member's place.
#[derive(Clone, Copy)]
pub struct Standing {
    /// The latest fix.
    pub fix: Fix,
    /// How they travel, if on the road registry.
    mode: Option<Mode>,
}

/// Everybody's standing.
pub struct Field {
    cursor: u64,
    roster_version: i64,
    standing: HashMap<AccountId, Standing>,
    walk: StaffBuckets<AccountId>,
    drive: StaffBuckets<AccountId>,
}

/// The profile a shift's mode is searched with.
pub const fn profile(mode: Mode) -> Profile {
    match mode {
        Mode::Walk => Profile::Walk,
        Mode::Drive => Profile::Drive,
    }
}

impl Field {
    /// Nobody is anywhere yet.
    pub fn new(map: &RoadMap) -> Self {
        Self {
            cursor: 0,
            roster_version: 0,
            standing: HashMap::new(),
            walk: StaffBuckets::new(Arc::clone(map.free_flow(Profile::Walk))),
            drive: StaffBuckets::new(Arc::clone(map.free_flow(Profile::Drive))),
        }
    }

    /// Catches up with the live index and the roster.
    pub fn follow(&mut self, live: &Live, roster: &RosterView, map: &RoadMap) {
        loop {
            let (cursor, moved) = live.moved_since(self.cursor, MOVES_PER_READ);
            self.cursor = cursor;
            for position in &moved {
                self.place(position.staff, position.fix, mode_of(roster, position.staff), map);
            }
            if moved.len() < MOVES_PER_READ {
                break;
            }
        }
        if self.roster_version != roster.version {
            self.roster_version = roster.version;
            self.follow_modes(roster, map);
        }
    }

    /// Shifts that began, ended or changed their way of travelling since the last look.
    fn follow_modes(&mut self, roster: &RosterView, map: &RoadMap) {
        let changed: Vec<(AccountId, Fix, Option<Mode>)> = self
            .standing
            .iter()
            .map(|(&staff, standing)| (staff, standing.fix, standing.mode, mode_of(roster, staff)))
            .filter(|(_, _, was, is)| was != is)
            .map(|(staff, fix, _, is)| (staff, fix, is))
            .collect();
        for (staff, fix, mode) in changed {
            self.place(staff, fix, mode, map);
        }
    }

    fn place(&mut self, staff: AccountId, fix: Fix, mode: Option<Mode>, map: &RoadMap) {
        let before = self.standing.insert(staff, Standing { fix, mode }).and_then(|s| s.mode);
        if let Some(before) = before.filter(|&b| Some(b) != mode) {
            self.registry_mut(before).remove(staff);
        }
        if let Some(mode) = mode {
            match map.graph(profile(mode)).snap(fix.position) {
                Some(snap) => self.registry_mut(mode).put(staff, snap),
                None => {
                    self.registry_mut(mode).remove(staff);
                }
            }
        }
    }

    fn registry_mut(&mut self, mode: Mode) -> &mut StaffBuckets<AccountId> {
        match mode {
            Mode::Walk => &mut self.walk,
            Mode::Drive => &mut self.drive,
        }
    }

    /// The staff on the roads who travel this way.
    pub const fn registry(&self, mode: Mode) -> &StaffBuckets<AccountId> {
        match mode {
            Mode::Walk => &self.walk,
            Mode::Drive => &self.drive,
        }
    }

    /// Where somebody is.
    pub fn standing(&self, staff: AccountId) -> Option<&Standing> {
        self.standing.get(&staff)
    }

    /// Those who are on shift and have a fix, but cannot be searched by road: they stand too far from one, or the meeting
    /// point does (`no_road`, per mode).
    pub fn off_road(&self, no_road: [bool; 2]) -> impl Iterator<Item = (AccountId, &Standing, Mode)> {
        self.standing.iter().filter_map(move |(&staff, standing)| {
            let mode = standing.mode?;
            let guess = no_road[mode as usize] || self.registry(mode).get(staff).is_none();
            guess.then_some((staff, standing, mode))
        })
    }
}

fn mode_of(roster: &RosterView, staff: AccountId) -> Option<Mode> {
    roster.by_id.get(&staff)?.shift.map(|shift| shift.mode)
}

/// The graph a mode is searched on.
pub fn graph(map: &RoadMap, mode: Mode) -> &Graph {
    map.graph(profile(mode))
}
