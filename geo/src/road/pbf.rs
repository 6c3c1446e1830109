//! Owns reading an OpenStreetMap PBF file block by block: progress, and what a damaged file looks like. Knows no tags.
//!
//! Invariant: whatever the bytes, the answer is a value; a file is never believed before its blocks decode.

use osmpbf::{BlobDecode, BlobReader, BlobType, PrimitiveBlock};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Why a map file was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file could not be opened or read.
    Io(io::Error),
    /// The file does not begin as an OpenStreetMap PBF file does.
    NotPbf,
    /// The file needs something this reader does not have; the feature's name as written in the file.
    Unsupported(String),
    /// The file is cut off or changed after so many whole blocks.
    Damaged {
        /// Blocks that decoded.
        after_blocks: usize,
    },
    /// More nodes or ways than a map may hold ([`super::load::NODES_MAX`]).
    TooLarge,
    /// Nothing in it (or in the box asked for) can be walked or driven on.
    NoRoads,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "map file cannot be read: {e}"),
            Self::NotPbf => f.write_str("not an OpenStreetMap PBF file"),
            Self::Unsupported(feature) => write!(f, "map file needs the unsupported feature {feature:?}"),
            Self::Damaged { after_blocks } => write!(f, "map file is cut off or damaged after block {after_blocks}"),
            Self::TooLarge => f.write_str("map file holds more than 200 million road points"),
            Self::NoRoads => f.write_str("no roads in the map file or the box asked for"),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            _ => None,
        }
    }
}

/// How far the reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes done over all passes.
    pub done_bytes: u64,
    /// Bytes to do over all passes.
    pub total_bytes: u64,
}

/// Features a file may require and this reader has.
const FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// Which blocks hold what, so that a later pass decodes only its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holds {
    pub(super) nodes: bool,
    pub(super) ways: bool,
}

/// Where the bytes of a file come from. Read several times.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    File(&'a Path),
    Bytes(&'a [u8]),
}

impl Source<'_> {
    pub(super) fn len(self) -> Result<u64, LoadError> {
        match self {
            Self::File(path) => Ok(std::fs::metadata(path).map_err(LoadError::Io)?.len()),
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }
}

/// Reads the data blocks that `wanted` accepts by number, in the order of the file. `at_byte` hears how far the file is read.
pub(super) fn for_each_block(
    source: Source<'_>,
    wanted: impl FnMut(usize) -> bool,
    at_byte: impl FnMut(u64),
    take: impl FnMut(usize, &PrimitiveBlock) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    match source {
        Source::File(path) => each(BlobReader::from_path(path).map_err(|e| opened(e, 0))?, wanted, at_byte, take),
        Source::Bytes(bytes) => each(BlobReader::new(bytes), wanted, at_byte, take),
    }
}

fn each<R: io::Read + Send>(
    reader: BlobReader<R>,
    mut wanted: impl FnMut(usize) -> bool,
    mut at_byte: impl FnMut(u64),
    mut take: impl FnMut(usize, &PrimitiveBlock) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let (mut blobs, mut blocks) = (0usize, 0usize);
    for blob in reader {
        let blob = blob.map_err(|e| opened(e, blobs))?;
        at_byte(blob.offset().map_or(0, |o| o.0));
        if blobs == 0 {
            check_header(&blob)?;
        } else if matches!(blob.get_type(), BlobType::OsmData) {
            if wanted(blocks) {
                // The reader's own arithmetic panics on numbers no honest file holds; that is damage, not a crash.
                let taken = catch_unwind(AssertUnwindSafe(|| match blob.decode() {
                    Ok(BlobDecode::OsmData(block)) => take(blocks, &block),
                    _ => Err(LoadError::Damaged { after_blocks: blobs }),
                }));
                taken.unwrap_or(Err(LoadError::Damaged { after_blocks: blobs }))?;
            }
            blocks += 1;
        }
        blobs += 1;
    }
    if blobs == 0 { Err(LoadError::NotPbf) } else { Ok(()) }
}

fn check_header(blob: &osmpbf::Blob) -> Result<(), LoadError> {
    let Ok(BlobDecode::OsmHeader(header)) = blob.decode() else { return Err(LoadError::NotPbf) };
    match header.required_features().iter().find(|f| !FEATURES.contains(&f.as_str())) {
        Some(feature) => Err(LoadError::Unsupported(feature.chars().take(80).collect())),
        None => Ok(()),
    }
}

fn opened(error: osmpbf::Error, after_blocks: usize) -> LoadError {
    match error.into_kind() {
        osmpbf::ErrorKind::Io(e) if e.kind() != io::ErrorKind::UnexpectedEof => LoadError::Io(e),
        _ if after_blocks == 0 => LoadError::NotPbf,
        _ => LoadError::Damaged { after_blocks },
    }
}
