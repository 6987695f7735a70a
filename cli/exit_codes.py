"""What exit codes of ``clipstream`` mean, and the error that carries one. Never starts or asks anything."""

from __future__ import annotations

from collections.abc import Mapping

OK = 0
BUG = 1
USAGE = 2
STACK_UNAVAILABLE = 3
PROJECT_FAILED = 4
NOTHING_FOUND = 5
REFUSED = 6
PARTIAL = 7
DEMO_INCOMPLETE = 8
REPLAY_DIFFERS = 9
INTERRUPTED = 130

MEANINGS: Mapping[int, str] = {
    OK: "all went well",
    BUG: "an error of clipstream itself (please report it)",
    USAGE: "the command line is wrong, or a file it names cannot be read or written",
    STACK_UNAVAILABLE: "the stack or its API does not answer, or could not be started",
    PROJECT_FAILED: "the project failed or was cancelled; its reason is printed",
    NOTHING_FOUND: "nothing was found: no moment that deserves a clip, or nothing that fits the search",
    REFUSED: "the API refused the request; what it said is printed",
    PARTIAL: "some clips are there, others failed; the table says which",
    DEMO_INCOMPLETE: "the demo made its clips, but search, analytics or the webhook gave no answer",
    REPLAY_DIFFERS: "the export came out with other bytes, or could not be made again; what differs is printed",
    INTERRUPTED: "interrupted by Ctrl-C (a project that was begun goes on; an upload goes on when run again)",
}


class CliError(Exception):
    """Ends the command with one clear line and an exit code."""

    def __init__(self, code: int, line: str) -> None:
        """``line`` says what is wrong and what to do."""
        super().__init__(line)
        self.code = code
        self.line = line


def exit_code_table() -> str:
    """What each exit code means, a line each."""
    return "exit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())
