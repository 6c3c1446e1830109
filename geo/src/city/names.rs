//! Owns the names of generated streets: main streets by stretch, the well-known ones where they really are, side streets
//! numbered after the main street they leave, as Korean addresses do.

use super::chance::Chance;
use super::draft::Draft;
use super::lattice::Lattice;
use super::places::{NAME_STEMS, STREETS};
use super::plane::Pt;
use crate::road::data::RoadClass;

/// Lattice edges that bear one name.
const STRETCH: usize = 5;
const PLACE_WORDS: [&str; 12] = ["", "동", "서", "남", "북", "중앙", "신", "새", "큰", "윗", "아래", "안"];

/// Names given so far.
pub(super) struct StreetNames {
    chance: Chance,
    given: Vec<((bool, usize, usize), u32)>,
    used: u64,
}

impl StreetNames {
    pub(super) const fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed, 3), given: Vec::new(), used: 0 }
    }

    /// The name of an edge of line `line` (`along` the river or across), `edge`-th of it.
    pub(super) fn of(&mut self, draft: &mut Draft, along: bool, line: usize, edge: usize, class: RoadClass) -> u32 {
        let key = (along, line, edge / STRETCH);
        if let Some((_, name)) = self.given.iter().rev().take(400).find(|g| g.0 == key) {
            return *name;
        }
        // A walk through stems x words with a stride coprime to both: no name twice before all were used.
        let all = (NAME_STEMS.len() * PLACE_WORDS.len()) as u64;
        let at = ((self.used * 283 + self.chance.below(0, 0, all)) % all) as usize;
        self.used += 1;
        let (stem, word) = (NAME_STEMS[at % NAME_STEMS.len()], PLACE_WORDS[at / NAME_STEMS.len()]);
        let end = if class == RoadClass::Primary { "대로" } else { "로" };
        let name = draft.name(format!("{word}{stem}{end}"));
        self.given.push((key, name));
        name
    }

    /// Gives the well-known names to the stretches nearest to where those streets are.
    pub(super) fn rename_well_known(draft: &mut Draft, lattice: &Lattice) {
        let mut taken: Vec<u32> = Vec::new();
        for &(name, along, lon, lat) in &STREETS {
            let want = Pt::of_degrees(lon, lat);
            let edges = if along { &lattice.along } else { &lattice.across };
            let best = edges
                .iter()
                .flatten()
                .map(|&e| (draft.edges[e].at(0.5).distance(want), draft.edges[e].name))
                .filter(|(_, n)| !taken.contains(n))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((_, at)) = best {
                name.clone_into(&mut draft.names[at as usize]);
                taken.push(at);
            }
        }
    }
}

/// The name of the `number`-th side street of a main street.
pub(super) fn side_street(main: &str, number: u64) -> String {
    format!("{main}{number}길")
}
