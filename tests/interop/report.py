"""Counts and prints the outcome of cases, as they come in."""

from __future__ import annotations


class Report:
    """Every case is passed, failed or skipped; the last line of a run counts them."""

    def __init__(self) -> None:
        self.passed = 0
        self.failures: list[str] = []
        self.skips: list[str] = []

    def ok(self, case: str) -> None:
        """The case passed."""
        self.passed += 1
        print(f"ok      {case}", flush=True)

    def fail(self, case: str, reason: str) -> None:
        """The case failed, and why."""
        self.failures.append(case)
        print(f"FAILED  {case}: {reason}", flush=True)

    def skip(self, case: str, reason: str) -> None:
        """The case could not be run, and why."""
        self.skips.append(case)
        print(f"skipped {case}: {reason}", flush=True)

    def finish(self) -> int:
        """Lists what failed, prints the line of counts and returns the exit status."""
        for case in self.failures:
            print(f"failed: {case}")
        skipped = f", {len(self.skips)} skipped" if self.skips else ""
        print(f"{self.passed} passed, {len(self.failures)} failed{skipped}")
        return 1 if self.failures or not self.passed else 0
