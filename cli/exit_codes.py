"""Exit codes of ``clipstream`` and the error that carries one."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of commands; `MEANINGS` says each in a sentence."""

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
    NOT_GENUINE = 10
    INTERRUPTED = 130


MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.OK: "all went well",
    ExitCode.BUG: "an error of clipstream itself (please report it)",
    ExitCode.USAGE: "the command line is wrong, or a file it names cannot be read or written",
    ExitCode.STACK_UNAVAILABLE: "the stack or its API does not answer, or could not be started",
    ExitCode.PROJECT_FAILED: "the project failed or was cancelled; its reason is printed",
    ExitCode.NOTHING_FOUND: "nothing was found: no moment that deserves a clip, or nothing that fits the search",
    ExitCode.REFUSED: "the API refused the request; its reason is printed",
    ExitCode.PARTIAL: "some clips are there, others failed; the table says which",
    ExitCode.DEMO_INCOMPLETE: "the demo made its clips, but search, analytics or the webhook gave no answer",
    ExitCode.REPLAY_DIFFERS: "the export came out with other bytes, or cannot be made again; what differs is printed",
    ExitCode.NOT_GENUINE: "a key or an audit log is not what it claims to be; what is wrong with it is printed",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C (a project that began goes on; an upload resumes when run again)",
}


class CliError(Exception):
    """Ends the command with one clear line and an exit code."""

    def __init__(self, code: ExitCode, line: str) -> None:
        """``line`` says what is wrong and what to do."""
        super().__init__(line)
        self.code = code
        self.line = line


def exit_code_table() -> str:
    """Every exit code with its meaning, one a line."""
    return "exit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())
