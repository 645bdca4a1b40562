"""A flood over a veth pair, captured by tcpdump and by the command in turn: who drops how many?

    python -m tests.bench.flood              a million packets of 60 octets, and five runs of each
    python -m tests.bench.flood --size 1400 --packets 300000

Both have a ring of the same size (`--kib`), run in a network namespace that is made for it, and
write to the same file, in turn. The figures: packets dropped by the kernel, and seconds of
processor time.
"""

import argparse
import ctypes
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.live.wires import FAR, NEAR, Wire, missing, udp

TCPDUMP = shutil.which("tcpdump", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""
AT_ONCE = 500
"""Packets sent by one call of the system."""

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 60


class Piece(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("place", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint),
        ("pieces", ctypes.POINTER(Piece)), ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int), ("sent", ctypes.c_uint),
    )  # fmt: skip


def send(packets: int, size: int) -> None:
    """Send so many packets, as fast as it goes, and say how fast that was."""
    frames = [udp(source=1 + n, octets=bytes(size - 42)) for n in range(AT_ONCE)]
    kept = [ctypes.create_string_buffer(frame, len(frame)) for frame in frames]
    pieces = [Piece(ctypes.addressof(buffer), len(buffer)) for buffer in kept]
    messages = (Message * AT_ONCE)()
    for message, piece in zip(messages, pieces, strict=True):
        message.pieces, message.count = ctypes.pointer(piece), 1
    library = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind((FAR, 0))
        start, left = time.perf_counter(), packets
        while left:
            sent = library.sendmmsg(sender.fileno(), messages, min(left, AT_ONCE), 0)
            if sent < 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            left -= sent
    print(f"{packets / (time.perf_counter() - start) / 1e6:.2f}")


def processor_time(process: int) -> float:
    """Give the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def capture(wire: Wire, command: list[str], packets: int, size: int) -> tuple[int, float, str]:
    """Give what one run dropped, its processor time, and the millions of packets a second."""
    process = subprocess.Popen(wire.words(*command), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "listening on" in line:
            break
    time.sleep(0.2)
    before = processor_time(process.pid)
    flooding = [sys.executable, "-m", "tests.bench.flood", "--send", "--packets", str(packets)]
    words = ["ip", "netns", "exec", wire.far, *flooding, "--size", str(size)]
    rate = subprocess.run(words, check=True, capture_output=True, text=True, timeout=PATIENCE)
    time.sleep(0.5)
    used = processor_time(process.pid) - before
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    dropped = re.search(r"(\d+) packets? dropped by kernel", said)
    assert dropped is not None, said
    return int(dropped[1]), used, rate.stdout.strip()


def main() -> None:
    """Run both in turn and print the table."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    options.add_argument("--packets", type=int, default=1_000_000)
    options.add_argument("--size", type=int, default=60)
    options.add_argument("--kib", type=int, default=2048, help="of the ring")
    options.add_argument("--times", type=int, default=5)
    options.add_argument("--send", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.send:
        send(chosen.packets, chosen.size)
        return
    if reason := missing() or ("" if TCPDUMP else "tcpdump is not installed"):
        sys.exit(reason)
    with Wire() as wire, tempfile.TemporaryDirectory() as folder:
        words = ["-i", NEAR, "-B", str(chosen.kib), "-w", f"{folder}/flood.pcap", "udp"]
        commands = {
            "tcpdump": [TCPDUMP, "-Z", "root", *words],
            "pcapfilter": [sys.executable, "-m", "pcapfilter", *words],
        }
        dropped: dict[str, list[int]] = {name: [] for name in commands}
        print(f"{'':12}{'dropped':>10}{'processor':>12}{'million/s':>12}")
        for _ in range(chosen.times):
            for name, command in commands.items():
                drops, used, rate = capture(wire, command, chosen.packets, chosen.size)
                dropped[name].append(drops)
                print(f"{name:12}{drops:10}{used:12.2f}{rate:>12}", flush=True)
        for name, drops_of_runs in dropped.items():
            print(f"median of {name}: {statistics.median(drops_of_runs):.0f} dropped")


if __name__ == "__main__":
    main()
