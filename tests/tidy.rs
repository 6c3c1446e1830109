//! What the sources must look like, as ordinary tests: headers, banned words, no paths of a machine.
#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "names in this repository are written in lower case"
)]

use harness::root;
use std::fs;
use std::process::Command;

fn tracked() -> Vec<String> {
    let output = Command::new("git").args(["ls-files"]).current_dir(root()).output().expect("git runs");
    assert!(output.status.success(), "git ls-files failed");
    String::from_utf8(output.stdout).expect("names are UTF-8").lines().map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

#[test]
fn every_source_file_says_what_it_owns() {
    let mut seen = 0;
    for path in tracked().iter().filter(|p| p.ends_with(".rs")) {
        seen += 1;
        assert!(read(path).starts_with("//!") || read(path).is_empty(), "{path} has no //! header");
    }
    assert!(seen > 50, "the sources were listed");
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for path in tracked() {
        let stem = path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default();
        let empty = ["utils", "util", "common", "helpers", "helper", "manager", "misc"];
        assert!(!empty.contains(&stem), "{path} has a name that says nothing");
    }
}

#[test]
fn unsafe_code_is_in_two_files() {
    let word = concat!("uns", "afe");
    let said = tracked().into_iter().filter(|path| path.ends_with(".rs") && !path.starts_with("fuzz/"));
    let with: Vec<String> = said
        .filter(|path| {
            let code = read(path);
            let mut lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            lines.any(|line| {
                [" {", " fn", " impl", " extern"].iter().any(|next| line.contains(&format!("{word}{next}")))
            })
        })
        .collect();
    assert_eq!(with, ["benches/eta/memory.rs", "geo/src/road/column.rs"]);
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
    ];
    for path in tracked().iter().filter(|p| p.ends_with(".rs") || p.ends_with(".ts") || p.ends_with(".tsx")) {
        let text = read(path);
        for mark in marks {
            assert!(!text.contains(mark), "{path} holds {mark}");
        }
    }
}

/// Whether the file's parent declares it under `#[cfg(test)]`.
fn is_for_tests(path: &str) -> bool {
    let (folder, file) = path.rsplit_once('/').expect("a source lies in a folder");
    let name = file.trim_end_matches(".rs");
    let parents = [format!("{folder}/mod.rs"), format!("{folder}/lib.rs"), format!("{folder}.rs")];
    name.ends_with("_tests")
        || parents.iter().map(|parent| read(parent)).any(|text| {
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let declares = |line: &str| line.ends_with(&format!("mod {name};"));
            lines.windows(2).any(|pair| pair[0] == "#[cfg(test)]" && declares(pair[1]))
        })
}

#[test]
fn an_unwrap_is_for_tests_only() {
    let unwrap = concat!(".unwrap", "()");
    for path in tracked().iter().filter(|p| p.ends_with(".rs") && p.contains("/src/") && !is_for_tests(p)) {
        let text = read(path);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        assert!(!code.contains(unwrap), "{path} unwraps outside tests");
    }
}

#[test]
fn there_is_one_clippy_configuration() {
    let found: Vec<String> = tracked().into_iter().filter(|p| p.ends_with("clippy.toml")).collect();
    assert_eq!(found, ["clippy.toml"], "a member's own clippy.toml would replace the root's");
}

#[test]
fn no_map_extract_and_no_database_is_committed() {
    for path in tracked() {
        for ending in [".pbf", ".graph", ".sqlite", ".pmtiles", ".pem", ".key"] {
            assert!(!path.ends_with(ending), "{path} must not be in the repository");
        }
    }
}
