//! Owns `import-map`: an OpenStreetMap extract in, a map file out, with progress and a report of what was skipped.

use super::{Misuse, say, say_aside};
use anyhow::{Context, Result};
use geo::Bounds;
use geo::road::load::load;
use geo::road::{Profile, RoadMap};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to import.
#[derive(clap::Args)]
pub struct Args {
    /// OpenStreetMap extract; several may be given before the output and are read as one
    #[arg(required = true, num_args = 2.., value_names = ["IN.osm.pbf", "OUT.graph"])]
    files: Vec<PathBuf>,
    /// Only this box, in degrees
    #[arg(long, value_name = "w,s,e,n", allow_hyphen_values = true)]
    bbox: Option<String>,
}

/// Imports.
pub fn run(args: &Args) -> Result<()> {
    let bounds = args.bbox.as_deref().map(parse_box).transpose()?;
    let (out, inputs) = args.files.split_last().context("an input and an output are required")?;
    if out.extension().is_some_and(|ending| ending == "pbf") {
        return Err(Misuse(format!("the last file is the output and would overwrite {}", out.display())).into());
    }
    let begun = Instant::now();
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    let terminal = std::io::stderr().is_terminal();
    let mut shown = 0;
    let (data, report) = load(&inputs, bounds, &mut |progress| {
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
    let map = RoadMap::build(data);
    map.save(out).with_context(|| format!("cannot write {}", out.display()))?;
    let mut text = String::new();
    for (what, count) in report.skipped() {
        writeln!(text, "skipped     {count:>9}  {what}")?;
    }
    for (name, profile) in [("walk", Profile::Walk), ("drive", Profile::Drive)] {
        let graph = map.graph(profile);
        writeln!(text, "{name:<11} {:>9}  junctions, {} arcs", graph.node_count(), graph.arc_count())?;
    }
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
