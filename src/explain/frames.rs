//! Captured frames against RFC 6455 section 5. Unlike a connection, which fails
//! at the first fault, this goes on as long as it knows where the next frame
//! begins.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::finding::Findings;
use super::text::hex;
use super::{Explanation, Finding, Kind, Place, dump, printable};
use crate::proto::{CloseError, MAX_CONTROL, Opcode, Utf8, apply_mask, parse_close, utf8};

/// Frames that are looked at.
const MAX_FRAMES: usize = 10_000;

/// Octets of a payload that are shown.
const MAX_SHOWN: usize = 64;

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Its frames are masked.
    Client,
    /// Its frames are not.
    Server,
}

/// A frame as it stands in the capture, right or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Octet of the capture at which it begins.
    pub offset: usize,
    /// Who sent it: as told, or as its mask bit says.
    pub sender: Sender,
    /// FIN.
    pub fin: bool,
    /// RSV1 (4), RSV2 (2) and RSV3 (1).
    pub rsv: u8,
    /// The opcode's four bits.
    pub opcode: u8,
    /// The masking key.
    pub mask: Option<[u8; 4]>,
    /// Octets of the header.
    pub header_len: usize,
    /// Octets of the payload, as announced.
    pub payload_len: u64,
    /// Code of a Close that has one.
    pub close_code: Option<u16>,
    /// The beginning of the payload, unmasked: as text where it is text, else
    /// in hexadecimal.
    pub preview: String,
}

impl Frame {
    /// What the frame is, in the RFC's words.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match Opcode::from_nibble(self.opcode) {
            Some(Opcode::Continuation) => "continuation",
            Some(Opcode::Text) => "text",
            Some(Opcode::Binary) => "binary",
            Some(Opcode::Close) => "close",
            Some(Opcode::Ping) => "ping",
            Some(Opcode::Pong) => "pong",
            None => "reserved",
        }
    }

    const fn is_control(&self) -> bool {
        self.opcode & 0x8 != 0
    }
}

/// Explains captured frames: octets, or a hex dump of them. `sender` is who sent
/// them all; without it the mask bit of each frame says who did.
#[must_use]
pub fn explain_frames(capture: &[u8], sender: Option<Sender>) -> Explanation {
    let mut reader = Reader { told: sender, ..Reader::default() };
    match dump::read(capture) {
        Ok(octets) => reader.read(&octets),
        Err(_) if is_head(capture) => reader.push(Kind::HeadNotFrame, Place::Capture, 0),
        Err(finding) => reader.findings.push(finding),
    }
    Explanation {
        frames: reader.frames,
        findings: reader.findings.into_sorted(),
        ..Explanation::default()
    }
}

/// The name of a Close's status code, RFC 6455 7.4.1 and IANA's registry.
#[must_use]
pub const fn close_code_name(code: u16) -> &'static str {
    match code {
        1000 => "normal closure",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1004 => "reserved",
        1005 => "no status received, never sent",
        1006 => "abnormal closure, never sent",
        1007 => "invalid payload data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "extension required",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        1015 => "TLS handshake failed, never sent",
        3000..=3999 => "registered with IANA",
        4000..=4999 => "private use",
        _ => "unassigned",
    }
}

#[derive(Default)]
struct Reader {
    told: Option<Sender>,
    frames: Vec<Frame>,
    findings: Findings,
    client: Stream,
    server: Stream,
}

/// What one side has sent so far.
#[derive(Default)]
struct Stream {
    message: Option<Message>,
    has_closed: bool,
    last_mask: Option<[u8; 4]>,
}

/// A message whose last frame has not come.
#[derive(Clone, Copy)]
struct Message {
    /// Of a text that is to be checked.
    text: Option<Utf8>,
}

