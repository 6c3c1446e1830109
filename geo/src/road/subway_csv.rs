//! Owns the import of a subway from a folder of CSV files. Knows the files, not what they are used for.
//!
//! UTF-8, a header line, fields without quotes, `#` begins a comment line. Columns are found by name; others are ignored:
//!
//! | File | Columns |
//! |---|---|
//! | `stations.csv` | `name`, `lon`, `lat` |
//! | `station_master_metro_area.csv` (may be absent) | `station`, `line`, `lon`, `lat`: measured places; they win over those of the first file, which are up to 17 km off |
//! | `segments.csv` | `line`, `station`, `secs_from_previous` (0: the line begins); `previous` (may be absent): the station before, where it is not the row above; `one_way` (may be absent): 1 where trains come from there and do not go back |
//! | `transfers.csv` | `line`, `station`, `to_line`, `walk_secs` |
//! | `headways.csv` (may be absent: ours is taken) | `line`, `from_hour`, `to_hour`, `headway_s`; `*` is every other line |
//!
//! Station names are compared without the word for station and without what stands in brackets.

use super::subway::{Line, Ride, SECONDS_MAX, Stop, Subway, Transfer};
use crate::position::Position;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::path::Path;

/// Rows of one file; Seoul's longest has a thousand.
const ROWS_MAX: usize = 100_000;

/// Branches in the published list of Seoul's lines begin without saying where: line, station, the station before it. `previous` wins.
const BRANCHES: [(&str, &str, &str); 3] = [("2", "용답", "성수"), ("2", "도림천", "신도림"), ("5", "둔촌동", "강동")];

/// Stations in that list trains leave in one direction only: line 6 goes round its western end. A file with `one_way` says it itself.
const ONE_WAY: [(&str, &str); 6] =
    [("6", "역촌"), ("6", "불광"), ("6", "독바위"), ("6", "연신내"), ("6", "구산"), ("6", "응암")];

/// Stations that were renamed: new name, old name.
const RENAMED: [(&str, &str); 1] = [("자양", "뚝섬유원지")];

const HEADWAYS: &str = include_str!("../../data/headways.csv");

/// Why a subway was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubwayError {
    /// A file could not be read.
    Io(&'static str, io::Error),
    /// A file lacks a column.
    Column(&'static str, &'static str),
    /// A line of a file is not as it should be.
    Row {
        /// File.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// More rows than a subway has.
    TooLarge(&'static str),
}

impl fmt::Display for SubwayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(file, e) => write!(f, "{file} cannot be read: {e}"),
            Self::Column(file, column) => write!(f, "{file} has no column {column}"),
            Self::Row { file, line, expected } => write!(f, "{file} line {line}: {expected} expected"),
            Self::TooLarge(file) => write!(f, "{file} has more than {ROWS_MAX} rows"),
        }
    }
}

impl std::error::Error for SubwayError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, e) => Some(e),
            _ => None,
        }
    }
}

/// The texts of the files.
#[derive(Debug, Default)]
pub struct SubwayFiles {
    /// `stations.csv`
    pub stations: String,
    /// `station_master_metro_area.csv`; empty if absent.
    pub more_stations: String,
    /// `segments.csv`
    pub segments: String,
    /// `transfers.csv`
    pub transfers: String,
    /// `headways.csv`; empty if absent.
    pub headways: String,
}

impl SubwayFiles {
    /// Reads a folder.
    pub fn read(folder: &Path) -> Result<Self, SubwayError> {
        let needed =
            |name: &'static str| std::fs::read_to_string(folder.join(name)).map_err(|e| SubwayError::Io(name, e));
        let optional = |name: &'static str| match needed(name) {
            Err(SubwayError::Io(_, e)) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            other => other,
        };
        Ok(Self {
            stations: needed("stations.csv")?,
            more_stations: optional("station_master_metro_area.csv")?,
            segments: needed("segments.csv")?,
            transfers: needed("transfers.csv")?,
            headways: optional("headways.csv")?,
        })
    }
}

