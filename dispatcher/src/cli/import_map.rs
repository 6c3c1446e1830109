//! Owns `import-map`: an OpenStreetMap extract and, if wanted, a subway's CSV files in, a map file out, with progress and a report of
//! what was kept and skipped.

use super::{Misuse, say, say_aside};
use anyhow::{Context, Result};
use geo::Bounds;
use geo::road::load::load;
use geo::road::subway::Subway;
use geo::road::subway_csv::{self, SubwayFiles, SubwayReport};
use geo::road::{Profile, RoadMap, SNAP_M_MAX};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to import.
#[derive(clap::Args)]
#[command(override_usage = "dispatcher import-map [OPTIONS] <IN.osm.pbf>... <OUT.graph>")]
pub struct Args {
    /// OpenStreetMap extracts, read as one; and last the map file to make, which replaces one of that name
    #[arg(required = true, num_args = 2.., value_names = ["IN.osm.pbf", "OUT.graph"])]
    files: Vec<PathBuf>,
    /// Only this box, in degrees: west, south, east, north
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true)]
    bbox: Option<String>,
    /// Folder with a subway's CSV files (docs/OPERATIONS.md): people on foot may then ride
    #[arg(long, value_name = "DIR")]
    subway: Option<PathBuf>,
}

/// Imports.
pub fn run(args: &Args) -> Result<()> {
    let bounds = args.bbox.as_deref().map(parse_box).transpose()?;
    let (out, inputs) = args.files.split_last().context("an input and an output are required")?;
    if out.extension().is_some_and(|ending| ending == "pbf") {
        return Err(Misuse(format!("the last file is the output and would overwrite {}", out.display())).into());
    }
    // First what is read at once: an error in it should not wait for the streets.
    let subway = args.subway.as_deref().map(read_subway).transpose()?;
    let begun = Instant::now();
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let terminal = std::io::stderr().is_terminal();
    let mut shown = 0;
    let (mut data, report) = load(&inputs, bounds, &mut |progress| {
        let percent = progress.done_bytes * 100 / progress.total_bytes.max(1);
        // A line for each tenth in a log, a moving one on a terminal.
        if percent >= shown + if terminal { 1 } else { 10 } {
            shown = percent;
            let filled = (percent / 5) as usize;
            let bar = format!("{}{}", "#".repeat(filled), ".".repeat(20_usize.saturating_sub(filled)));
            // Progress that cannot be shown is no reason to stop.
            let _ = say_aside(&if terminal {
                format!("\rreading [{bar}] {percent:3} %")
            } else {
                format!("reading {percent} %\n")
            });
        }
    })
    .with_context(|| {
        format!("cannot import {}", inputs.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))
    })?;
    say_aside(if terminal { "\rbuilding road graphs                     \n" } else { "building road graphs\n" })?;
    let mut text = String::new();
    if let Some((subway, unused)) = subway {
        describe_subway(&mut text, &subway, &unused)?;
        data.subway = subway;
    }
    let map = RoadMap::build(data);
    map.save(out).with_context(|| format!("cannot write {}", out.display()))?;
    for (what, count) in report.skipped() {
        writeln!(text, "skipped     {count:>9}  {what}")?;
    }
    describe_stations(&mut text, &map)?;
    describe_graphs(&mut text, &map)?;
    let bytes = std::fs::metadata(out).map_or(0, |m| m.len());
    writeln!(
        text,
        "written     {:>9}  kB to {} in {:.1} s",
        bytes / 1_000,
        out.display(),
        begun.elapsed().as_secs_f64()
    )?;
    say(&text)
}

fn read_subway(folder: &Path) -> Result<(Subway, SubwayReport)> {
    let parsed = SubwayFiles::read(folder).and_then(|files| subway_csv::parse(&files));
    parsed.with_context(|| format!("cannot read the subway in {}", folder.display()))
}

