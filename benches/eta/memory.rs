//! Owns the count of the bytes that the bench holds, as they were asked for: what a process grew by says as much of what was freed before.

#![expect(unsafe_code, reason = "an allocator cannot be had otherwise; this one only counts")]

use geo::road::Graph;
use geo::road::hierarchy::Hierarchy;
use harness::figures::note;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: All is done by the system's allocator; only sizes are added up beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: The caller's promises are those asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: As above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: As above.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// Bytes held now.
pub fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// What a hierarchy with one set of weights holds.
pub fn note_hierarchy(name: &str, bytes: usize, graph: &Graph, hierarchy: &Hierarchy) {
    note(format_args!(
        "{name}: hierarchy and weights {:.0} MB, {:.0} bytes a road arc, {:.0} an arc or shortcut",
        bytes as f64 / 1e6,
        bytes as f64 / graph.arc_count() as f64,
        bytes as f64 / hierarchy.arc_count() as f64
    ));
}
