//! Owns the layout of a graph file: a header, a table of sections, the sections, each an array of plain values that begins at a
//! multiple of [`ALIGNMENT`] and has a checksum of its own. Does not know what the arrays mean.
//!
//! Invariants: no length is believed before it is known to fit the file; an array is given out only after its checksum; what
//! comes next in the file is what the reader asks for next, with items of the size it asks for. Little-endian, as all machines
//! are that this runs on.

use super::MapFileError;
use crate::road::column::{Column, Plain, Source};
use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[cfg(target_endian = "big")]
compile_error!("graph files are mapped as they lie and are little-endian");

/// Ends in bytes that a text-mode copy would change.
const MAGIC: [u8; 8] = *b"DHMAP\r\n\x1a";

/// Raised with every change of the layout or of what a section means.
pub(super) const VERSION: u32 = 7;

/// Of sections, bytes: a cache line.
const ALIGNMENT: usize = 64;

/// Files have a few dozen.
const SECTIONS_MAX: usize = 1024;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    version: u32,
    sections: u32,
    /// Of the whole file, bytes.
    length: u64,
    /// Of the table.
    checksum: u64,
}

pub(super) const HEADER_BYTES: usize = size_of::<Header>();

/// One line of the table.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Entry {
    begin: u64,
    bytes: u64,
    checksum: u64,
    /// Size of an item, bytes.
    item: u32,
    /// Number of the section, from 0.
    number: u32,
}

const ENTRY_BYTES: usize = size_of::<Entry>();

/// What will be a file, section by section.
#[derive(Default)]
pub(in crate::road) struct Sections<'a> {
    sections: Vec<(usize, Cow<'a, [u8]>)>,
}

impl<'a> Sections<'a> {
    pub(in crate::road) fn add<T: Plain>(&mut self, items: &'a [T]) {
        self.sections.push((size_of::<T>(), Cow::Borrowed(items.as_bytes())));
    }

    pub(in crate::road) fn add_made<T: Plain>(&mut self, items: &[T]) {
        self.sections.push((size_of::<T>(), Cow::Owned(items.as_bytes().to_vec())));
    }

    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut begin = HEADER_BYTES + self.sections.len() * ENTRY_BYTES;
        let mut table = Vec::with_capacity(self.sections.len());
        for (number, (item, bytes)) in (0u32..).zip(&self.sections) {
            begin = begin.next_multiple_of(ALIGNMENT);
            let bytes_count = bytes.len();
            let (item, checksum) = (*item as u32, checksum(bytes));
            table.push(Entry { begin: begin as u64, bytes: bytes_count as u64, checksum, item, number });
            begin += bytes_count;
        }
        let header = Header {
            magic: MAGIC,
            version: VERSION,
            sections: table.len() as u32,
            length: begin as u64,
            checksum: checksum(table.as_bytes()),
        };
        to.write_all(header.as_bytes())?;
        to.write_all(table.as_bytes())?;
        let mut at = HEADER_BYTES + table.len() * ENTRY_BYTES;
        for (entry, (_, bytes)) in table.iter().zip(&self.sections) {
            to.write_all(&[0; ALIGNMENT][..entry.begin as usize - at])?;
            to.write_all(bytes)?;
            at = entry.begin as usize + bytes.len();
        }
        Ok(())
    }
}

/// The sections of a file, given out in their order.
#[derive(Clone)]
pub(in crate::road) struct SectionReader {
    source: Arc<Source>,
    table: Arc<[Entry]>,
    next: usize,
    /// Only fuzzers do without: no change of bytes gets past a checksum.
    checked: bool,
}

impl SectionReader {
    pub(super) fn open(source: Arc<Source>, checked: bool) -> Result<Self, MapFileError> {
        let bytes = source.bytes();
        if !bytes.starts_with(&MAGIC) {
            return Err(MapFileError::NotAMap);
        }
        let found = bytes.len() as u64;
        let Ok((header, rest)) = Header::read_from_prefix(bytes) else {
            return Err(MapFileError::WrongLength { expected: HEADER_BYTES as u64, found });
        };
        if header.version != VERSION {
            return Err(MapFileError::WrongVersion { found: header.version });
        }
        if header.length != found {
            return Err(MapFileError::WrongLength { expected: header.length, found });
        }
        let count = header.sections as usize;
        let table = rest.get(..count.min(SECTIONS_MAX) * ENTRY_BYTES).and_then(|t| <[Entry]>::ref_from_bytes(t).ok());
        let Some(table) = table.filter(|t| t.len() == count) else { return Err(MapFileError::Damaged("table")) };
        if checked && header.checksum != checksum(table.as_bytes()) {
            return Err(MapFileError::Changed("table"));
        }
        let table = Arc::from(table);
        Ok(Self { source, table, next: 0, checked })
    }

    fn take(&mut self, item: usize, part: &'static str) -> Result<Range<usize>, MapFileError> {
        let damaged = || MapFileError::Damaged(part);
        let entry = *self.table.get(self.next).ok_or_else(damaged)?;
        if entry.item as usize != item || entry.number as usize != self.next {
            return Err(damaged());
        }
        self.next += 1;
        let begin = usize::try_from(entry.begin).map_err(|_| damaged())?;
        let end = usize::try_from(entry.bytes).ok().and_then(|b| begin.checked_add(b)).ok_or_else(damaged)?;
        let bytes = self.source.bytes().get(begin..end).ok_or_else(damaged)?;
        if self.checked && checksum(bytes) != entry.checksum {
            return Err(MapFileError::Changed(part));
        }
        Ok(begin..end)
    }

    /// The next array, which lies in the file.
    pub(in crate::road) fn column<T: Plain>(&mut self, part: &'static str) -> Result<Column<T>, MapFileError> {
        let range = self.take(size_of::<T>(), part)?;
        Column::of(&self.source, range).ok_or(MapFileError::Damaged(part))
    }

    /// The next section as bytes, given to `read`.
    pub(super) fn bytes<T>(
        &mut self,
        part: &'static str,
        read: impl FnOnce(&[u8]) -> Result<T, MapFileError>,
    ) -> Result<T, MapFileError> {
        let range = self.take(1, part)?;
        read(&self.source.bytes()[range])
    }

    /// The next section, which has one item.
    pub(in crate::road) fn one<T: Plain + Copy>(&mut self, part: &'static str) -> Result<T, MapFileError> {
        let column = self.column::<T>(part)?;
        if let [only] = column[..] { Ok(only) } else { Err(MapFileError::Damaged(part)) }
    }

    /// The same file without the next so many sections.
    pub(super) fn skip(&self, sections: usize) -> Self {
        Self { next: self.next + sections, ..self.clone() }
    }

    pub(super) fn end(&self) -> Result<(), MapFileError> {
        if self.next == self.table.len() { Ok(()) } else { Err(MapFileError::Damaged("end")) }
    }

    /// Checks every section and understands none.
    pub(super) fn check_all(&self) -> Result<(), MapFileError> {
        let mut all = self.clone();
        for entry in self.table.iter() {
            all.take(entry.item as usize, "contents")?;
        }
        Ok(())
    }
}

/// Against accidents, not against attackers: words mixed by multiplication and rotation in four lanes, the length last.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut lanes = [1u64, 2, 3, 4];
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = mix(*lane, u64::from_le_bytes(*word));
        }
    }
    let mut sum = lanes.into_iter().fold(0, mix);
    for chunk in rest.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        sum = mix(sum, u64::from_le_bytes(word));
    }
    mix(sum, bytes.len() as u64)
}
