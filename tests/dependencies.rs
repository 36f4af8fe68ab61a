//! Every dependency is justified: the table of ARCHITECTURE.md names those of Cargo.toml.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

const MANIFEST: &str = include_str!("../Cargo.toml");
const ARCHITECTURE: &str = include_str!("../ARCHITECTURE.md");

/// Crate and what it is for: "" at run time, or "build", "tests".
type Crates = BTreeMap<String, &'static str>;

fn in_manifest() -> Crates {
    let mut crates = Crates::new();
    let mut purpose = None;
    for line in MANIFEST.lines() {
        match line {
            "[dependencies]" => purpose = Some(""),
            "[build-dependencies]" => purpose = Some("build"),
            "[dev-dependencies]" => purpose = Some("tests"),
            _ if line.starts_with('[') => purpose = None,
            _ => {
                if let (Some(purpose), Some((name, _))) = (purpose, line.split_once(" = ")) {
                    crates.insert(name.to_owned(), purpose);
                }
            }
        }
    }
    crates
}

fn in_table() -> Crates {
    let (_, section) =
        ARCHITECTURE.split_once("\n## Dependencies\n").expect("the section is there");
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut crates = Crates::new();
    for row in rows {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let (names, reason) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        assert!(!reason.is_empty(), "no reason: {row}");
        let (names, purpose) = match names.split_once(" (") {
            Some((names, "build)")) => (names, "build"),
            Some((names, "tests)")) => (names, "tests"),
            Some(_) => panic!("unknown purpose: {row}"),
            None => (names, ""),
        };
        crates.extend(names.split(", ").map(|name| (name.to_owned(), purpose)));
    }
    crates
}

#[test]
fn the_table_names_each_dependency_with_a_reason() {
    assert!(in_manifest().len() >= 5, "{:?}", in_manifest());
    assert_eq!(in_table(), in_manifest());
}