impl Reader {
    fn read(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return self.push(Kind::NoFrames, Place::Capture, 0);
        }
        if is_head(octets) {
            return self.push(Kind::HeadNotFrame, Place::Capture, 0);
        }
        if octets.starts_with(&[0x16, 0x03]) {
            return self.push(Kind::Tls, Place::Capture, 0);
        }
        let mut offset = 0;
        while let Some(rest) = octets.get(offset..).filter(|rest| !rest.is_empty()) {
            if self.frames.len() == MAX_FRAMES {
                return self.push(Kind::TooManyFrames, Place::Capture, offset);
            }
            match self.frame(rest, offset) {
                Some(len) => offset += len,
                None => return,
            }
        }
        for (side, stream) in [("client", &self.client), ("server", &self.server)] {
            if stream.message.is_some() {
                let finding = Finding::new(Kind::MessageUnfinished, Place::Capture);
                self.findings.push(finding.detail(format!("It is the {side}'s.")));
            }
        }
    }

    /// Reads a frame; returns its length, or `None` when the next one's place is
    /// unknown.
    fn frame(&mut self, octets: &[u8], offset: usize) -> Option<usize> {
        let place = Place::Frame(self.frames.len() + 1);
        let Some(mut frame) = decode(octets, offset, self.told) else {
            let finding = at(Kind::FrameTruncated, place, offset, octets);
            self.findings.push(finding.detail("Its header is not whole."));
            return None;
        };
        let header = octets.get(..frame.header_len).unwrap_or_default();
        for kind in header_faults(&frame, self.told) {
            self.findings.push(at(kind, place, offset, header));
        }
        let rest = octets.get(frame.header_len..).unwrap_or_default();
        let len = usize::try_from(frame.payload_len).unwrap_or(usize::MAX);
        let mut payload = rest.get(..len).unwrap_or(rest).to_vec();
        if let Some(key) = frame.mask {
            apply_mask(&mut payload, key, 0);
        }
        frame.preview = preview(&frame, &payload);
        let is_whole = payload.len() == len;
        if !is_whole {
            let detail = format!("{} of {} octets are there.", payload.len(), frame.payload_len);
            let finding = at(Kind::FrameTruncated, place, offset, header);
            self.findings.push(finding.detail(detail));
        }
        self.mask(&frame, place);
        if frame.opcode == Opcode::Close as u8 && is_whole {
            frame.close_code = self.close(&payload, place, offset);
        }
        self.message(&frame, &payload, is_whole, place);
        let end = frame.header_len + payload.len();
        self.frames.push(frame);
        is_whole.then_some(end)
    }

    /// RFC 6455 5.3: a new, unpredictable key for each frame.
    fn mask(&mut self, frame: &Frame, place: Place) {
        let Some(key) = frame.mask.filter(|_| frame.sender == Sender::Client) else { return };
        let last = self.stream(frame.sender).last_mask.replace(key);
        let kind = match key {
            [0, 0, 0, 0] => Kind::MaskZero,
            _ if last == Some(key) => Kind::MaskRepeated,
            _ => return,
        };
        self.findings.push(at(kind, place, frame.offset, &key));
    }

    /// RFC 6455 5.5.1 and 7.4; returns the code.
    fn close(&mut self, payload: &[u8], place: Place, offset: usize) -> Option<u16> {
        let code = match *payload {
            [high, low, ..] => Some(u16::from_be_bytes([high, low])),
            _ => None,
        };
        let (kind, detail) = match (parse_close(payload), code) {
            (Err(CloseError::OneOctet), _) => (Kind::CloseOneOctet, String::new()),
            (Err(CloseError::BadReason), _) => (Kind::CloseReason, String::new()),
            (Err(CloseError::BadCode), Some(code)) => {
                let swapped = code.swap_bytes();
                let hint = match swapped {
                    1000..=1015 => format!(" With its octets exchanged it is {swapped}."),
                    _ => String::new(),
                };
                (Kind::CloseCode, format!("It is {code}, {}.{hint}", close_code_name(code)))
            }
            _ => return code,
        };
        self.findings.push(at(kind, place, offset, payload).detail(detail));
        code
    }

    /// RFC 6455 5.4: where the frame stands in its message.
    fn message(&mut self, frame: &Frame, payload: &[u8], is_whole: bool, place: Place) {
        let stream = self.stream(frame.sender);
        let mut faults = Vec::new();
        if stream.has_closed {
            faults.push(Kind::FrameAfterClose);
        }
        stream.has_closed |= frame.opcode == Opcode::Close as u8;
        if !frame.is_control() {
            let message = match (Opcode::from_nibble(frame.opcode), stream.message.take()) {
                (Some(Opcode::Continuation), None) => {
                    faults.push(Kind::NothingToContinue);
                    Message { text: None }
                }
                (Some(Opcode::Continuation), Some(message)) => message,
                (opcode, interrupted) => {
                    if interrupted.is_some() {
                        faults.push(Kind::MessageInterrupted);
                    }
                    // A compressed text is checked by whoever inflates it.
                    let is_text = opcode == Some(Opcode::Text) && frame.rsv & 4 == 0;
                    Message { text: is_text.then(Utf8::default) }
                }
            };
            let (text, is_valid) = check_text(message.text, payload, frame.fin && is_whole);
            if !is_valid {
                faults.push(Kind::BadUtf8);
            }
            stream.message = (!frame.fin).then_some(Message { text });
        }
        for kind in faults {
            let shown = if kind == Kind::BadUtf8 { payload } else { &[] };
            self.findings.push(at(kind, place, frame.offset, shown));
        }
    }

    fn stream(&mut self, sender: Sender) -> &mut Stream {
        match sender {
            Sender::Client => &mut self.client,
            Sender::Server => &mut self.server,
        }
    }

    fn push(&mut self, kind: Kind, place: Place, offset: usize) {
        self.findings.push(at(kind, place, offset, &[]));
    }
}

