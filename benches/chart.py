#!/usr/bin/env python3
"""Draws docs/echo.svg, the picture of the README, of what echo.py --peers left.

    python3 benches/chart.py
"""

import json
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
FIGURES = BENCHES.parent / "target" / "bench" / "echo.json"
PICTURE = BENCHES.parent / "docs" / "echo.svg"

NAMES = {
    "raw": "TCP echo, no WebSocket",
    "mio": "wsabi, embedded server",
    "wsabi": "wsabi on poll(2)",
    "lws": "libwebsockets",
    "fastws": "fastwebsockets",
    "tungst": "tokio-tungstenite",
    "npm ws": "npm ws",
}
PANELS = ((16, 125), (16, 8192), (1, 125))  # depth and octets
OURS = ("mio", "wsabi")

WIDTH, LABELS, BAR, GAP, HEAD = 640, 180, 16, 6, 40
# Legible on white and on black.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #777 } .head { font-weight: 600 }
  rect { fill: #9aa } .ours { fill: #6a9a2a }
"""


def main():
    figures = json.loads(FIGURES.read_text())["echo"]
    parts, top = [], 0
    for depth, octets in PANELS:
        rows = {
            row["server"]: row["us"]
            for row in figures
            if (row["depth"], row["octets"]) == (depth, octets) and row["server"] in NAMES
        }
        parts += panel(rows, depth, octets, top)
        top += HEAD + len(rows) * (BAR + GAP)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + GAP}" role="img">'
    title = "<title>CPU time of echo servers per message</title>"
    PICTURE.write_text("\n".join([svg, title, f"<style>{STYLE}</style>", *parts, "</svg>", ""]))


def panel(rows, depth, octets, top):
    """The bars of one size of message, the shortest first."""
    at_once = "one at a time" if depth == 1 else f"{depth} at a time"
    yield text(0, top + 26, f"CPU microseconds per message of {octets:,} octets, {at_once}", "head")
    longest = max(rows.values())
    for place, (server, us) in enumerate(sorted(rows.items(), key=lambda row: row[1])):
        y = top + HEAD + place * (BAR + GAP)
        width = us / longest * (WIDTH - LABELS - 60)
        kind = ' class="ours"' if server in OURS else ""
        yield text(0, y + 13, NAMES[server])
        yield f'<rect{kind} x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}"/>'
        yield text(LABELS + width + 6, y + 13, f"{us:.3g}")


def text(x, y, words, kind=""):
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x:.1f}" y="{y}">{words}</text>'


if __name__ == "__main__":
    main()
