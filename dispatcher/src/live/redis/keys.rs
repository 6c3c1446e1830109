//! Owns every key in Redis. A cell's key carries its resolution-5 parent as hash tag, so that a neighbourhood stays in one slot
//! of a Cluster and a city spreads over several.

use geo::cell::{Cell, Grid};

/// The keys under one prefix.
#[derive(Clone, Debug)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// Every key begins with it.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Hash: staff id (16 bytes) to packed record, for everybody in one resolution-8 cell.
    pub fn cell(&self, cell: Cell) -> String {
        format!("{}{{{}}}:c:{cell}", self.prefix, cell.parent(Grid::Tag))
    }

    /// Set of the cells that have, or had, somebody in them: a reload reads these and scans nothing.
    pub fn cells(&self) -> String {
        format!("{}cells", self.prefix)
    }
}
