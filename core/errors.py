"""Errors named by what the caller must do next. Never raised for bugs: those stay ordinary exceptions."""

from __future__ import annotations

from typing import ClassVar


class InputRejected(Exception):
    """The input can never be processed: report the reason and go on. A normal outcome, not a fault."""

    def __init__(self, reason: str, detail: str) -> None:
        """``reason`` is the typed code (``media.corrupt``); ``detail`` a sentence a person understands."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Unavailable(Exception):
    """A part that we depend on does not answer: try again later, for a capped time."""

    counted: ClassVar[bool] = False
    """Whether the input itself may be the reason: then it is tried a capped number of times."""

    def __init__(self, part: str, detail: str) -> None:
        """``part`` names what is down (``triton``, ``objects`` …)."""
        super().__init__(f"{part} is not available: {detail}")
        self.part = part
        self.detail = detail


class NoAnswer(Unavailable):
    """A server of somebody else's, which the input named, does not answer: it may never."""

    counted = True


class TooSlow(NoAnswer):
    """A server of somebody else's sends less than the floor of speed over a minute."""


class Starved(Unavailable):
    """A child exceeded its wall time while it waited for a processor or for our storage: an outage.

    Each try may cost the whole wall time, so there is a cap of its own (``Rules.max_starved_tries``).
    """

    def __init__(self, wall_s: float) -> None:
        """``wall_s`` is how long it was given."""
        super().__init__("processor", f"the work did not come to an end in {wall_s:.0f} s, its processor time is left")


class Overdue(Unavailable):
    """A child exceeded its wall time though the machine left it its processor time: its input may be why."""

    counted = True

    def __init__(self, wall_s: float) -> None:
        """``wall_s`` is how long it was given."""
        super().__init__("processor", f"the work stood still and did not come to an end in {wall_s:.0f} s")


class Gone(KeyError):
    """An object is not where a row says: ask for the row again, for both may have been erased meanwhile."""


class Busy(Unavailable):
    """A server that said itself when it may be asked again."""

    def __init__(self, part: str, detail: str, wait_s: float) -> None:
        """``wait_s``: how long it wants to be left alone."""
        super().__init__(part, detail)
        self.wait_s = wait_s


class Declined(Exception):
    """Somebody else's model will not do this, however often it is asked: go on without, and say so."""

    def __init__(self, detail: str, *, tokens_in: int = 0, tokens_out: int = 0) -> None:
        """``detail`` says why; the tokens were spent all the same."""
        super().__init__(detail)
        self.tokens_in, self.tokens_out = tokens_in, tokens_out


class Superseded(Exception):
    """Somebody else holds the attempt now, or the project was cancelled: drop the work, write nothing."""
