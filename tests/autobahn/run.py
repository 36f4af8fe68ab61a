#!/usr/bin/env python3
"""Runs the Autobahn test suite's fuzzing client against the server.

    tests/autobahn/run.py --server build/echo_server

What every single case must come to is in ``expected.json``; any difference fails, an
improvement too, so that the file always says what the server does. ``--bless`` rewrites the
entries of the cases that were run. Without ``--cases`` those run that take minutes; all of
them, ``--cases '*'``, take a quarter of an hour or two, which the fuzzing client spends in
sections 12 and 13. Two clients share the work. Reports are left below ``target/autobahn``.
Exit status: 0 when all is as expected, 1 when it is not, 3 when a tool is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

from server_process import ServerError, ServerProcess, add_server_argument, server_command  # noqa: E402
from tools import MISSING_TOOL_STATUS, TARGET, TOOLS, MissingTool, install_once  # noqa: E402

EXPECTED = HERE / "expected.json"
REQUIREMENTS = HERE / "requirements.txt"
REPORTS = TARGET / "autobahn"
AGENT = "wsabi"
# All that has nothing to do with compression; of that, every length of the first group, and
# one of each other group.
DEFAULT_CASES = ["[1-79].*", "10.*", "12.1.*", "13.1.*", "12.?.5", "13.?.5"]
CLIENTS = 2
TIMEOUT = 3600.0

# The last version of virtualenv whose environments can be made by and for Python 2.7.
VIRTUALENV = "virtualenv==20.15.1"

NO_PYTHON2 = """\
Python 2.7 with pip is missing; the Autobahn test suite runs on nothing newer. Either
  - install it with pyenv:  pyenv install 2.7.18
  - or use the public Docker image crossbario/autobahn-testsuite instead:
    wstest -m fuzzingclient, with a specification like that in target/autobahn"""

Outcomes = dict[str, list[str]]  # case id -> [behavior, behaviorClose]


def find_python2() -> str:
    """A Python 2.7 that has pip, from PATH or from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    on_path = shutil.which("python2.7")
    candidates = [on_path] if on_path else []
    candidates += map(str, pyenv.glob("versions/2.7*/bin/python2.7"))
    for candidate in candidates:
        # pyenv's stand-in on PATH exists even when no 2.7 is selected: only a run tells.
        probe = subprocess.run([candidate, "-m", "pip", "--version"], capture_output=True)
        if probe.returncode == 0:
            return candidate
    raise MissingTool(NO_PYTHON2)


def install_wstest() -> str:
    """The path of `wstest` in a Python 2.7 virtualenv."""
    directory = TOOLS / "autobahn"
    python2 = find_python2()
    install_once(
        directory,
        REQUIREMENTS,
        [python2, "-m", "pip", "install", "--quiet", "--target", "virtualenv", VIRTUALENV],
        ["env", "PYTHONPATH=virtualenv", python2, "-m", "virtualenv", "--quiet", "venv"],
        ["venv/bin/python", "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)],
    )
    return str(directory / "venv" / "bin" / "wstest")


def run_wstest(wstest: str, url: str, cases: Sequence[str]) -> Outcomes:
    """Runs fuzzing clients side by side; their reports replace those of the run before."""
    shutil.rmtree(REPORTS, ignore_errors=True)
    with ThreadPoolExecutor(CLIENTS) as pool:
        # Neighbours are alike, so that each client gets as much of every kind.
        shares = [(REPORTS / str(n + 1), cases[n::CLIENTS]) for n in range(CLIENTS)]
        runs = [pool.submit(run_client, wstest, url, *share) for share in shares if share[1]]
        return {case: outcome for run in runs for case, outcome in run.result().items()}


def run_client(wstest: str, url: str, reports: Path, cases: Sequence[str]) -> Outcomes:
    """Runs one fuzzing client; returns what its reports say about each case."""
    reports.mkdir(parents=True)
    specification = reports / "fuzzingclient.json"
    specification.write_text(
        json.dumps(
            {
                "outdir": str(reports),
                "servers": [{"agent": AGENT, "url": url}],
                "cases": list(cases),
                "exclude-cases": [],
                "exclude-agent-cases": {},
            },
            indent=2,
        )
    )
    with open(reports / "wstest.log", "wb") as log:
        subprocess.run(
            [wstest, "-m", "fuzzingclient", "-s", str(specification)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            check=True,
        )
    index = json.loads((reports / "index.json").read_text())
    return {
        case: [entry["behavior"], entry["behaviorClose"]] for case, entry in index[AGENT].items()
    }


def read_expected() -> Outcomes:
    """What was committed about each case."""
    expected: Outcomes = json.loads(EXPECTED.read_text())
    return expected


def select(outcomes: Outcomes, patterns: Sequence[str]) -> Outcomes:
    """The outcomes of the cases that one of the patterns names."""
    return {
        case: outcome
        for case, outcome in outcomes.items()
        if any(fnmatchcase(case, pattern) for pattern in patterns)
    }


def bless(actual: Outcomes) -> None:
    """Makes the outcomes of this run the expected ones; other cases keep theirs."""
    merged = {**read_expected(), **actual}
    lines = [
        f"  {json.dumps(case)}: {json.dumps(merged[case])}" for case in sorted(merged, key=order)
    ]
    EXPECTED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def order(case: str) -> list[int]:
    """Sorts 2.10 behind 2.9."""
    return [int(number) for number in case.split(".")]


def describe(case: str) -> str:
    """The suite's own description of a case, when it was run."""
    reports = list(REPORTS.glob(f"*/{AGENT}_case_{case.replace('.', '_')}.json"))
    if not reports:
        return "was not run"
    # Descriptions hold some HTML.
    text = re.sub(r"<[^>]*>", " ", json.loads(reports[0].read_text())["description"])
    return " ".join(text.split())


def compare(expected: Outcomes, actual: Outcomes) -> tuple[int, int]:
    """Prints each case that differs; returns how many are equal and how many are not."""
    cases = sorted(expected.keys() | actual.keys(), key=order)
    differing = [case for case in cases if expected.get(case) != actual.get(case)]
    for case in differing:
        was, became = ("/".join(outcomes.get(case, ["nothing"])) for outcomes in (expected, actual))
        print(f"FAILED  {case}: {became} instead of {was}: {describe(case)}")
    return len(cases) - len(differing), len(differing)


def test(wstest: str, arguments: argparse.Namespace) -> tuple[int, int]:
    """Runs the cases; returns how many passed and how many failed."""
    # The file has every case of the pinned suite.
    cases = sorted(select(read_expected(), arguments.cases), key=order)
    try:
        with ServerProcess(server_command(arguments.server)) as server:
            actual = run_wstest(wstest, server.url, cases)
    except (ServerError, subprocess.SubprocessError, OSError, KeyError) as error:
        print(f"FAILED  {error}")
        return 0, 1
    if arguments.bless:
        bless(actual)
    return compare(select(read_expected(), arguments.cases), actual)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Runs the Autobahn test suite's fuzzing client against a server."
    )
    add_server_argument(parser)
    parser.add_argument(
        "--cases",
        nargs="+",
        default=DEFAULT_CASES,
        metavar="PATTERN",
        help="cases to run (default: %(default)s)",
    )
    parser.add_argument(
        "--bless", action="store_true", help="make what happens the expected result"
    )
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    try:
        wstest = install_wstest()
    except MissingTool as missing:
        print(missing)
        return MISSING_TOOL_STATUS
    passed, failed = test(wstest, arguments)
    print(f"Autobahn {' '.join(arguments.cases)}; reports: {REPORTS}/*/index.html")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
