"""The wish to be run soon is taken where the kernel knows it, and not handed down."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCHEDULE = Path("/proc/self/sched")
WISHING = """
import subprocess, sys
from pcapfilter.io.live.promptness import be_prompt
shown = open("/proc/self/sched").read()
taken = be_prompt()
print(shown, open("/proc/self/sched").read(), sep="@@", end="@@", flush=True)
subprocess.run(["cat", "/proc/self/sched"], check=True)
sys.exit(0 if taken else 3)
"""


@pytest.mark.skipif(
    not SCHEDULE.exists() or "se.slice" not in SCHEDULE.read_text(encoding="ascii"),
    reason="this kernel does not show how long a process may run at a stretch",
)
def test_it_is_taken_and_not_handed_down() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WISHING], capture_output=True, text=True, check=False, timeout=30
    )
    if done.returncode == 3:
        pytest.skip("this kernel knows no such wish")
    assert done.returncode == 0, done.stderr
    before, after, child = (
        re.findall(r"se\.slice\s*:\s*(\d+)", text) for text in done.stdout.split("@@")
    )
    assert after == ["100000"]
    assert before == child != after