/// What was not used of the files, and what was assumed in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubwayReport {
    /// Stations nobody knows the place of: trains pass, nobody gets in or out.
    pub stations_without_place: Vec<String>,
    /// Transfers to lines or stations that are not there.
    pub transfers_elsewhere: u64,
    /// Whether how often trains run is our assumption, for want of `headways.csv`.
    pub headways_assumed: bool,
    /// Lines that `headways.csv` has no row for: they never run.
    pub lines_without_trains: Vec<String>,
    /// Lines in `headways.csv` that `segments.csv` does not have: their rows say nothing.
    pub headways_of_no_line: Vec<String>,
}

/// Makes a subway of the files.
pub fn parse(files: &SubwayFiles) -> Result<(Subway, SubwayReport), SubwayError> {
    let mut report = SubwayReport::default();
    let places = places(files)?;
    let mut subway = Subway::default();
    let mut numbers: HashMap<(String, String), u32> = HashMap::new();
    let mut above: Option<u32> = None;
    let table = Table::new("segments.csv", &files.segments)?;
    let (line, station, seconds) =
        (table.column("line")?, table.column("station")?, table.column("secs_from_previous")?);
    let [previous, one_way] = ["previous", "one_way"].map(|name| table.column(name).ok());
    for row in table.rows() {
        let row = row?;
        let name = bare(row.text(station)).to_owned();
        let line_name = row.text(line).to_owned();
        let line_number = line_number(&mut subway, &line_name);
        let ride_s = row.seconds(seconds)?;
        let key = (line_name.clone(), name.clone());
        let stop = *numbers.entry(key).or_insert_with(|| {
            let known = places.get(&line_name, &name);
            if known.is_none() {
                report.stations_without_place.push(name.clone());
            }
            // Where trains pass is drawn at the station before.
            let before = above.map(|n| subway.stops[n as usize].at);
            let at = known.or(before);
            let open = known.is_some();
            subway.stops.push(Stop { name: name.clone(), line: line_number, at: at.unwrap_or(NOWHERE), open });
            subway.stops.len() as u32 - 1
        });
        let branch = BRANCHES.iter().find(|b| b.0 == line_name && b.1 == name).map(|b| b.2);
        let said = previous.map(|c| bare(row.text(c))).filter(|p| !p.is_empty()).or(branch);
        let before = match said {
            Some(before) => {
                let known = numbers.get(&(line_name.clone(), before.to_owned())).copied();
                Some(known.ok_or_else(|| row.wrong("a station of the line as previous"))?)
            }
            None => above.filter(|&n| ride_s > 0 && subway.stops[n as usize].line == line_number),
        };
        if let Some(before) = before {
            subway.rides.push(Ride { from: before, to: stop, seconds: ride_s });
            let is_one_way = match one_way.map(|column| row.text(column)) {
                None => ONE_WAY.contains(&(&line_name, &name)),
                Some("" | "0") => false,
                Some("1") => true,
                Some(_) => return Err(row.wrong("1, 0 or nothing as one_way")),
            };
            if !is_one_way {
                subway.rides.push(Ride { from: stop, to: before, seconds: ride_s });
            }
        }
        above = Some(stop);
    }
    add_transfers(files, &numbers, &mut subway, &mut report)?;
    report.headways_assumed = files.headways.is_empty();
    let unknown = apply_headways(if report.headways_assumed { HEADWAYS } else { &files.headways }, &mut subway.lines)?;
    report.headways_of_no_line = if report.headways_assumed { Vec::new() } else { unknown };
    let stand_still = subway.lines.iter().filter(|line| line.headway_s.iter().all(|&s| s == 0));
    report.lines_without_trains = stand_still.map(|line| line.name.clone()).collect();
    Ok((subway, report))
}