fn describe_subway(text: &mut String, subway: &Subway, unused: &SubwayReport) -> Result<()> {
    let (lines, rides, walks) = (subway.lines.len(), subway.rides.len(), subway.transfers.len());
    writeln!(text, "subway      {:>9}  stops of {lines} lines, {rides} rides, {walks} transfers", subway.stops.len())?;
    let without = &unused.stations_without_place;
    if !without.is_empty() {
        writeln!(text, "skipped     {:>9}  stations without a place: {}", without.len(), without.join(", "))?;
    }
    if unused.transfers_elsewhere > 0 {
        writeln!(text, "skipped     {:>9}  transfers to other lines or stations", unused.transfers_elsewhere)?;
    }
    let still = &unused.lines_without_trains;
    if !still.is_empty() {
        writeln!(
            text,
            "skipped     {:>9}  lines without a row in headways.csv, so no trains: {}",
            still.len(),
            still.join(", ")
        )?;
    }
    let unknown = &unused.headways_of_no_line;
    if !unknown.is_empty() {
        let (count, names) = (unknown.len(), unknown.join(", "));
        writeln!(text, "skipped     {count:>9}  lines in headways.csv that segments.csv does not have: {names}")?;
    }
    if unused.headways_assumed {
        writeln!(text, "assumed     {lines:>9}  lines' headways: there is no headways.csv, and ours are no timetable")?;
    }
    Ok(())
}

/// Stations that cannot be used for want of a street.
fn describe_stations(text: &mut String, map: &RoadMap) -> Result<()> {
    let (names, outside) = map.stations_without_street();
    if !names.is_empty() {
        let (count, names) = (names.len(), names.join(", "));
        writeln!(text, "skipped     {count:>9}  stations farther than {SNAP_M_MAX} m from every street: {names}")?;
    }
    if outside > 0 {
        writeln!(text, "skipped     {outside:>9}  stations outside the map")?;
    }
    Ok(())
}

/// How much of the map each way of moving has, and what became of the turn restrictions for it.
fn describe_graphs(text: &mut String, map: &RoadMap) -> Result<()> {
    let profiles = [("walk", Profile::Walk), ("drive", Profile::Drive), ("cycle", Profile::Cycle)];
    let transit = (!map.data.subway.is_empty()).then_some(("walk + ride", Profile::Transit));
    for (name, profile) in profiles.into_iter().chain(transit) {
        let graph = map.graph(profile);
        writeln!(text, "{name:<11} {:>9}  junctions, {} arcs", graph.node_count(), graph.arc_count())?;
        if profile != Profile::Transit {
            let [all_m, left_out_m] = map.left_out_m(profile);
            let (km, share) = (left_out_m / 1_000.0, 100.0 * left_out_m / all_m.max(1.0));
            writeln!(text, "  left out  {km:>9.0}  km of streets that nothing joins to the rest ({share:.1} %)")?;
        }
        let Some(turns) = map.turns(profile) else { continue };
        let report = turns.report();
        writeln!(
            text,
            "  turns     {:>9}  states; restrictions: {} applied, {} without effect, {} unclear",
            turns.state_count(),
            report.applied,
            report.without_effect,
            report.unclear
        )?;
    }
    Ok(())
}

fn parse_box(text: &str) -> Result<Bounds> {
    let wrong = || {
        Misuse(format!(
            "--bbox {text}: four numbers are needed, west,south,east,north, such as 126.76,37.42,127.19,37.70"
        ))
    };
    let numbers: Vec<f64> = text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let [west, south, east, north] = numbers[..] else { return Err(wrong().into()) };
    let (longitude, latitude) = (-180.0..=180.0, -90.0..=90.0);
    // Ranges hold no NaN, which would pass every comparison below.
    let on_earth =
        [west, east].iter().all(|d| longitude.contains(d)) && [south, north].iter().all(|d| latitude.contains(d));
    if text.split(',').count() != 4 || !on_earth {
        return Err(wrong().into());
    }
    for (first, second, a, b) in [("west", "east", west, east), ("south", "north", south, north)] {
        if a >= b {
            let text = format!(
                "--bbox {text}: {first} ({a}) must be less than {second} ({b}); the order is west,south,east,north"
            );
            return Err(Misuse(text).into());
        }
    }
    Ok(Bounds { west, south, east, north })
}

#[cfg(test)]
#[path = "import_map_tests.rs"]
mod tests;
