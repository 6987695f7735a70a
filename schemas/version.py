"""The version of this software: of the command line, the API, the events and outgoing requests."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("clipstream")
"""As pyproject.toml says; nothing else names a version."""
USER_AGENT = f"Clipstream/{VERSION}"
"""Of the requests that this software makes."""
