//! Owns what is said after a map file was read: what it held and what was skipped, by name and count.

use super::relations::Said;
use std::collections::BTreeMap;
use std::fmt;

/// Distinct unknown road classes that are counted by name; the rest is counted as "other".
const CLASS_NAMES_MAX: usize = 40;

/// What was read and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Points kept for roads.
    pub road_nodes: u64,
    /// Roads kept (a way cut in two counts twice).
    pub roads: u64,
    /// Water and green areas kept.
    pub areas: u64,
    /// Turn restrictions kept.
    pub restrictions: u64,
    /// Turn restrictions that hold at certain times only; ignored.
    pub restrictions_conditional: u64,
    /// Turn restrictions for vehicles that are not sent here.
    pub restrictions_for_others: u64,
    /// Turn restrictions whose value is not known here.
    pub restrictions_unknown: u64,
    /// Turn restrictions with a member that is missing or no road.
    pub restrictions_incomplete: u64,
    /// Turn restrictions whose members do not join, or in several ways.
    pub restrictions_unclear: u64,
    /// Barriers in streets on which somebody whom they stop could go on else.
    pub barriers: u64,
    /// Those of them that stop cars.
    pub barriers_to_cars: u64,
    /// Barriers where more than two streets meet: which do they close?
    pub barriers_unclear: u64,
    /// Points with lights or a crossing.
    pub marks: u64,
    /// Labels kept from the files.
    pub labels: u64,
    /// District and station labels added because the files bring none of that name.
    pub labels_added: u64,
    /// Ways that no car and no walker may use; kept for the picture only.
    pub roads_closed: u64,
    /// Ways whose highway class is not a road here, by class.
    pub unknown_classes: BTreeMap<String, u64>,
    /// References to points that are not in the files.
    pub missing_nodes: u64,
    /// Points with impossible coordinates.
    pub impossible_nodes: u64,
    /// Roads cut because a point in the middle was missing or outside the box.
    pub ways_cut: u64,
    /// Pieces of roads with fewer than two points.
    pub ways_too_short: u64,
    /// Roads with no point inside the box asked for.
    pub ways_outside: u64,
    /// The same object a second time.
    pub duplicate_ways: u64,
    /// Member ways of area relations that are not in the files.
    pub missing_members: u64,
    /// Area relations of which no member was found.
    pub relations_without_members: u64,
    /// Outlines closed by a straight line over a gap.
    pub outlines_closed: u64,
    /// Outlines with too much missing.
    pub outlines_dropped: u64,
    /// Areas outside the box asked for.
    pub areas_outside: u64,
}

impl ImportReport {
    pub(super) fn unknown_class(&mut self, class: &str) {
        let full = self.unknown_classes.len() >= CLASS_NAMES_MAX && !self.unknown_classes.contains_key(class);
        let name = if full { "other" } else { class };
        let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
        *self.unknown_classes.entry(name).or_default() += 1;
    }

    pub(super) fn restriction_ignored(&mut self, said: &Said) {
        match said {
            Said::Conditional => self.restrictions_conditional += 1,
            Said::Others => self.restrictions_for_others += 1,
            Said::Unknown => self.restrictions_unknown += 1,
            Said::Nothing | Said::Rules { .. } => {}
        }
    }

    /// What was skipped, as (what, how many), without zeros.
    pub fn skipped(&self) -> Vec<(String, u64)> {
        let counts = [
            ("references to missing points", self.missing_nodes),
            ("points with impossible coordinates", self.impossible_nodes),
            ("roads cut at a missing or outside point", self.ways_cut),
            ("pieces of roads with fewer than two points", self.ways_too_short),
            ("roads outside the box", self.ways_outside),
            ("ways seen a second time", self.duplicate_ways),
            ("missing members of area relations", self.missing_members),
            ("area relations without members", self.relations_without_members),
            ("outlines closed over a gap", self.outlines_closed),
            ("outlines with too much missing", self.outlines_dropped),
            ("areas outside the box", self.areas_outside),
            ("turn restrictions that hold at certain times only", self.restrictions_conditional),
            ("turn restrictions for other vehicles", self.restrictions_for_others),
            ("turn restrictions of an unknown kind", self.restrictions_unknown),
            ("turn restrictions with a member missing", self.restrictions_incomplete),
            ("turn restrictions whose members do not join in one way", self.restrictions_unclear),
            ("barriers where more than two streets meet", self.barriers_unclear),
        ];
        let classes = self.unknown_classes.iter().map(|(class, &n)| (format!("highway={class}"), n));
        counts.into_iter().map(|(what, n)| (what.to_owned(), n)).chain(classes).filter(|(_, n)| *n > 0).collect()
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "read {} roads over {} points ({} for the picture only)",
            self.roads, self.road_nodes, self.roads_closed
        )?;
        write!(f, "read {} areas and {} labels; added {} labels", self.areas, self.labels, self.labels_added)?;
        write!(f, "\nread {} turn restrictions and {} lights and crossings", self.restrictions, self.marks)?;
        write!(f, "\nread {} barriers in streets, {} of them to cars", self.barriers, self.barriers_to_cars)?;
        for (what, count) in self.skipped() {
            write!(f, "\nskipped {count}: {what}")?;
        }
        Ok(())
    }
}
