"""Whether freed memory goes back to the system; in a process of its own, because the setting is permanent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "models" / "shared"
FAULTS = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import malloc
if sys.argv[2] == "kept":
    assert malloc.keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
bytearray(2**26)
before = faults()
for _ in range(20):
    bytearray(2**26)
print(faults() - before)
"""


def _faults(how: str) -> int:
    asked = [sys.executable, "-c", FAULTS, str(SHARED), how]
    return int(subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_a_large_freed_block_is_not_faulted_in_again() -> None:
    pages = 20 * 2**26 // 4096
    assert _faults("returned") > pages // 2
    assert _faults("kept") < pages // 20
