"""What tests of the command have in common."""

from pathlib import Path

import pytest

from tests.io.captures import ROWS, pcap


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Give a capture of six packets: three of HTTP, two of DNS, and one that is no IP."""
    path = tmp_path / "trace.pcap"
    path.write_bytes(pcap(ROWS))
    return path
