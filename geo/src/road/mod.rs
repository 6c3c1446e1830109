//! Roads: what was read (`data`), and what is searched.

pub mod data;
