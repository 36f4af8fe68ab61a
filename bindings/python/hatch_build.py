"""Builds the library with cargo and puts it into the wheel.

With cargo-zigbuild on the PATH a wheel for Linux runs from glibc 2.17 on; otherwise from the
version on that the machine's linker takes. The wheel's tag says which, by what the library needs.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

GLIBC = "2.17"
# Of the library's features those that Python has a use for: its loops and its TLS are its own.
FEATURES = "std,deflate"
NAMES = {"darwin": "libwsabi.dylib", "win32": "wsabi.dll"}


class CargoHook(BuildHookInterface):  # type: ignore[type-arg]
    """The wheel is for a platform, but for every Python."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # WSABI_LIBRARY names the library of a working tree
        packaged = Path(self.root) / "crate"  # in a source distribution
        crate = packaged if packaged.exists() else Path(self.root).parents[1]
        if packaged.exists():
            # All files of a source distribution have one time; in a target directory that was used
            # before, cargo would take them for those that it built.
            for source in crate.rglob("*.rs"):
                source.touch()
        library = build(crate)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag(library)}"
        build_data["force_include"][str(library)] = f"wsabi/{library.name}"
        for licence in ("LICENSE-APACHE", "LICENSE-MIT"):
            build_data["force_include"][str(crate / licence)] = f"wsabi/{licence}"


def build(crate: Path) -> Path:
    """Builds the shared library; returns its path."""
    cargo, target = ["cargo"], []
    if sys.platform == "linux" and shutil.which("cargo-zigbuild"):
        cargo = ["cargo-zigbuild"]
        target = ["--target", f"{platform.machine()}-unknown-linux-gnu.{GLIBC}"]
    command = [*cargo, "rustc", "--locked", "--release", "--lib", "--crate-type", "cdylib"]
    command += ["--no-default-features", "--features", FEATURES]
    command += [*target, "--message-format", "json-render-diagnostics", "--", "-C", "strip=symbols"]
    try:
        built = subprocess.run(command, cwd=crate, stdout=subprocess.PIPE, check=True, text=True)
    except FileNotFoundError:
        raise RuntimeError("cargo is missing: install Rust, see https://rustup.rs") from None
    name = NAMES.get(sys.platform, "libwsabi.so")
    # The last artifact is the crate itself.
    files = json.loads(built.stdout.splitlines()[-2])["filenames"]
    return next(Path(file) for file in files if Path(file).name == name)


def platform_tag(library: Path) -> str:
    """The tag of the machines that the library runs on."""
    if sys.platform != "linux":
        return re.sub(r"[-.]", "_", sysconfig.get_platform())
    found = re.findall(rb"\0GLIBC_(\d+)\.(\d+)", library.read_bytes())
    floor = max((int(major), int(minor)) for major, minor in [*found, *[GLIBC.split(".")]])
    return f"manylinux_{floor[0]}_{floor[1]}_{os.uname().machine}"
