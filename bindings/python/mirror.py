#!/usr/bin/env python3
"""Writes src/wsabi/_abi.py, the C ABI as ctypes sees it, from the headers in ../../include.

    bindings/python/mirror.py [--check]

Run it after a change of the header. ``--check`` writes nothing, and fails when the file declares
something else than the header.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include"
OUTPUT = HERE / "src" / "wsabi" / "_abi.py"

HEAD = '''\
"""The C ABI: one class per struct, one line per function of wsabi.h, and its constants.

Made by mirror.py from the header; do not edit. Lengths, lifetimes and the meaning of every
status are in the header's comments.
"""

from __future__ import annotations

from ctypes import (
%s)
from enum import IntEnum, IntFlag
from typing import TypedDict

from ._library import %s
'''

# Functions that begin so are only in a library that was built with the feature; what needs one of
# them says so when it is called. A wheel has none of them.
OPTIONAL = {"wsabi_server_": "server", "wsabi_remote_": "server"}

# What a prefix of constants is called here, and what the class says about itself. Constants
# without a row here are plain ones.
ENUMS = {
    "PREFERENCE": ("Preference", "Whose order of subprotocols decides."),
    "POLICY": ("Policy", "What becomes of a client whose subprotocols do not fit."),
    "EVENT": ("EventType", "The type of an event."),
    "ROLE": ("Role", "Which end of a connection."),
    "INTEREST": ("Interest", "What is to be done with the socket."),
    "INFO": ("Info", "A figure of a connection."),
    "STATE": ("State", "State of a connection, with the names of RFC 6455."),
    "FAILURE": ("FailureCode", "Which rule the peer broke."),
    "SEVERITY": ("Severity", "How bad a finding is; the smaller, the worse."),
    "PLACE": ("Place", "What a finding is about."),
    "FINDING": ("FindingKind", "What a finding says."),
}
FLAGS = {"INTEREST"}

TYPES = {
    "int": "c_int",
    "int32_t": "c_int32",
    "int64_t": "c_int64",
    "size_t": "c_size_t",
    "uint8_t": "c_uint8",
    "uint16_t": "c_uint16",
    "uint32_t": "c_uint32",
    "uint64_t": "c_uint64",
}


class Header:
    """The declarations of the header, in its order."""

    def __init__(self, declarations: str, documented: str) -> None:
        #: (name without the prefix, value)
        self.constants = [
            (name, int(value)) for name, value in re.findall(r"WSABI_(\w+) = (-?\d+)", declarations)
        ]
        #: typedef name -> C type, for those that are integers
        self.integers = {
            name: integer
            for integer, name in re.findall(r"^typedef (\w+) (wsabi_\w+);", declarations, re.M)
        }
        #: (struct, [(field, C type)])
        self.structs = [
            (name, [split_declarator(field) for field in fields.split(";") if field.strip()])
            for fields, name in re.findall(r"^typedef struct \{(.*?)\} (\w+);", declarations, re.M | re.S)
        ]
        #: (function, C type of the result, [C type of an argument])
        self.functions = [
            (name, returned.strip(), [split_declarator(a)[1] for a in split_arguments(arguments)])
            for returned, name, arguments in re.findall(
                r"^((?!typedef)[\w ]+?[ *]+)(wsabi_\w+)\((.*?)\);", declarations, re.M | re.S
            )
        ]
        #: option -> what the header says about it
        self.comments = {
            name: " ".join(line[2:].strip() for line in comment.splitlines())
            for comment, name in re.findall(
                r"((?:^//.*\n)+)#define WSABI_(\w+) -?\d+$", documented, re.M
            )
        }

    def ctype(self, c: str) -> str:
        """The ctypes name of a C type."""
        c = re.sub(r"\bconst\b", "", c).replace(" ", "")
        names = {name for name, _ in self.structs}
        if c in self.integers:
            c = self.integers[c]
        if c == "void":
            return "None"
        if c in TYPES:
            return TYPES[c]
        if c in names:
            return c
        if c.endswith("_fn"):
            return "c_void_p"  # a pointer to a function
        pointed = c[:-1]
        if c == "char*":
            return "c_char_p"
        if pointed in names:
            return f"POINTER({pointed})"
        if pointed in self.integers or (pointed in TYPES and pointed != "uint8_t"):
            return f"POINTER({self.ctype(pointed)})"
        if c.endswith("**"):
            return "POINTER(c_void_p)"
        assert c.endswith("*"), c
        return "c_void_p"  # a handle, or octets


def split_declarator(declarator: str) -> tuple[str, str]:
    """The name and the C type of a field or an argument."""
    found = re.fullmatch(r"(.*?)(\w+)", declarator.strip(), re.S)
    assert found is not None, declarator
    return found[2], " ".join(found[1].split())


def split_arguments(arguments: str) -> list[str]:
    return [] if arguments.strip() == "void" else arguments.split(",")


def wrapped(text: str) -> list[str]:
    """A comment of lines that are short enough."""
    return textwrap.wrap(text, 100, initial_indent="    #: ", subsequent_indent="    #: ")


def constants(header: Header) -> Iterator[str]:
    yield ""
    for name, value in header.constants:
        if name.split("_")[0] not in ENUMS:
            yield f"{name} = {value}"
    for prefix, (enum, doc) in ENUMS.items():
        base = "IntFlag" if prefix in FLAGS else "IntEnum"
        yield from ("", "", f"class {enum}({base}):", f'    """{doc}"""', "")
        for name, value in header.constants:
            if name.startswith(f"{prefix}_"):
                yield from wrapped(header.comments[name])
                yield f"    {name[len(prefix) + 1 :]} = {value}"


def options(header: Header) -> Iterator[str]:
    yield from ("", "", "class Options(TypedDict, total=False):")
    yield from ('    """The options of a config."""', "")
    for name, _ in header.constants:
        if name.startswith("OPTION_"):
            yield from wrapped(header.comments[name])
            yield f"    {name[len('OPTION_') :].lower()}: int"


def structs(header: Header) -> Iterator[str]:
    for name, fields in header.structs:
        yield from ("", "", f"class {name}(Structure):", "    _fields_ = [")
        for field, c in fields:
            # A range is not terminated, so c_char_p would read behind it.
            ctype = header.ctype(c)
            ctype = "c_void_p" if ctype == "c_char_p" and name == "wsabi_slice" else ctype
            yield f'        ("{field}", {ctype}),'
        yield "    ]"


def functions(header: Header) -> Iterator[str]:
    yield from ("", "", "check_abi(ABI_VERSION)")
    for name, returned, arguments in header.functions:
        types = ", ".join([header.ctype(returned), *map(header.ctype, arguments)])
        feature = feature_of(name)
        call, names = ("optional", f'"{feature}", "{name}"') if feature else ("function", f'"{name}"')
        line = f'{name[len("wsabi_") :]} = {call}({names}, {types})'
        if len(line) <= 100:
            yield line
        else:
            yield f'{name[len("wsabi_") :]} = {call}('
            yield f"    {names},"
            yield from textwrap.wrap(f"{types},", 100, initial_indent="    ", subsequent_indent="    ")
            yield ")"


def feature_of(function: str) -> Optional[str]:
    """The feature without which a library does not have the function; None: every library has it."""
    return next((feature for name, feature in OPTIONAL.items() if function.startswith(name)), None)


def generate(header: Header) -> str:
    """The text of _abi.py."""
    parts = (constants, options, structs, functions)
    body = "\n".join(line for part in parts for line in part(header)) + "\n"
    ctypes = sorted(set(re.findall(r"\b(?:POINTER|Structure|c_\w+)\b", body)))
    library = [name for name in ("check_abi", "function", "optional") if f"{name}(" in body]
    return HEAD % ("".join(f"    {name},\n" for name in ctypes), ", ".join(library)) + body


def read_header() -> Header:
    """The committed header."""
    return Header((INCLUDE / "wsabi.ffi.h").read_text(), (INCLUDE / "wsabi.h").read_text())


def declarations(text: str) -> list[str]:
    """The lines without the comments, whose wording may be renewed later."""
    return [line for line in text.splitlines() if not line.lstrip().startswith("#:")]


def main() -> int:
    text = generate(read_header())
    if sys.argv[1:] == ["--check"]:
        if not OUTPUT.exists() or declarations(OUTPUT.read_text()) != declarations(text):
            print(f"{OUTPUT} does not declare what the header does; run {Path(__file__).name}")
            return 1
        return 0
    OUTPUT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
