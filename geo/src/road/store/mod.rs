//! Owns the graph file: a whole map, its graphs, and the hierarchies of walking and driving with their free-flow times, as arrays
//! that are mapped and used where they lie. A start reads the file once to check it, and keeps in memory what it then uses; two
//! processes share it. Not a format for exchange: another version is refused, import again.
//!
//! Invariants: every array is checked (checksum, every index) before a map is made of it, so a foreign, cut or changed file is an
//! error and nothing else; a file is written beside the old one and renamed, never in place, so a crash leaves the old one and a
//! process that has the old one mapped keeps it.

mod beside;
mod data;
mod graph;
mod sections;
mod trial;

pub(super) use graph::groups_are_sound;
pub(super) use sections::{SectionReader, Sections};

use beside::Beside;

use super::Profile;
use super::bytes::{Reader, Writer};
use super::column::Source;
use super::data::MapData;
use super::graph::Graph;
use super::hierarchy::{Metric, NodeOrder};
use super::map::{AT_HAND, RoadMap};
use super::modes::mode;
use super::turn_cost::TurnCosts;
use super::turns::Turns;
use sections::VERSION;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Why a graph file was not read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum MapFileError {
    /// The file could not be opened, read or written.
    Io(io::Error),
    /// It does not begin like a graph file.
    NotAMap,
    /// Written by another version of this program: import the map again.
    WrongVersion {
        /// Version in the file.
        found: u32,
    },
    /// Shorter or longer than its header says.
    WrongLength {
        /// Bytes the header announces.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The checksum does not fit the contents of a part; its name.
    Changed(&'static str),
    /// A part contradicts itself; its name.
    Damaged(&'static str),
}

impl fmt::Display for MapFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "graph file: {e}"),
            Self::NotAMap => f.write_str("not a graph file; make one with import-map"),
            Self::WrongVersion { found } => {
                write!(f, "graph file has version {found}, this program reads {VERSION}; import the map again")
            }
            Self::WrongLength { expected, found } => {
                write!(f, "graph file is {found} bytes long but should be {expected}; it was cut off or appended to")
            }
            Self::Changed(part) => {
                write!(f, "graph file was changed after it was written: the checksum of its {part} differs")
            }
            Self::Damaged(part) => write!(f, "graph file is damaged in its {part}"),
        }
    }
}

impl std::error::Error for MapFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            _ => None,
        }
    }
}

impl From<io::Error> for MapFileError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl RoadMap {
    /// Writes the map to `path`, whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), MapFileError> {
        self.prepare();
        let beside = Beside::create(path)?;
        let mut file = BufWriter::new(&beside.file);
        self.write(&mut file)?;
        file.flush()?;
        drop(file);
        Ok(beside.take_place(path)?)
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut streets = Writer::default();
        data::write(&mut streets, &self.data);
        let streets = streets.into_bytes();
        let mut sections = Sections::default();
        sections.add(&streets);
        for profile in AT_HAND {
            graph::write(&mut sections, self.graph(profile), self.order(profile));
            self.free_flow(profile).write(&mut sections);
        }
        sections.write(to)
    }

    /// Whether the file is a whole map of this version: header, lengths and checksums, without making a map of it.
    pub fn check(path: &Path) -> Result<(), MapFileError> {
        SectionReader::open(Arc::new(Source::map(&File::open(path)?)?), true)?.check_all()
    }

    /// Reads what [`RoadMap::save`] wrote.
    pub fn load(path: &Path) -> Result<Self, MapFileError> {
        let source = Arc::new(Source::map(&File::open(path)?)?);
        let map = read(&source, true)?;
        // What was checked is read again from the file when it is used, and only that.
        source.forget_pages();
        Ok(map)
    }

    /// Like [`RoadMap::load`], of a file that is in memory.
    pub fn from_bytes(file: &[u8]) -> Result<Self, MapFileError> {
        read(&Arc::new(Source::copy(file)), true)
    }

    /// Without looking at checksums: what a fuzzer reads, since no change of bytes gets past a checksum.
    #[doc(hidden)]
    pub fn from_unchecked_bytes(file: &[u8]) -> Result<Self, MapFileError> {
        read(&Arc::new(Source::copy(file)), false)
    }
}

/// Walking and driving side by side: most of the time goes into checking.
fn read(source: &Arc<Source>, checked: bool) -> Result<RoadMap, MapFileError> {
    let mut sections = SectionReader::open(Arc::clone(source), checked)?;
    let data = sections.bytes("streets", |bytes| {
        let mut reader = Reader::new(bytes);
        let data = data::read(&mut reader)?;
        if reader.is_at_end() { Ok(data) } else { Err(MapFileError::Damaged("end of the streets")) }
    })?;
    let mut after = sections.skip(graph::SECTIONS + Metric::SECTIONS);
    let [walk, drive] = AT_HAND;
    let (walk, drive) = std::thread::scope(|scope| {
        let walk = scope.spawn(|| one_profile(&mut sections, walk, ["walking graph", "walking hierarchy"], &data));
        let drive = one_profile(&mut after, drive, ["driving graph", "driving hierarchy"], &data);
        (walk.join().unwrap_or(Err(MapFileError::Damaged("walking graph"))), drive)
    });
    let ((walk, walk_order, walk_times), (drive, drive_order, drive_times)) = (walk?, drive?);
    after.end()?;
    let map = RoadMap::of(data, [walk, drive]);
    let map = map.with_kept(Profile::Walk, walk_order, walk_times);
    Ok(map.with_kept(Profile::Drive, drive_order, drive_times))
}

fn one_profile(
    sections: &mut SectionReader,
    profile: Profile,
    [graph_part, hierarchy_part]: [&'static str; 2],
    data: &MapData,
) -> Result<(Graph, NodeOrder, Metric), MapFileError> {
    let (graph, order) = graph::read(sections, profile, graph_part, &data.ways)?;
    let has_turns = mode(profile).turns != TurnCosts::FREE;
    let copied = has_turns.then(|| Turns::copied(data, &graph));
    let metric = Metric::read(sections, &graph, copied.as_deref(), hierarchy_part)?;
    Ok((graph, order, metric))
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
