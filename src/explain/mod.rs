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
    let asked = requests_of(&heads);
    let mut answers = Answers::new(&heads);
    for head in &heads {
        syntax::check(head, &mut findings);
    }
    for head in heads.iter().filter(|head| head.kind == HeadKind::Request) {
        match head.is_http2 {
            true => http2::check_request(head, &mut findings),
            false => request::check(head, &mut findings),
        }
    }
    for (head, request) in heads.iter().zip(asked) {
        if head.kind == HeadKind::Response {
            answers.check(head, request, &mut findings);
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

/// For each head the request that it answers. Requests in a row are answered in
/// their order; when there are fewer answers, the first ones lack theirs.
fn requests_of<'h, 'c>(heads: &'h [Head<'c>]) -> Vec<Option<&'h Head<'c>>> {
    let mut asked = Vec::with_capacity(heads.len());
    let mut requests: &[Head<'c>] = &[];
    for run in heads.chunk_by(|one, next| one.kind == next.kind) {
        if run.first().is_some_and(|head| head.kind == HeadKind::Request) {
            asked.extend(run.iter().map(|_| None));
            requests = run;
        } else {
            let unanswered = requests.len().saturating_sub(run.len());
            let mut requests = requests.iter().skip(unanswered);
            asked.extend(run.iter().map(|_| requests.next()));
        }
    }
    // A response that was pasted above its request.
    if let ([response, request], [asked, _]) = (heads, asked.as_mut_slice()) {
        if (response.kind, request.kind) == (HeadKind::Response, HeadKind::Request) {
            *asked = Some(request);
        }
    }
    asked
}
