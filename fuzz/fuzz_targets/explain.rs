//! Captures: any octets are explained, in text that no terminal obeys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wsabi::explain::{Explanation, Sender, explain, explain_frames};

fuzz_target!(|capture: &[u8]| {
    check(&explain(capture), capture);
    for sender in [None, Some(Sender::Client), Some(Sender::Server)] {
        check(&explain_frames(capture, sender), capture);
    }
});

fn check(explanation: &Explanation, capture: &[u8]) {
    let lines = capture.iter().filter(|&&octet| octet == b'\n').count() + 1;
    assert!(explanation.findings.len() <= 1001);
    assert!(explanation.findings.is_sorted_by_key(|finding| finding.severity()));
    for finding in &explanation.findings {
        assert!(finding.line <= lines && finding.offset <= capture.len());
        for text in [&finding.offending, &finding.detail, &finding.remedy] {
            assert!(!text.contains(|c: char| c.is_control()) && text.len() < 4096);
        }
    }
    for frame in &explanation.frames {
        assert!(frame.offset < capture.len());
        assert!(!frame.preview.contains(|c: char| c.is_control()));
    }
}
