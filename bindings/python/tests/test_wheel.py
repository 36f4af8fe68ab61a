"""The wheel of ``make wheel``, installed into a fresh environment; the README, pasted and run."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import wire
from conftest import BINDING, ROOT

WHEELS = ROOT / "target" / "wheels"
TAG = re.compile(r"wsabi-[\d.]+-py3-none-manylinux_(\d+)_(\d+)_\w+\.whl")


def only(pattern: str) -> Path:
    found = list(WHEELS.glob(pattern))
    assert len(found) == 1, f"{found}: run make wheel"
    return found[0]


def test_the_tag_says_what_the_library_needs() -> None:
    wheel = only("*.whl")
    tag = TAG.fullmatch(wheel.name)
    assert tag is not None, wheel.name
    with zipfile.ZipFile(wheel) as archive:
        library = archive.read("wsabi/libwsabi.so")
        (metadata,) = (name for name in archive.namelist() if name.endswith("/WHEEL"))
        assert b"Root-Is-Purelib: false" in archive.read(metadata)
        assert {"wsabi/py.typed", "wsabi/LICENSE-MIT"} < set(archive.namelist())
    needed = {tuple(map(int, found)) for found in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", library)}
    assert max(needed) <= (int(tag[1]), int(tag[2])) == (2, 17)


def test_the_library_has_what_python_needs(python: Any) -> None:
    program = """
from wsabi import LibraryError, _abi
try:
    _abi.server_count(None)
except LibraryError as error:
    print(error)
"""
    assert "has no wsabi_server_count: it was built without the feature server" in python(program)


def test_the_source_distribution_has_the_crate() -> None:
    with tarfile.open(only("*.tar.gz")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"crate/Cargo.lock", "crate/Cargo.toml", "crate/src/lib.rs", "hatch_build.py"} < names
    assert not [name for name in names if name.endswith((".so", ".pyc"))]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs a program in an environment that has the wheel and nothing else."""
    directory = tmp_path_factory.mktemp("fresh")
    subprocess.run([sys.executable, "-m", "venv", directory / "venv"], check=True)
    executable = str(directory / "venv" / "bin" / "python")
    install = ["-m", "pip", "install", "--quiet", "--no-index", str(only("*.whl"))]
    subprocess.run([executable, *install], check=True)

    def run(program: str) -> str:
        ran = subprocess.run(
            [executable, "-X", "dev", "-W", "error", "-"],
            input=program,
            cwd=directory,
            env={"PATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout

    return run


def snippets() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (BINDING / "README.md").read_text(), re.S)


def test_the_quick_start(python: Any) -> None:
    assert python(snippets()[0].replace("8765", "18765")) == "Hello\n"


def test_a_connection_without_a_task(python: Any) -> None:
    program = snippets()[1].replace("8765", "18766") + """
import asyncio
from wsabi.asyncio import connect

async def main():
    async with server, connect("ws://localhost:18766/") as websocket:
        await websocket.send("Hello")
        print(await websocket.recv())

asyncio.run(main())
"""
    assert python(program) == "Hello\n"


def test_without_io(python: Any) -> None:
    octets = wire.request() + wire.frame(wire.TEXT, b"Hello")
    answer = wire.ACCEPTED + b"\r\n\x81\x05Hello"
    assert python(f"{snippets()[2]}\nprint(received({octets!r}))") == f"{answer!r}\n"


def test_which_library_is_loaded(python: Any) -> None:
    assert python("import wsabi._library as l; print(l.PATH == str(l.PACKAGED))") == "True\n"