/// Feeds a text; returns its state, none once it is wrong, and whether it is
/// right so far.
fn check_text(text: Option<Utf8>, payload: &[u8], is_end: bool) -> (Option<Utf8>, bool) {
    let Some(mut text) = text else { return (None, true) };
    match text.feed(payload) {
        Ok(()) if !is_end || text.is_complete() => (Some(text), true),
        _ => (None, false),
    }
}

/// The header, whatever it says; `None` when octets are missing.
fn decode(octets: &[u8], offset: usize, told: Option<Sender>) -> Option<Frame> {
    let (&[b0, b1], rest) = octets.split_first_chunk()?;
    let (payload_len, rest) = match b1 & 0x7f {
        126 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*len)), rest)
        }
        127 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*len), rest)
        }
        len => (u64::from(len), rest),
    };
    let (mask, rest) = match b1 & 0x80 {
        0 => (None, rest),
        _ => {
            let (key, rest) = rest.split_first_chunk()?;
            (Some(*key), rest)
        }
    };
    Some(Frame {
        offset,
        sender: told.unwrap_or(if mask.is_some() { Sender::Client } else { Sender::Server }),
        fin: b0 & 0x80 != 0,
        rsv: b0 >> 4 & 0x7,
        opcode: b0 & 0xf,
        mask,
        header_len: octets.len() - rest.len(),
        payload_len,
        close_code: None,
        preview: String::new(),
    })
}

/// What the header alone breaks, RFC 6455 5.1, 5.2 and 5.5.
fn header_faults(frame: &Frame, told: Option<Sender>) -> Vec<Kind> {
    let is_first_data = matches!(frame.opcode, 1 | 2);
    // The least payload that needs a length in so many octets.
    let least = match frame.header_len - if frame.mask.is_some() { 4 } else { 0 } {
        2 => 0,
        4 => 126,
        _ => 1 << 16,
    };
    let rows = [
        (frame.rsv & 3 != 0 || frame.rsv & 4 != 0 && !is_first_data, Kind::ReservedBit),
        (frame.rsv & 4 != 0 && is_first_data, Kind::Compressed),
        (Opcode::from_nibble(frame.opcode).is_none(), Kind::ReservedOpcode),
        (frame.is_control() && !frame.fin, Kind::FragmentedControl),
        (frame.is_control() && frame.payload_len > MAX_CONTROL as u64, Kind::LongControl),
        (frame.payload_len < least, Kind::NonMinimalLength),
        (frame.payload_len >> 63 != 0, Kind::LengthTooLarge),
        (told == Some(Sender::Client) && frame.mask.is_none(), Kind::Unmasked),
        (told == Some(Sender::Server) && frame.mask.is_some(), Kind::Masked),
    ];
    rows.into_iter().filter_map(|(is_broken, kind)| is_broken.then_some(kind)).collect()
}

fn preview(frame: &Frame, payload: &[u8]) -> String {
    let payload = match payload {
        [_, _, reason @ ..] if frame.opcode == Opcode::Close as u8 => reason,
        _ => payload,
    };
    let shown = payload.get(..MAX_SHOWN).unwrap_or(payload);
    let is_text = frame.opcode != Opcode::Binary as u8 && frame.rsv & 4 == 0;
    let is_readable = || match utf8(shown) {
        Some(text) => !text.contains(|c: char| c.is_control() && !c.is_whitespace()),
        None => frame.opcode == Opcode::Text as u8,
    };
    let text = if is_text && is_readable() { printable(shown) } else { hex(shown) };
    if shown.len() < payload.len() { format!("{text}...") } else { text }
}

fn at(kind: Kind, place: Place, offset: usize, shown: &[u8]) -> Finding {
    let mut finding = Finding::new(kind, place);
    finding.offset = offset;
    let front = shown.get(..16).unwrap_or(shown);
    finding.offending = hex(front);
    if front.len() < shown.len() {
        finding.offending.push_str(" ...");
    }
    finding
}

/// Whether HTTP stands where a frame belongs.
fn is_head(octets: &[u8]) -> bool {
    octets.starts_with(b"HTTP/1.") || octets.starts_with(b"GET /")
}
