//! The committed header says what the core does: numbers, bounds and defaults.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::ffi::CStr;

use wsabi::conn::{Failure, OptionKey};

const HEADER: &str = include_str!("../include/wsabi.h");

/// Name and value of every `#define PREFIX... number`.
fn defined(prefix: &str) -> Vec<(String, i64)> {
    HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.strip_prefix(prefix)?.split_once(' '))
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

#[test]
fn every_failure_of_the_core_is_in_the_header_and_no_other() {
    let in_header: Vec<_> = defined("WSABI_FAILURE_").into_iter().map(|(_, n)| n).collect();
    let in_core: Vec<_> =
        (0..1000).filter(|&n| Failure::from_number(n).is_some()).map(i64::from).collect();
    assert!(in_core.len() > 40);
    assert_eq!(in_header, in_core);
}

#[test]
fn a_failure_names_its_section_and_fits_into_a_close() {
    for n in 0..1000 {
        let Some(failure) = Failure::from_number(n) else { continue };
        assert_eq!(failure.number(), n);
        let text = failure.text().to_str().unwrap();
        let section = text.split(':').next().unwrap();
        assert!(section.starts_with("RFC ") && section.len() > 8, "{text}");
        assert!(text.len() <= wsabi::proto::MAX_REASON, "{text}");
        let code = failure.code();
        let is_right = match n {
            100..150 => (400..=505).contains(&code),
            150..200 => code == 1006,
            _ => wsabi::proto::is_valid_close_code(code),
        };
        assert!(is_right, "{code}: {text}");
    }
}

#[test]
fn every_option_of_the_core_is_in_the_header_under_its_name() {
    let in_header: Vec<_> = defined("WSABI_OPTION_")
        .into_iter()
        .map(|(name, number)| (name.to_lowercase(), number))
        .collect();
    let in_core: Vec<_> = OptionKey::table()
        .iter()
        .map(|row| (text(row.name).to_owned(), i64::from(row.key.number())))
        .collect();
    assert_eq!(in_header, in_core);
}

#[test]
fn the_header_states_every_default_that_is_a_number() {
    for row in OptionKey::table() {
        assert!((row.minimum..=row.maximum).contains(&row.default), "{:?}", row.name);
        assert!(!text(row.unit).is_empty());
        if row.default == row.maximum {
            continue;
        }
        let define = format!("#define WSABI_OPTION_{} ", text(row.name).to_uppercase());
        let before = HEADER.split(&define).next().unwrap();
        let comment = before.rsplit("\n\n").next().unwrap().replace("\n//", "");
        let want = format!("Default {}.", with_commas(row.default));
        assert!(comment.contains(&want), "{want} in: {comment}");
    }
}

#[test]
fn the_version_is_the_crate_s() {
    assert!(HEADER.contains(&format!("#define WSABI_VERSION \"{}\"\n", env!("CARGO_PKG_VERSION"))));
}

fn text(text: &CStr) -> &str {
    text.to_str().unwrap()
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
