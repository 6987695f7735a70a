"""Why the video of a page may be used: its user says so."""

from __future__ import annotations

from typing import Literal

PageRights = Literal["own", "licence", "permission"]
"""``own``: it is the user's; ``licence``: its licence allows it; ``permission``: its owner does."""
