//! Real extracts when they are there, damaged files always.
