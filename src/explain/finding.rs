//! What an explanation says.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Kind, printable};

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken; its row has the texts.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// Line of the capture, from 1; 0 when it is about no single line.
    pub line: usize,
    /// Octet of the capture at which the frame begins; 0 outside frames.
    pub offset: usize,
    /// The text that breaks the rule, escaped; may be empty, may be cut.
    pub offending: String,
    /// What is known about this case beyond the rule; may be empty.
    pub detail: String,
    /// How to mend it, with the right value where it can be computed.
    pub remedy: String,
}

/// What a finding is about; heads and frames are numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The capture as a whole.
    Capture,
    /// A request.
    Request(usize),
    /// A response.
    Response(usize),
    /// A frame.
    Frame(usize),
}

/// How bad it is; the number is that of the C ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Severity {
    /// The connection fails with every peer that keeps to the RFC.
    Fatal = 1,
    /// Browsers fail the connection, or some of them; other clients go on.
    Browsers = 2,
    /// Allowed, or overlooked by most, and a source of trouble.
    Risky = 3,
    /// Worth knowing.
    Note = 4,
}

impl Finding {
    pub(super) fn new(kind: Kind, place: Place) -> Self {
        Self {
            kind,
            place,
            line: 0,
            offset: 0,
            offending: String::new(),
            detail: String::new(),
            remedy: kind.rule().remedy.to_owned(),
        }
    }

    pub(super) fn line(mut self, line: usize, offending: &[u8]) -> Self {
        self.line = line;
        self.offending = printable(offending);
        self
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.kind.rule().severity
    }
}

impl Place {
    /// Its number among its kind, from 1; 0 for the capture.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Capture => 0,
            Self::Request(index) | Self::Response(index) | Self::Frame(index) => index,
        }
    }

    /// Its kind in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Request(_) => "request",
            Self::Response(_) => "response",
            Self::Frame(_) => "frame",
        }
    }
}

impl Severity {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Browsers => "browsers",
            Self::Risky => "risky",
            Self::Note => "note",
        }
    }
}

/// Findings as they are collected, so many at most.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// A capture with more faults than that is explained by the first ones.
    const MAX: usize = 1000;

    pub(super) fn push(&mut self, finding: Finding) {
        match self.0.len() {
            n if n < Self::MAX => self.0.push(finding),
            Self::MAX => self.0.push(Finding::new(Kind::TooManyFindings, Place::Capture)),
            _ => {}
        }
    }

    /// Whether something about that place keeps a peer from going on.
    pub(super) fn has_fatal(&self, place: Place) -> bool {
        self.0.iter().any(|finding| finding.place == place && finding.severity() == Severity::Fatal)
    }

    /// The worst first; what is equally bad, in the order of the capture.
    pub(super) fn into_sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| (finding.severity(), finding.line, finding.offset));
        self.0
    }
}
