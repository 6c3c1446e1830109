//! Owns arrays that do not change and may lie in a file: made in memory, or mapped from a graph file and then read from disk
//! as they are touched and shared between processes. Knows no layout (`store`).
//!
//! The one place of this crate with `unsafe`. Invariant, kept by how files are written (beside the old one and renamed, never
//! in place): a mapped file does not change while it is mapped. Somebody who cuts it by hand ends the process, not its memory
//! safety: the kernel answers a read past the end with SIGBUS.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;
use yoke::Yoke;
use yoke::erased::ErasedArcCart;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What arrays in files are made of: any bytes are a value, and a value is its bytes.
pub(crate) trait Plain: FromBytes + IntoBytes + Immutable + KnownLayout + Send + Sync + 'static {}

impl<T: FromBytes + IntoBytes + Immutable + KnownLayout + Send + Sync + 'static> Plain for T {}

/// An array that does not change. Cloning shares it.
pub(crate) struct Column<T: 'static>(Yoke<&'static [T], ErasedArcCart>);

impl<T: Plain> Column<T> {
    /// The array that a range of a file is; `None` if the range is not there, not aligned or not a whole number of items.
    pub(crate) fn of(source: &Arc<Source>, range: Range<usize>) -> Option<Self> {
        let whole = Arc::clone(source);
        let items = Yoke::try_attach_to_cart(whole, |source: &Source| {
            let bytes = source.bytes().get(range).ok_or(())?;
            <[T]>::ref_from_bytes(bytes).map_err(|_| ())
        });
        items.ok().map(|items| Self(items.erase_arc_cart()))
    }
}

impl<T: Send + Sync + 'static> From<Vec<T>> for Column<T> {
    fn from(mut items: Vec<T>) -> Self {
        items.shrink_to_fit();
        Self(Yoke::attach_to_cart(Arc::new(items), |items: &Vec<T>| items.as_slice()).erase_arc_cart())
    }
}

impl<T: Send + Sync + 'static> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::from(Vec::from_iter(items))
    }
}

impl<T: Send + Sync + 'static> Default for Column<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T> Deref for Column<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        self.0.get()
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: PartialEq> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: Eq> Eq for Column<T> {}

impl<T> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({} items)", self.len())
    }
}

/// A whole file, mapped or copied.
pub(crate) enum Source {
    Mapped(memmap2::Mmap),
    /// In words, so that arrays in it are aligned as in a mapped file; the bytes that count.
    Copied(Vec<u64>, usize),
}

impl Source {
    /// Maps a file that nobody changes in place.
    pub(crate) fn map(file: &File) -> io::Result<Self> {
        #[expect(
            unsafe_code,
            reason = "graph files are replaced by renaming and never changed: see the head of this file"
        )]
        let mapped = unsafe { memmap2::Mmap::map(file) };
        mapped.map(Self::Mapped)
    }

    /// Copies a file that is in memory.
    pub(crate) fn copy(bytes: &[u8]) -> Self {
        let words = bytes.chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_ne_bytes(word)
        });
        Self::Copied(words.collect(), bytes.len())
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Copied(words, length) => &words.as_bytes()[..*length],
        }
    }

    /// Gives back the memory of what was read so far; what is read again comes from the file again.
    pub(crate) fn forget_pages(&self) {
        if let Self::Mapped(map) = self {
            #[expect(
                unsafe_code,
                reason = "a read-only mapping of a file loses nothing: the same bytes are read again"
            )]
            // Only a hint: where it is refused, memory stays in use.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}
