//! Counts by cell held against the H3 grid, entry by entry.

use crate::cell::{Cell, Fineness, Grid};
use crate::position::{Bounds, Position};
use crate::road::drawn::Dice;
use crate::search::Mask;
use crate::search::scan_tests::{Twin, places, scatter};
use std::collections::BTreeMap;

fn expected(twin: &Twin, grid: Fineness, counted: impl Fn(Position, u32) -> bool) -> BTreeMap<Cell, u32> {
    let mut counts = BTreeMap::new();
    for (position, _) in twin.model.values().filter(|(p, bits)| counted(*p, *bits)) {
        let cell = Cell::of(*position, grid.max(Fineness::from(Grid::Index))).parent(grid);
        *counts.entry(cell).or_default() += 1;
    }
    counts
}

#[test]
fn counts_agree_with_a_full_scan_at_every_resolution() {
    for (seed, middle) in (60..).zip(places()) {
        let mut dice = Dice(seed);
        let mut twin = Twin::crowd(&mut dice, 2_000, middle, 0.12);
        for resolution in 0..=15 {
            (0..100).for_each(|_| twin.stir(&mut dice, middle, 0.12));
            let grid = Fineness::of_resolution(resolution).unwrap();
            let counts = twin.index.counts(grid, None, Mask::new(0, 1), |_| true);
            assert_eq!(counts, expected(&twin, grid, |_, bits| bits & 1 == 0), "seed {seed}, {resolution}");
            let bounds = Bounds::around([(); 2].map(|()| scatter(&mut dice, middle, 0.12))).unwrap();
            let counts = twin.index.counts(grid, Some(&bounds), Mask::ANY, |_| true);
            assert_eq!(counts, expected(&twin, grid, |p, _| bounds.contains(p)), "seed {seed}, {resolution}, box");
        }
    }
}

#[test]
fn the_filter_is_asked_and_empty_cells_are_absent() {
    let mut dice = Dice(8);
    let twin = Twin::crowd(&mut dice, 300, places()[0], 0.1);
    let counts = twin.index.counts(Grid::District, None, Mask::ANY, |who| who < 5);
    assert_eq!(counts.values().sum::<u32>(), 5);
    assert!(counts.keys().all(|c| c.parent(Grid::District) == *c && c.parent(Grid::Tag) != *c));
    assert!(twin.index.counts(Grid::Street, None, Mask::ANY, |_| false).is_empty());
}
