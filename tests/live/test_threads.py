"""A capture in a program of several threads: broken out of, ended and closed from outside."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import pcapfilter as pf
from pcapfilter.io.live.source import LiveSource
from tests.live.wires import NEAR, Wire, inside, udp


@pytest.fixture
def source(wire: Wire) -> LiveSource:
    with inside(wire.near):
        return pf.capture(NEAR, filter="udp")


class Taking:
    """A thread that takes packets until there are no more."""

    def __init__(self, source: LiveSource) -> None:
        begun = threading.Event()
        source.started = begun.set
        self._pool = ThreadPoolExecutor(1)
        self._taken = self._pool.submit(lambda: [packet.data for packet in source])
        assert begun.wait(20)

    def end(self) -> list[bytes]:
        """Give what it took, once there is no more; whatever went wrong is raised."""
        taken = self._taken.result(20)
        self._pool.shutdown()
        return taken


def test_it_is_ended_from_outside(wire: Wire, source: LiveSource) -> None:
    taking = Taking(source)
    frames = [udp(source=number) for number in range(1, 200)]
    wire.send(frames)
    source.finish()
    assert taking.end() == frames
    source.close()


def test_it_is_closed_from_outside(wire: Wire) -> None:
    frames = [udp(source=number, octets=bytes(1000)) for number in range(1, 500)]
    for pause in (0, 0.001, 0.01, 0.3):
        with inside(wire.near):
            source = pf.capture(NEAR, filter="udp", immediate=True)
        taking = Taking(source)
        sender = threading.Thread(target=wire.send, args=(frames,))
        sender.start()
        time.sleep(pause)
        source.close()
        taken = taking.end()
        sender.join()
        assert taken == frames[: len(taken)]


def test_what_is_closed_stays_so(wire: Wire, source: LiveSource) -> None:
    def started() -> None:
        wire.send([udp()])
        time.sleep(0.2)

    source.started = started
    with source:
        for packet in source:
            assert packet.data == udp()
            break
    source.close()
    source.finish()
    assert source.statistics().received == 1
    with pytest.raises(ValueError, match=f"{NEAR}: the capture is closed"):
        next(source.batches())


def test_it_goes_on_where_it_was_broken_out_of(wire: Wire, source: LiveSource) -> None:
    def started() -> None:
        wire.send([udp(source=1), udp(source=2)])
        time.sleep(0.2)

    source.started = started
    with source:
        [first] = [next(iter(batch)).data for batch in [next(source.batches())]]
        assert first == udp(source=1)
        wire.send([udp(source=3)])
        source.finish()
        rest = [packet.data for packet in source]
    assert rest == [udp(source=3)]
