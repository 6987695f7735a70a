"""Documents have ids of their org and project, and no object of another project is read."""

from __future__ import annotations
