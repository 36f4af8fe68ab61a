"""The mirror of the C ABI is what the header says, and what a C compiler makes of it."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mirror
import pytest
from conftest import BINDING, ROOT

from wsabi import _abi, _library

HEADER = ROOT / "include" / "wsabi.h"
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None and "CI" not in os.environ, reason="no C compiler"
)


def test_the_committed_mirror_is_made_from_the_header() -> None:
    committed, made = mirror.OUTPUT.read_text(), mirror.generate(mirror.read_header())
    assert mirror.declarations(committed) == mirror.declarations(made), "run bindings/python/mirror.py"


def test_every_function_of_the_header_has_one_line() -> None:
    # Read from the other header than the generator does.
    text = re.sub(r"//.*", "", HEADER.read_text())
    declared = re.findall(r"WSABI_API\s+[^;(]*?\b(wsabi_\w+)\(([^;]*)\);", text)
    assert len(declared) >= 60
    mirrored = {
        name: found
        for name, found in vars(_abi).items()
        if hasattr(found, "argtypes") and name != "function"
    }
    assert {f"wsabi_{name}" for name in mirrored} == {name for name, _ in declared}
    for name, arguments in declared:
        count = 0 if arguments.strip() == "void" else arguments.count(",") + 1
        assert len(mirrored[name[len("wsabi_") :]].argtypes) == count, name


def test_untyped_functions_are_in_the_header() -> None:
    source = (BINDING / "src" / "wsabi" / "_connection.py").read_text()
    names = re.findall(r'untyped\("(\w+)"', source)
    assert names
    for name in names:
        assert hasattr(_abi, name[len("wsabi_") :]), name


def test_functions_that_need_a_feature_may_be_missing() -> None:
    declared = "int32_t wsabi_server_wake(const wsabi_server *server, int64_t after, uint8_t bits);"
    made = mirror.generate(mirror.Header(declared, ""))
    arguments = "c_int32, c_void_p, c_int64, c_uint8"
    assert f'server_wake = optional("server", "wsabi_server_wake", {arguments})' in made
    assert "    c_int64,\n" in made and "import check_abi, optional\n" in made
    missing = _library.optional("server", "wsabi_server_wakes", ctypes.c_int32, ctypes.c_void_p)
    assert missing.argtypes == (ctypes.c_void_p,)  # type: ignore[attr-defined]
    with pytest.raises(_library.LibraryError, match="built without the feature server"):
        missing(None)
    found = _library.optional("server", "wsabi_abi_version", ctypes.c_uint32)
    assert found() == _abi.ABI_VERSION


def structs() -> list[type[ctypes.Structure]]:
    return [
        found
        for found in vars(_abi).values()
        if isinstance(found, type)
        and issubclass(found, ctypes.Structure)
        and found is not ctypes.Structure
    ]


def constants() -> dict[str, int]:
    plain = {
        name: value
        for name, value in vars(_abi).items()
        if name.isupper() and isinstance(value, int)
    }
    for prefix, (enum, _) in mirror.ENUMS.items():
        for member in getattr(_abi, enum):
            plain[f"{prefix}_{member.name}"] = member.value
    return plain


@needs_compiler
def test_a_compiler_finds_the_same_layout_constants_and_types(tmp_path: Path) -> None:
    """Sizes, offsets, values; and each argument's and result's size and signedness class."""
    lines = ["#include <wsabi.h>", "#define IS(what) _Static_assert(what, #what)"]
    for struct in structs():
        name = struct.__name__
        lines.append(f"IS(sizeof({name}) == {ctypes.sizeof(struct)});")
        for field in struct._fields_:
            offset = getattr(struct, field[0]).offset
            lines.append(f"IS(offsetof({name}, {field[0]}) == {offset});")
            lines.append(f"IS(sizeof((({name} *)0)->{field[0]}) == {ctypes.sizeof(field[1])});")
    for name, value in constants().items():
        lines.append(f"IS((WSABI_{name}) == ({value}));")
    # A declaration that does not agree with the header's does not compile.
    header = mirror.read_header()
    for name, returned, arguments in header.functions:
        lines.append(f"{returned} {name}({', '.join(arguments) or 'void'});")
        function = getattr(_abi, name[len("wsabi_") :])
        for c, ctype in zip([returned, *arguments], [function.restype, *function.argtypes]):
            if ctype is not None:
                lines.append(f"IS(sizeof({c}) == {ctypes.sizeof(ctype)});")
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    compiler = ["cc", "-std=c11", "-Werror", "-fsyntax-only", f"-I{ROOT / 'include'}", str(source)]
    ran = subprocess.run(compiler, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[:2000]


def run_with_library(path: str) -> str:
    """What importing the package says when this library is named."""
    ran = subprocess.run(
        [sys.executable, "-c", "import wsabi"],
        env={**os.environ, "WSABI_LIBRARY": path, "PYTHONPATH": str(BINDING / "src")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    return ran.stderr


def make_library(directory: Path, code: str) -> str:
    source, library = directory / "other.c", directory / "libother.so"
    source.write_text(code)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


@needs_compiler
def test_another_abi_is_refused(tmp_path: Path) -> None:
    library = make_library(tmp_path, "unsigned wsabi_abi_version(void) { return 4711; }")
    said = run_with_library(library)
    assert "LibraryError" in said
    assert f"{library} has ABI 4711, this package needs ABI {_abi.ABI_VERSION}" in said


@needs_compiler
def test_an_older_library_is_refused(tmp_path: Path) -> None:
    code = f"unsigned wsabi_abi_version(void) {{ return {_abi.ABI_VERSION}; }}"
    said = run_with_library(make_library(tmp_path, code))
    assert "has no wsabi_config_new: it is older than this package" in said


def test_a_library_that_is_not_there_is_named() -> None:
    said = run_with_library("/nonexistent/libwsabi.so")
    assert "LibraryError" in said and "/nonexistent/libwsabi.so" in said


def test_the_order_of_discovery(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packaged = tmp_path / "libwsabi.so"
    monkeypatch.setattr(_library, "PACKAGED", packaged)
    monkeypatch.setattr(_library, "find_library", lambda name: f"lib{name}.so.0")
    monkeypatch.setenv("WSABI_LIBRARY", "named.so")
    assert _library.find() == "named.so"
    monkeypatch.delenv("WSABI_LIBRARY")
    assert _library.find() == "libwsabi.so.0"
    packaged.touch()
    assert _library.find() == str(packaged)
    packaged.unlink()
    monkeypatch.setattr(_library, "find_library", lambda name: None)
    with pytest.raises(_library.LibraryError, match="WSABI_LIBRARY"):
        _library.find()