/// For a line that begins at a station nobody knows the place of: no one gets in there.
const NOWHERE: Position = Position::ORIGIN;

fn line_number(subway: &mut Subway, name: &str) -> u32 {
    if let Some(known) = subway.lines.iter().position(|l| l.name == name) {
        return known as u32;
    }
    subway.lines.push(Line { name: name.to_owned(), headway_s: [0; 24] });
    subway.lines.len() as u32 - 1
}

/// Where stations are, the best source first.
#[derive(Default)]
struct Places {
    of_line: HashMap<(String, String), Position>,
    measured: HashMap<String, Position>,
    rough: HashMap<String, Position>,
}

impl Places {
    /// Names come again in other cities, so the line counts first.
    fn get(&self, line: &str, name: &str) -> Option<Position> {
        let old = RENAMED.iter().find(|r| r.0 == name).map(|r| r.1);
        [Some(name), old].into_iter().flatten().find_map(|name| {
            let own = self.of_line.get(&(line.to_owned(), name.to_owned()));
            own.or_else(|| self.rough.get(name).filter(|_| !self.measured.contains_key(name)))
                .or_else(|| self.measured.get(name))
                .copied()
        })
    }
}

fn places(files: &SubwayFiles) -> Result<Places, SubwayError> {
    let mut places = Places::default();
    let table = Table::new("stations.csv", &files.stations)?;
    let (name, lat, lon) = (table.column("name")?, table.column("lat")?, table.column("lon")?);
    for row in table.rows() {
        let row = row?;
        places.rough.entry(bare(row.text(name)).to_owned()).or_insert(row.position(lat, lon)?);
    }
    if files.more_stations.is_empty() {
        return Ok(places);
    }
    let table = Table::new("station_master_metro_area.csv", &files.more_stations)?;
    let (name, line) = (table.column("station")?, table.column("line")?);
    let (lat, lon) = (table.column("lat")?, table.column("lon")?);
    for row in table.rows() {
        let row = row?;
        let (name, at) = (bare(row.text(name)).to_owned(), row.position(lat, lon)?);
        let line = row.text(line).trim_end_matches("호선").to_owned();
        places.of_line.entry((line, name.clone())).or_insert(at);
        places.measured.entry(name).or_insert(at);
    }
    Ok(places)
}

fn add_transfers(
    files: &SubwayFiles,
    numbers: &HashMap<(String, String), u32>,
    subway: &mut Subway,
    report: &mut SubwayReport,
) -> Result<(), SubwayError> {
    let table = Table::new("transfers.csv", &files.transfers)?;
    let (line, station, to) = (table.column("line")?, table.column("station")?, table.column("to_line")?);
    let seconds = table.column("walk_secs")?;
    for row in table.rows() {
        let row = row?;
        let stop = |line: &str| numbers.get(&(line.to_owned(), bare(row.text(station)).to_owned())).copied();
        let to_line = row.text(to).trim_end_matches("호선");
        let seconds = row.seconds(seconds)?;
        match (stop(row.text(line)), stop(to_line)) {
            (Some(from), Some(to)) if from != to => subway.transfers.push(Transfer { from, to, seconds }),
            _ => report.transfers_elsewhere += 1,
        }
    }
    Ok(())
}

/// Sets the headways that the program brings with it.
pub(crate) fn usual_headways(lines: &mut [Line]) {
    apply_headways(HEADWAYS, lines).expect("the table in the program is well formed, as a test shows");
}

