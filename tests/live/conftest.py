"""What tests of live capture have: a wire of their own."""

from collections.abc import Iterator

import pytest

from tests.live.wires import Wire, missing


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """Two namespaces joined by a veth pair; skips, saying so, where none can be made."""
    if reason := missing():
        pytest.skip(reason)
    with Wire() as made:
        yield made
