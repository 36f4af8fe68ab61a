"""What both roles share: the Autobahn test suite itself, and the outcomes that are expected.

What every single case must come to is in a file; any difference fails, an improvement too, so
that the file always says what wsabi does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

from server_process import ServerError  # noqa: E402
from tools import MISSING_TOOL_STATUS, TOOLS, MissingTool, install_once  # noqa: E402

REQUIREMENTS = HERE / "requirements.txt"
AGENT = "wsabi"

# All that has nothing to do with compression; of that, every length of the first group, and
# one of each other group.
DEFAULT_CASES = ["[1-79].*", "10.*", "12.1.*", "13.1.*", "12.?.5", "13.?.5"]

# Runs of the suite side by side.
SHARES = 2
TIMEOUT = 3600.0

# The last version of virtualenv whose environments can be made by and for Python 2.7.
VIRTUALENV = "virtualenv==20.15.1"

NO_PYTHON2 = """\
Python 2.7 with pip is missing; the Autobahn test suite runs on nothing newer. Either
  - install it with pyenv:  pyenv install 2.7.18
  - or use the public Docker image crossbario/autobahn-testsuite instead:
    wstest -m fuzzingclient, or -m fuzzingserver, with a specification like those below target"""

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


@dataclass(frozen=True)
class Suite:
    """One role: the expected outcomes, and where the reports of a run are."""

    expected_file: Path
    reports: Path

    def main(
        self,
        arguments: argparse.Namespace,
        run_share: Callable[[str, Path, Sequence[str]], Outcomes],
    ) -> int:
        """Runs the cases of the arguments; ``run_share`` gets wstest, a directory and cases."""
        try:
            wstest = install_wstest()
        except MissingTool as missing:
            print(missing)
            return MISSING_TOOL_STATUS
        passed, failed = 0, 1
        try:
            actual = self.run(partial(run_share, wstest), self.cases(arguments.cases))
        except (ServerError, subprocess.SubprocessError, OSError, KeyError) as error:
            print(f"FAILED  {error}")
        else:
            if arguments.bless:
                self.bless(actual)
            passed, failed = self.compare(arguments.cases, actual)
        print(f"Autobahn {' '.join(arguments.cases)}; reports: {self.reports}/*/index.html")
        print(f"{passed} passed, {failed} failed")
        return 1 if failed or not passed else 0

    def run(
        self, run_share: Callable[[Path, Sequence[str]], Outcomes], cases: Sequence[str]
    ) -> Outcomes:
        """The outcomes of the cases; the reports replace those of the run before."""
        shutil.rmtree(self.reports, ignore_errors=True)
        # Neighbours are alike, so that each share gets as much of every kind.
        shares = [(self.reports / str(n + 1), cases[n::SHARES]) for n in range(SHARES)]
        with ThreadPoolExecutor(SHARES) as pool:
            runs = [pool.submit(run_share, *share) for share in shares if share[1]]
            return {case: outcome for run in runs for case, outcome in run.result().items()}

    def expected(self) -> Outcomes:
        """What was committed about each case."""
        expected: Outcomes = json.loads(self.expected_file.read_text())
        return expected

    def cases(self, patterns: Sequence[str]) -> list[str]:
        """The cases that the patterns name. The file has every case of the pinned suite."""
        return sorted(select(self.expected(), patterns), key=order)

    def bless(self, actual: Outcomes) -> None:
        """Makes the outcomes of this run the expected ones; other cases keep theirs."""
        merged = {**self.expected(), **actual}
        lines = [
            f"  {json.dumps(case)}: {json.dumps(merged[case])}"
            for case in sorted(merged, key=order)
        ]
        self.expected_file.write_text("{\n" + ",\n".join(lines) + "\n}\n")

    def describe(self, case: str) -> str:
        """The suite's own description of a case, when it was run."""
        reports = list(self.reports.glob(f"*/{AGENT}_case_{case.replace('.', '_')}.json"))
        if not reports:
            return "was not run"
        # Descriptions hold some HTML.
        text = re.sub(r"<[^>]*>", " ", json.loads(reports[0].read_text())["description"])
        return " ".join(text.split())

    def compare(self, patterns: Sequence[str], actual: Outcomes) -> tuple[int, int]:
        """Prints each case that differs; returns how many are equal and how many are not."""
        expected = select(self.expected(), patterns)
        cases = sorted(expected.keys() | actual.keys(), key=order)
        differing = [case for case in cases if expected.get(case) != actual.get(case)]
        for case in differing:
            was, became = ("/".join(those.get(case, ["nothing"])) for those in (expected, actual))
            print(f"FAILED  {case}: {became} instead of {was}: {self.describe(case)}")
        return len(cases) - len(differing), len(differing)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what both runners take."""
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


def write_specification(reports: Path, specification: Mapping[str, object]) -> Path:
    """The file that wstest is given, in a new directory for its reports."""
    reports.mkdir(parents=True)
    path = reports / "specification.json"
    everything = {**specification, "outdir": str(reports)}
    everything |= {"exclude-cases": [], "exclude-agent-cases": {}}
    path.write_text(json.dumps(everything, indent=2))
    return path


def read_outcomes(reports: Path) -> Outcomes:
    """What the reports of one run of the suite say about each case."""
    index = json.loads((reports / "index.json").read_text())
    return {
        case: [entry["behavior"], entry["behaviorClose"]] for case, entry in index[AGENT].items()
    }


def select(outcomes: Outcomes, patterns: Sequence[str]) -> Outcomes:
    """The outcomes of the cases that one of the patterns names."""
    return {
        case: outcome
        for case, outcome in outcomes.items()
        if any(fnmatchcase(case, pattern) for pattern in patterns)
    }


def order(case: str) -> list[int]:
    """Sorts 2.10 behind 2.9."""
    return [int(number) for number in case.split(".")]
