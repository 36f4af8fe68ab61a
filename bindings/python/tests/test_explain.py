"""explain() on captures, through Python."""

from __future__ import annotations

import pytest
import wire
from conftest import ROOT
from wsabi import FindingKind, Place, Severity, explain, explain_frames

CAPTURE = (ROOT / "tests" / "explain" / "forum.txt").read_text()


def test_a_captured_handshake() -> None:
    findings = explain(CAPTURE)
    assert findings == explain(CAPTURE.encode()) == explain(bytearray(CAPTURE.encode()))
    assert [f.severity for f in findings] == sorted(f.severity for f in findings)
    for finding in findings:
        assert isinstance(finding.kind, FindingKind)
        assert finding.section.startswith("RFC") and finding.rule and finding.remedy


def test_a_wrong_accept_value() -> None:
    wrong = wire.ACCEPTED.replace(b"s3pPLM", b"S3pPLM")
    (finding,) = [
        f for f in explain(wire.request() + wrong + b"\r\n") if f.place is Place.RESPONSE
    ]
    assert finding.severity is Severity.FATAL
    assert finding.kind.name.startswith("ACCEPT_")
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in finding.remedy


def test_frames() -> None:
    octets = wire.frame(wire.TEXT, b"ok") + wire.frame(0x83, b"x")
    (finding,) = [f for f in explain_frames(octets) if f.severity is Severity.FATAL]
    assert finding.kind is FindingKind.RESERVED_OPCODE
    assert (finding.place, finding.offset) == (Place.FRAME, 8)
    assert explain_frames(octets.hex(" "))[0].kind is FindingKind.RESERVED_OPCODE


@pytest.mark.parametrize("capture", ["", b"", "\udcff\ud800 GET", b"\xff\0" * 100, "x" * 100_000])
def test_no_input_makes_it_fail(capture: "str | bytes") -> None:
    assert explain(capture)
    assert explain_frames(capture)


def test_wrong_types() -> None:
    for wrong in (None, 3, ["a"]):
        with pytest.raises(TypeError):
            explain(wrong)  # type: ignore[arg-type]