/// Each row is looked at, whether or not there is such a line; those that are not there come back.
fn apply_headways(text: &str, lines: &mut [Line]) -> Result<Vec<String>, SubwayError> {
    let table = Table::new("headways.csv", text)?;
    let (line, headway) = (table.column("line")?, table.column("headway_s")?);
    let (from, to) = (table.column("from_hour")?, table.column("to_hour")?);
    // By name; hours after midnight are written on from 24.
    let mut days: BTreeMap<&str, [Option<u16>; 24]> = BTreeMap::new();
    for row in table.rows() {
        let row = row?;
        let (from, to): (usize, usize) = (row.number(from, "hour")?, row.number(to, "hour")?);
        let headway_s: u16 = row.number(headway, "seconds")?;
        if from >= to || to > 48 {
            return Err(row.wrong("from_hour before to_hour"));
        }
        let day = days.entry(row.text(line)).or_default();
        for hour in from..to {
            if day[hour % 24].replace(headway_s).is_some() {
                return Err(row.wrong("hours that no row above has for this line"));
            }
        }
    }
    for known in &mut *lines {
        let day = days.get(known.name.as_str()).or_else(|| days.get("*")).copied().unwrap_or_default();
        known.headway_s = day.map(|headway_s| headway_s.unwrap_or(0));
    }
    let is_unknown = |name: &str| name != "*" && lines.iter().all(|line| line.name != name);
    Ok(days.into_keys().filter(|name| is_unknown(name)).map(str::to_owned).collect())
}

/// A station's name without the word for station and without brackets.
fn bare(name: &str) -> &str {
    let name = name.split('(').next().unwrap_or(name).trim();
    name.strip_suffix('역').filter(|n| !n.is_empty()).unwrap_or(name)
}

/// A file as rows of fields.
struct Table<'a> {
    file: &'static str,
    header: Vec<&'a str>,
    lines: Vec<(usize, &'a str)>,
}

struct Row<'a> {
    file: &'static str,
    line: usize,
    fields: Vec<&'a str>,
}

impl<'a> Table<'a> {
    fn new(file: &'static str, text: &'a str) -> Result<Self, SubwayError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let said = |l: &(usize, &str)| !l.1.trim().is_empty() && !l.1.starts_with('#');
        let mut lines = (1..).zip(text.lines()).filter(said);
        let header = lines.next().map_or_else(Vec::new, |l| l.1.split(',').map(str::trim).collect());
        let lines: Vec<_> = lines.take(ROWS_MAX + 1).collect();
        if lines.len() > ROWS_MAX { Err(SubwayError::TooLarge(file)) } else { Ok(Self { file, header, lines }) }
    }

    fn column(&self, name: &'static str) -> Result<usize, SubwayError> {
        self.header.iter().position(|&h| h == name).ok_or(SubwayError::Column(self.file, name))
    }

    fn rows(&self) -> impl Iterator<Item = Result<Row<'a>, SubwayError>> + '_ {
        self.lines.iter().map(|&(line, text)| {
            let row = Row { file: self.file, line, fields: text.split(',').map(str::trim).collect() };
            if row.fields.len() < self.header.len() { Err(row.wrong("a field for every column")) } else { Ok(row) }
        })
    }
}

impl<'a> Row<'a> {
    fn text(&self, column: usize) -> &'a str {
        self.fields[column]
    }

    fn number<T: std::str::FromStr>(&self, column: usize, expected: &'static str) -> Result<T, SubwayError> {
        self.text(column).parse().map_err(|_| self.wrong(expected))
    }

    fn seconds(&self, column: usize) -> Result<u32, SubwayError> {
        let seconds: u32 = self.number(column, "seconds")?;
        if seconds <= SECONDS_MAX { Ok(seconds) } else { Err(self.wrong("less than a day in seconds")) }
    }

    fn position(&self, lat: usize, lon: usize) -> Result<Position, SubwayError> {
        let (lat, lon): (f64, f64) = (self.number(lat, "latitude")?, self.number(lon, "longitude")?);
        Position::new(lat, lon).map_err(|_| self.wrong("degrees"))
    }

    fn wrong(&self, expected: &'static str) -> SubwayError {
        SubwayError::Row { file: self.file, line: self.line, expected }
    }
}

#[cfg(test)]
#[path = "subway_csv_tests.rs"]
mod tests;
