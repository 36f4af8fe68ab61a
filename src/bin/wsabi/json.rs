//! An explanation as JSON, RFC 8259.

use std::fmt::Write;

use wsabi::explain::{Explanation, Finding, Frame, Sender};

pub(super) fn write(explanation: &Explanation) -> String {
    format!(
        "{{\n  \"requests\": {},\n  \"responses\": {},\n  \"frames\": {},\n  \"findings\": {}\n}}\n",
        explanation.requests,
        explanation.responses,
        array(&explanation.frames, frame),
        array(&explanation.findings, finding),
    )
}

fn finding(finding: &Finding) -> String {
    let rule = finding.kind.rule();
    object(&[
        ("kind", string(finding.kind.name())),
        ("number", (finding.kind as i32).to_string()),
        ("severity", string(finding.severity().word())),
        ("place", string(finding.place.word())),
        ("index", finding.place.index().to_string()),
        ("line", finding.line.to_string()),
        ("offset", finding.offset.to_string()),
        ("offending", string(&finding.offending)),
        ("section", string(rule.section)),
        ("rule", string(rule.text)),
        ("detail", string(&finding.detail)),
        ("peers", string(rule.peers)),
        ("remedy", string(&finding.remedy)),
    ])
}

fn frame(frame: &Frame) -> String {
    let sender = if frame.sender == Sender::Client { "client" } else { "server" };
    object(&[
        ("offset", frame.offset.to_string()),
        ("sender", string(sender)),
        ("fin", frame.fin.to_string()),
        ("rsv", frame.rsv.to_string()),
        ("opcode", frame.opcode.to_string()),
        ("name", string(frame.name())),
        ("masked", frame.mask.is_some().to_string()),
        ("header_len", frame.header_len.to_string()),
        // Beyond 2^53 not every reader keeps a number exact.
        ("payload_len", string(&frame.payload_len.to_string())),
        ("close_code", frame.close_code.map_or("null".into(), |code| code.to_string())),
        ("preview", string(&frame.preview)),
    ])
}

fn array<T>(values: &[T], write: impl Fn(&T) -> String) -> String {
    match values.iter().map(write).collect::<Vec<_>>().join(",\n    ") {
        rows if rows.is_empty() => "[]".into(),
        rows => format!("[\n    {rows}\n  ]"),
    }
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<_> =
        members.iter().map(|(name, value)| format!("{}: {value}", string(name))).collect();
    format!("{{{}}}", members.join(", "))
}

fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\0'..='\x1f' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
