"""What every test may use: the captures, and how far the slow sweeps go."""

import os
import random
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes the sweeps longer or shorter."""
    parser.addoption(
        "--sweep",
        type=float,
        default=float(os.environ.get("PCAPFILTER_SWEEP", "1")),
        help="how far the sweeps go: 1 is the everyday amount, 10 ten times as many cases",
    )


@pytest.fixture(scope="session")
def sweep(request: pytest.FixtureRequest) -> float:
    """The factor for the number of cases in a sweep."""
    factor: float = request.config.getoption("--sweep")
    return factor


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def captures() -> Path:
    """The captures that the project made itself."""
    return ROOT / "corpus" / "captures"


@pytest.fixture(scope="session")
def real_captures() -> Path:
    """The folder of real captures that lies beside the project; skips where there is none."""
    folder = ROOT.parent / "shared" / "captures"
    if not folder.is_dir():
        pytest.skip("needs the real captures in ../shared/captures")
    return folder


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that are the same in every run of the same test."""
    return random.Random(request.node.nodeid)
