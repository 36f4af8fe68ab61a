//! What is wrong with a capture of an opening handshake or of frames, why it
//! matters and how to mend it.
//!
//! A capture is what people have: pasted, numbered, cut, with one head or many.
//! Any octets are read, in time that grows with their number alone.

mod accept;
mod capture;
mod dump;
mod extension;
mod finding;
mod frames;
mod http2;
mod kind;
mod proxy;
mod request;
mod response;
mod syntax;
mod text;

use alloc::vec::Vec;

use capture::{Head, HeadKind};
use finding::Findings;
use response::Answers;

pub use finding::{Finding, Place, Severity};
pub use frames::{Frame, Sender, close_code_name, explain_frames};
pub use kind::{Kind, Rule};
pub use text::printable;

/// What is to be said about a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Requests in the capture.
    pub requests: usize,
    /// Responses in the capture.
    pub responses: usize,
    /// The frames in the capture, the first ten thousand of them.
    pub frames: Vec<Frame>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
}

/// Explains captured heads: a request, a response, or any number of them.
#[must_use]
pub fn explain(capture: &[u8]) -> Explanation {
    let mut findings = Findings::default();
    let heads = capture::read(capture);
    if heads.is_empty() {
        findings.push(capture::nothing_found(capture));
    }
    for head in heads.iter().filter(|head| head.kind == HeadKind::Request) {
        check_head(head, &mut findings);
    }
    let mut answers = Answers::new(&heads);
    for (n, head) in heads.iter().enumerate() {
        if head.kind == HeadKind::Response {
            check_syntax(head, &mut findings);
            answers.check(head, request_of(&heads, n), &mut findings);
        }
    }
    let count = |kind| heads.iter().filter(|head| head.kind == kind).count();
    Explanation {
        requests: count(HeadKind::Request),
        responses: count(HeadKind::Response),
        frames: Vec::new(),
        findings: findings.into_sorted(),
    }
}

fn check_head(head: &Head<'_>, findings: &mut Findings) {
    check_syntax(head, findings);
    if head.is_http2 {
        http2::check_request(head, findings);
    } else {
        request::check(head, findings);
    }
}

fn check_syntax(head: &Head<'_>, findings: &mut Findings) {
    syntax::check(head, findings);
}

/// The request that response `n` answers. Requests in a row are answered in
/// their order; when there are fewer answers, the first ones lack theirs.
fn request_of<'h, 'c>(heads: &'h [Head<'c>], n: usize) -> Option<&'h Head<'c>> {
    None
}
