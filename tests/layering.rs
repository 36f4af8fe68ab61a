//! The module graph is a rule, so it is a test: a layer may import the layers to
//! its right and nothing else of ours (ARCHITECTURE.md).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("proto", &[]),
    ("handshake", &["proto"]),
    ("deflate", &["proto"]),
    ("conn", &["proto", "handshake", "deflate"]),
    ("explain", &["proto", "handshake"]),
    ("server", &["conn", "handshake"]),
    ("ffi", &["proto", "handshake", "conn", "explain", "server"]),
    // Programs use the library as everybody does, as the crate `wsabi`.
    ("bin", &[]),
];

/// What the protocol core knows nothing about.
const NOT_IN_THE_CORE: &[&str] =
    &["std::", "Instant", "SystemTime", "thread", "Mutex", "RwLock", "unsafe {", "unsafe fn"];

#[test]
fn imports_point_to_the_right() {
    for (layer, allowed) in MAY_IMPORT {
        for (path, line, text) in code_lines(layer) {
            for part in text.split("crate::").skip(1) {
                let end = part.find(|c: char| !c.is_alphanumeric() && c != '_');
                let target = &part[..end.unwrap_or(part.len())];
                assert!(
                    target == *layer || allowed.contains(&target),
                    "{}:{line}: {layer} must not import {target}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_core_knows_no_sockets_clocks_threads_and_no_unsafe() {
    for layer in ["proto", "handshake", "conn", "explain"] {
        for (path, line, text) in code_lines(layer) {
            for word in NOT_IN_THE_CORE {
                assert!(!text.contains(word), "{}:{line}: {word}", path.display());
            }
        }
    }
}

#[test]
fn unsafe_is_the_abis_and_the_signals() {
    for (layer, _) in MAY_IMPORT.iter().filter(|(layer, _)| *layer != "ffi") {
        for (path, line, text) in code_lines(layer) {
            let is_allowed = path.ends_with("bin/wsabi/signals.rs");
            assert!(is_allowed || !text.contains("unsafe"), "{}:{line}", path.display());
        }
    }
}

#[test]
fn every_folder_is_a_layer() {
    for entry in fs::read_dir(src()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_layer = MAY_IMPORT.iter().any(|(layer, _)| *layer == name);
        assert!(is_layer || name == "lib.rs", "src/{name} is in no layer");
    }
}

/// Lines without comments and without unit tests, which end a file.
fn code_lines(layer: &str) -> Vec<(PathBuf, usize, String)> {
    let mut lines = Vec::new();
    for path in files(&src().join(layer)) {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (n, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap();
            lines.push((path.clone(), n + 1, line.to_owned()));
        }
    }
    assert!(!lines.is_empty(), "no code in {layer}");
    lines
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}
