//! Owns every key in Redis. Keys of one coarse parent cell (resolution 5) share a hash tag, so that a city spreads over
//! Cluster slots while a neighbourhood stays together.
//!
//! With the prefix `dh:`
//!
//! | key | type | holds |
//! |---|---|---|
//! | `dh:life` | string | a random word: gone or changed means that this Redis has lost what was written |
//! | `dh:parents` | set | resolution-5 cells, hex, that have a `cells` set |
//! | `dh:{<parent>}:cells` | set | resolution-8 cells, hex, that may have a hash: a reload needs no SCAN |
//! | `dh:{<parent>}:c:<cell>` | hash | field: staff id, 16 bytes; value: a packed record (`packed`) |

use geo::cell::{Cell, Grid};

/// Builds keys under one prefix.
#[derive(Clone, Debug)]
pub(in crate::live) struct Keys {
    prefix: String,
}

/// The cell whose hex is the hash tag.
pub(super) fn parent(cell: Cell) -> Cell {
    cell.parent(Grid::Tag)
}

impl Keys {
    pub(in crate::live) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    pub(super) fn life(&self) -> String {
        format!("{}life", self.prefix)
    }

    pub(super) fn parents(&self) -> String {
        format!("{}parents", self.prefix)
    }

    pub(super) fn cells(&self, parent: Cell) -> String {
        format!("{}{{{parent}}}:cells", self.prefix)
    }

    pub(in crate::live) fn cell(&self, cell: Cell) -> String {
        format!("{}{{{}}}:c:{cell}", self.prefix, parent(cell))
    }
}
