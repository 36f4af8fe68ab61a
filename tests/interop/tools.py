"""Finds the programs that the tests drive and installs the pinned client packages.

Everything that is installed goes below ``target/test-tools``, once for each version of the
manifest that pins it. What cannot be had is a ``MissingTool`` that says how to get it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLIENTS = HERE / "clients"
REQUIREMENTS = HERE / "requirements.txt"
PACKAGES = HERE / "package.json"
TARGET = HERE.parents[1] / "target"
TOOLS = TARGET / "test-tools"
INSTALL_TIMEOUT = 600.0
MISSING_TOOL_STATUS = 3


class MissingTool(Exception):
    """A tool that the tests need is not there; the text says which, and how to get it."""


def find_program(name: str, package: str) -> str:
    """The path of a program that the Debian package brings."""
    # Debian keeps nginx in /usr/sbin, which is not on every user's PATH.
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        raise MissingTool(f"{name} is missing: apt-get install {package}")
    return path


def install_once(directory: Path, manifest: Path, *steps: Sequence[str]) -> None:
    """Runs the steps in a fresh directory, unless they ran for this very manifest before."""
    done = directory / f"installed-{manifest.name}"
    if done.exists() and done.read_bytes() == manifest.read_bytes():
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for step in steps:
        run_step(step, directory)
    shutil.copyfile(manifest, done)


def run_step(step: Sequence[str], directory: Path) -> None:
    """Runs one command of an installation; a failure shows the end of what it printed."""
    try:
        subprocess.run(
            step,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=INSTALL_TIMEOUT,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        printed = str(error.output or "").strip().splitlines()[-5:]
        raise MissingTool(f"`{' '.join(step)}` failed:\n  " + "\n  ".join(printed)) from error


def python_with_clients() -> str:
    """A Python that has the packages of requirements.txt."""
    directory = TOOLS / "interop" / "python"
    python = str(directory / "venv" / "bin" / "python")
    try:
        install_once(
            directory,
            REQUIREMENTS,
            [sys.executable, "-m", "venv", "venv"],
            [python, "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)],
        )
    except MissingTool as error:
        raise MissingTool(f"{error}\n  (venv is missing? apt-get install python3-venv)") from error
    return python


def node_modules() -> Path:
    """A node_modules directory with the packages of package-lock.json."""
    npm = find_program("npm", "npm")
    directory = TOOLS / "interop" / "node"
    lock = HERE / "package-lock.json"
    install_once(
        directory,
        lock,
        ["cp", str(PACKAGES), str(lock), "."],
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    )
    return directory / "node_modules"


def python_client(script: str) -> list[str]:
    """The command of a Python program in clients/."""
    return [python_with_clients(), str(CLIENTS / script)]


def node_program(script: Path) -> list[str]:
    """The command of a program for Node."""
    node = find_program("node", "nodejs")
    return ["env", f"NODE_PATH={node_modules()}", node, str(script)]


def node_client(script: str) -> list[str]:
    """The command of a program for Node in clients/."""
    return node_program(CLIENTS / script)


def chromium_client(script: str) -> list[str]:
    """The command of a Python program in clients/ that starts Chromium."""
    chromium = find_program("chromium", "chromium")
    chromedriver = find_program("chromedriver", "chromium-driver")
    return [*python_client(script), chromium, chromedriver]


def pinned_version(package: str) -> str:
    """The version of a Python or npm package that is installed for the tests."""
    pins = dict(re.findall(r"^(\S+)==(\S+)$", REQUIREMENTS.read_text(), re.M))
    pins |= json.loads(PACKAGES.read_text())["dependencies"]
    version: str = pins[package]
    return version


def build_tungstenite_client() -> str:
    """The Rust client, built by cargo."""
    if shutil.which("cargo") is None:
        raise MissingTool("cargo is missing: see https://rustup.rs")
    directory = TOOLS / "interop" / "tungstenite"
    manifest = HERE / "tungstenite-client" / "Cargo.toml"
    directory.mkdir(parents=True, exist_ok=True)
    run_step(
        ["cargo", "build", "--quiet", "--locked"]
        + ["--manifest-path", str(manifest), "--target-dir", str(directory)],
        directory,
    )
    return str(directory / "debug" / "tungstenite-client")
