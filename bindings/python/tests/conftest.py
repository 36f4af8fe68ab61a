"""What several suites share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

BINDING = Path(__file__).resolve().parents[1]
ROOT = BINDING.parents[1]

# The tests may be started by themselves, against the tree.
os.environ.setdefault("WSABI_LIBRARY", str(ROOT / "target" / "release" / "libwsabi.so"))
sys.path[:0] = [str(BINDING / "src"), str(BINDING / "tests"), str(BINDING)]
