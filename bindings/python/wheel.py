#!/usr/bin/env python3
"""Builds the source distribution and, from that, the wheel, into ``target/wheels``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "interop"))

from tools import MISSING_TOOL_STATUS, TARGET, TOOLS, MissingTool, install_once  # noqa: E402

REQUIREMENTS = HERE / "wheel-requirements.txt"
WHEELS = TARGET / "wheels"


def environment() -> Path:
    """The directory of the programs that build."""
    directory = TOOLS / "wheel"
    programs = directory / "venv" / "bin"
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    install_once(
        directory,
        REQUIREMENTS,
        [sys.executable, "-m", "venv", "venv"],
        [*pip, "--requirement", str(REQUIREMENTS)],
    )
    return programs


def main() -> int:
    try:
        programs = environment()
    except MissingTool as missing:
        print(missing)
        return MISSING_TOOL_STATUS
    shutil.rmtree(WHEELS, ignore_errors=True)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    command = [str(programs / "python"), "-m", "build", "--no-isolation", "--outdir", str(WHEELS)]
    built = subprocess.run(
        [*command, str(HERE)], env={**os.environ, "PATH": path, "CARGO_TARGET_DIR": str(TARGET)}
    )
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
