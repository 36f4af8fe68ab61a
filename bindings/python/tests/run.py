#!/usr/bin/env python3
"""Runs the tests of the Python binding on the oldest and on the newest Python of the machine.

    bindings/python/tests/run.py [argument of pytest...]

Each Python gets an environment below ``target/test-tools``, with the packages that
``requirements.txt`` pins. The newest one also runs the tests of others, from their source
distributions, on what takes the place of their classes: uvicorn's of WebSockets, wsproto's, and
hypercorn's of WebSockets, which uses wsproto. At the end, a part of the Autobahn testsuite; with
CASES=all in the environment all of it, which takes half an hour. Exit status: 0 all passed, 1 some
failed, 3 a tool is missing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINDING = HERE.parent
ROOT = BINDING.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "interop"))

from tools import MISSING_TOOL_STATUS, TOOLS, MissingTool, install_once  # noqa: E402

OLDEST = (3, 9)
REQUIREMENTS = HERE / "requirements.txt"
#: Tests of other packages: those, and the arguments of pytest.
THEIRS = {
    "uvicorn": "-p uvicorn_plugin -p no:asyncio -n 2 -k sansio "
    "tests/protocols/test_websocket.py tests/middleware",
    "wsproto": "-p wsproto_plugin -p no:asyncio tests",
    "hypercorn": "-p wsproto_plugin -o asyncio_default_fixture_loop_scope=function "
    "tests/protocol/test_ws_stream.py tests/asyncio/test_sanity.py tests/trio/test_sanity.py",
}
PROBE = "import ensurepip, sys, venv; print(*sys.version_info[:2], sys.prefix)"


def pythons() -> list[tuple[tuple[int, int], str]]:
    """The Pythons of the machine that can make an environment, by version."""
    candidates = [sys.executable]
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        candidates += map(str, Path(directory).glob("python3.[0-9]*"))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += map(str, sorted(pyenv.glob("versions/3.*/bin/python3")))
    found: dict[tuple[int, int], str] = {}
    for candidate in candidates:
        if not re.fullmatch(r"python(3(\.\d+)?)?", Path(candidate).name):
            continue
        probe = subprocess.run([candidate, "-c", PROBE], capture_output=True, text=True)
        if probe.returncode == 0:
            major, minor = map(int, probe.stdout.split()[:2])
            found.setdefault((major, minor), candidate)
    return sorted(item for item in found.items() if item[0] >= OLDEST)


def environment(version: tuple[int, int], base: str) -> str:
    """A Python with the packages that the tests need."""
    directory = TOOLS / f"python-{version[0]}.{version[1]}"
    python = str(directory / "venv" / "bin" / "python")
    install_once(
        directory,
        REQUIREMENTS,
        [base, "-m", "venv", "venv"],
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", str(REQUIREMENTS)],
    )
    return python


def version_of(package: str) -> str:
    """The newest version in the requirements."""
    pins = re.findall(rf"^{package}==([\d.]+)", REQUIREMENTS.read_text(), re.M | re.I)
    return pins[-1]  # type: ignore[no-any-return]


def run_tests_of(package: str, python: str) -> int:
    """Runs tests of another package on what a plugin puts in the place of its classes."""
    directory, name = TOOLS / package, f"{package}-{version_of(package)}"
    download = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", "."]
    install_once(
        directory,
        REQUIREMENTS,
        [python, "-m", "pip", *download, f"{package}=={version_of(package)}"],
        ["tar", "-xzf", f"{name}.tar.gz"],
    )
    paths = [str(BINDING / "src"), str(HERE)]
    library = str(ROOT / "target" / "release" / "libwsabi.so")
    print(f"{package}'s own tests", flush=True)
    # Without the arguments of its configuration, which are for its coverage.
    pytest = ["-m", "pytest", "-o", "addopts=", "-q", "-r", "fE", *THEIRS[package].split()]
    ran = subprocess.run(
        [python, *pytest],
        cwd=directory / name,
        env={**os.environ, "WSABI_LIBRARY": library, "PYTHONPATH": os.pathsep.join(paths)},
    )
    return ran.returncode


def run_autobahn() -> int:
    """Runs the cases about the order and the end of things, or all, as server and as client."""
    directory = ROOT / "tests" / "autobahn"
    cases = ["--cases", "3.*", "4.*", "5.*", "7.*", "12.1.1", "13.1.1"]
    if os.environ.get("CASES") == "all":
        cases = ["--cases", "*"]
    library = str(ROOT / "target" / "release" / "libwsabi.so")
    paths = {"WSABI_LIBRARY": library, "PYTHONPATH": str(BINDING / "src")}
    server = f"{sys.executable} {BINDING / 'examples' / 'echo_server.py'}"
    for command in (
        ["run.py", "--server", server],
        ["client.py", "--client", str(HERE / "autobahn_client.py")],
    ):
        ran = subprocess.run(
            [sys.executable, str(directory / command[0]), *command[1:], *cases],
            env={**os.environ, **paths},
        )
        if ran.returncode:
            return ran.returncode
    return 0


def main() -> int:
    found = pythons()
    if not found:
        print("missing: Python 3.9 or newer, with venv (Debian: python3-venv)")
        return MISSING_TOOL_STATUS
    failed = []
    for version, base in dict.fromkeys((found[0], found[-1])):
        name = ".".join(map(str, version))
        try:
            python = environment(version, base)
        except MissingTool as missing:
            print(missing)
            return MISSING_TOOL_STATUS
        print(f"Python {name}", flush=True)
        ran = subprocess.run([python, "-m", "pytest", *sys.argv[1:]], cwd=BINDING)
        failed += [name] if ran.returncode else []
        checked = subprocess.run([python, "-m", "mypy", "--no-incremental"], cwd=BINDING)
        failed += [f"{name} (mypy)"] if checked.returncode else []
    if version >= (3, 11):
        failed += [f"{package}'s tests" for package in THEIRS if run_tests_of(package, python)]
    failed += ["Autobahn"] if run_autobahn() else []
    print(f"failed: {', '.join(failed)}" if failed else "passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
