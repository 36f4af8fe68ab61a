"""wsproto's types."""

from __future__ import annotations

#: Names and values of header fields.
Headers = list[tuple[bytes, bytes]]
