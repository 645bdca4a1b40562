"""The command on an interface: what it writes, says, and does on Ctrl-C."""

import json
import os
import pwd
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.live.wires import IP, NEAR, Wire, run, tagged, tcp, udp

PATIENCE = 30


class Begun:
    """A command that captures, from when it listens."""

    def __init__(self, wire: Wire, *words: str, output: int = subprocess.DEVNULL) -> None:
        command = wire.words(sys.executable, "-m", "pcapfilter", *words)
        self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        while not any("listening on" in line for line in self.said):
            self.said.append(self.line())

    def line(self) -> str:
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert line, self.said
        return line.strip()

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something has come about."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline
            assert self.process.poll() is None
            time.sleep(0.02)

    def end(self, number: int | None = signal.SIGINT) -> tuple[int, list[str]]:
        """End it by a signal, unless it ends by itself; give its exit code and what it said."""
        if number is not None:
            self.process.send_signal(number)
        try:
            out, rest = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.out = out
        self.said += rest.splitlines()
        assert "Traceback" not in rest
        return self.process.returncode, self.said


def reached(path: Path, size: int) -> bool:
    """Whether a file has so many octets."""
    return path.stat().st_size == size


def frames_in(path: Path) -> list[bytes]:
    """Give the packets of a pcap file."""
    octets, at, found = path.read_bytes(), 24, []
    while at < len(octets):
        caplen = struct.unpack_from("=I", octets, at + 8)[0]
        found.append(octets[at + 16 : at + 16 + caplen])
        assert len(found[-1]) == caplen
        at += 16 + caplen
    return found


def counted(said: list[str]) -> dict[str, int]:
    """Give the figures of the last statistics, by their words."""
    rows = [re.fullmatch(r"(\d+) packets? (.*)", line) for line in said]
    return {row[2]: int(row[1]) for row in rows if row}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_all_that_came_before(
    wire: Wire, tmp_path: Path, number: int
) -> None:
    target = tmp_path / "out.pcap"
    begun = Begun(wire, "-i", NEAR, "-w", str(target), "udp")
    frames = [udp(source=1 + n, octets=bytes(n)) for n in range(500)]
    wire.send([*frames, tcp()])
    code, said = begun.end(number)
    assert code == 0
    assert frames_in(target) == frames
    assert counted(said) == {
        "captured": 500,
        "received by filter": 500,
        "dropped by kernel": 0,
        "dropped by interface": 0,
    }
    assert said[0].endswith(
        f"listening on {NEAR}, link-type EN10MB (Ethernet), snapshot length 262144 bytes"
    )


def test_packets_are_in_the_file_as_they_come(wire: Wire, tmp_path: Path) -> None:
    target = tmp_path / "out.pcap"
    begun = Begun(wire, "-i", NEAR, "-w", str(target), "-s", "40")
    for size in (24 + 56, 24 + 2 * 56, 24 + 3 * 56):
        wire.send([tagged(udp(octets=bytes(100)), 5)])
        begun.wait_for(partial(reached, target, size))
    assert begun.end()[0] == 0
    assert frames_in(target) == [tagged(udp(octets=bytes(100)), 5)[:40]] * 3


def test_so_many_packets_and_no_more(wire: Wire, tmp_path: Path) -> None:
    target = tmp_path / "out.pcap"
    begun = Begun(wire, "-i", NEAR, "-c", "3", "--skip", "1", "-w", str(target), "udp")
    wire.send([udp(source=n) for n in range(1, 9)])
    code, said = begun.end(None)
    assert code == 0
    assert frames_in(target) == [udp(source=n) for n in range(2, 5)]
    assert counted(said)["captured"] == 3


def test_of_all_interfaces_lines_say_which_and_which_way(wire: Wire) -> None:
    begun = Begun(wire, "-i", "any", "-tnc", "2", "udp", output=subprocess.PIPE)
    wire.send([udp(octets=b"abcd", target=9)])
    wire.send([udp(octets=b"abcd", target=9)], outward=True)
    assert begun.end(None)[0] == 0
    came, went = (line.split()[:3] for line in begun.out.splitlines())
    assert went == [NEAR, "Out", "IP"]
    assert came == [NEAR, "P", "IP"]


def test_lines_are_printed(wire: Wire) -> None:
    begun = Begun(wire, "-i", NEAR, "-tnc", "2", output=subprocess.PIPE)
    wire.send([udp(octets=b"abcd", target=9), tcp()])
    assert begun.end(None)[0] == 0
    assert begun.out.splitlines() == [
        "IP 10.0.0.1.1000 > 10.0.0.2.9: UDP, length 4",
        "IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 1, win 8192, length 0",
    ]


def test_packets_are_counted(wire: Wire) -> None:
    begun = Begun(wire, "-i", NEAR, "--count", "udp", output=subprocess.PIPE)
    wire.send([udp(), tcp(), udp()])
    code, said = begun.end()
    assert (code, begun.out) == (0, "2 packets\n")
    assert counted(said)["captured"] == 2


def test_statistics_for_machines(wire: Wire) -> None:
    begun = Begun(wire, "-i", NEAR, "--json", "--count", "udp", output=subprocess.PIPE)
    wire.send([udp(), tcp(), udp()])
    begun.end()
    assert json.loads(begun.out) == {
        "captured": 2,
        "received": 2,
        "dropped": 0,
        "dropped_by_interface": 0,
        "interrupted": True,
    }


def test_statistics_when_they_are_asked_for(wire: Wire, tmp_path: Path) -> None:
    begun = Begun(wire, "-i", NEAR, "-w", str(tmp_path / "out"))
    wire.send([udp()])
    begun.wait_for(lambda: (tmp_path / "out").stat().st_size > 24)
    begun.process.send_signal(signal.SIGUSR1)
    while "1 packet captured" not in begun.said:
        begun.said.append(begun.line())
    wire.send([udp()])
    assert counted(begun.end()[1])["captured"] == 2


def test_statistics_each_second(wire: Wire, tmp_path: Path) -> None:
    begun = Begun(wire, "-i", NEAR, "-v", "-w", str(tmp_path / "out"))
    wire.send([udp()] * 3)
    time.sleep(2.5)
    _, said = begun.end()
    each = [line for line in said if "captured, " in line]
    assert 2 <= len(each) <= 3
    assert each[-1] == (
        "3 packets captured, 3 packets received by filter, 0 packets dropped by kernel, "
        "0 packets dropped by interface"
    )


def test_files_in_turn(wire: Wire, tmp_path: Path) -> None:
    target = tmp_path / "turn"
    begun = Begun(wire, "-i", NEAR, "-C", "1k", "-W", "3", "-w", str(target))
    frames = [udp(source=n, octets=bytes(500)) for n in range(1, 8)]
    wire.send(frames)
    assert begun.end()[0] == 0
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["turn0", "turn1", "turn2"]
    kept = [frame for name in ("turn1", "turn2", "turn0") for frame in frames_in(tmp_path / name)]
    assert kept == frames[-len(kept) :]
    assert len(kept) >= 5


def test_files_by_the_clock(wire: Wire, tmp_path: Path) -> None:
    done = tmp_path / "done"
    command = tmp_path / "note"
    command.write_text(f'#!/bin/sh\necho "$1" >> {done}\n')
    command.chmod(0o755)
    words = ("-G", "1", "-W", "2", "-z", str(command), "-w", str(tmp_path / "%s.pcap"))
    begun = Begun(wire, "-i", NEAR, *words)
    deadline = time.monotonic() + PATIENCE
    while begun.process.poll() is None:
        assert time.monotonic() < deadline
        wire.send([udp()])
        time.sleep(0.2)
    code, said = begun.end(None)
    assert code == 0
    assert any("Maximum file limit reached: 2" in line for line in said)
    files = sorted(tmp_path.glob("*.pcap"))
    assert len(files) == 2
    assert done.read_text().splitlines()[0] == str(files[0])
    assert all(frames_in(path) for path in files)


def test_output_belongs_to_the_user_of_z(wire: Wire, tmp_path: Path) -> None:
    user = pwd.getpwnam("nobody")
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, user.pw_uid, user.pw_gid)
    for parent in folder.parents:
        if parent.owner() == "root" and parent != Path("/") and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    target = folder / "out.pcapng.gz"
    begun = Begun(wire, "-i", NEAR, "-Z", "nobody", "-w", str(target), "-c", "1", "udp")
    status = Path(f"/proc/{begun.process.pid}/status").read_text()
    assert f"Uid:\t{user.pw_uid}\t{user.pw_uid}\t{user.pw_uid}" in status
    wire.send([udp()])
    assert begun.end(None)[0] == 0
    assert (target.stat().st_uid, target.stat().st_gid) == (user.pw_uid, user.pw_gid)


def test_a_disk_that_is_full(wire: Wire, tmp_path: Path) -> None:
    target = tmp_path / "out"
    frames = [udp(source=n, octets=bytes(1000)) for n in range(1, 40)]
    command = wire.words(
        "sh", "-c", f'ulimit -f 16; exec "$0" -m pcapfilter -i {NEAR} -w {target} udp',
        sys.executable,
    )  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "listening on" in process.stderr.readline()
    wire.send(frames)
    said = process.communicate(timeout=PATIENCE)[1].splitlines()
    assert process.returncode == 1
    assert counted(said)["received by filter"] == len(frames)
    assert said[-1] == f"pcapfilter: {target}: File too large"
    found = frames_in(target)
    assert 0 < len(found) < len(frames)
    assert found == frames[: len(found)]


def test_a_user_who_may_not_write_there(wire: Wire, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir(0o700)
    command = wire.words(
        sys.executable, "-m", "pcapfilter", "-i", NEAR, "-Z", "nobody", "-w", str(target / "out")
    )
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("Permission denied")
    assert not [*target.iterdir()]


def test_without_privileges_it_says_what_is_missing(wire: Wire) -> None:
    for words, hint in ((["-i", NEAR, "-c", "1"], ""), (["-c", "1"], "; -r FILE reads a capture")):
        code = (
            "import os, sys; from pcapfilter.cli import main; import pcapfilter.cli.live; "
            "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
            f"sys.exit(main({words}))"
        )
        done = subprocess.run(
            wire.words(sys.executable, "-c", code),
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr == (
            f"pcapfilter: {NEAR}: You don't have permission to perform this capture on that device "
            f"(CAP_NET_RAW is missing){hint}\n"
        )


@pytest.fixture
def brittle(wire: Wire) -> Iterator[str]:
    """An interface of its own, to be taken away."""
    name = "brittle0"
    run(IP, "-n", wire.near, "link", "add", name, "type", "veth", "peer", "name", "brittle1")
    for end in (name, "brittle1"):
        run(IP, "-n", wire.near, "link", "set", end, "up")
    yield name
    subprocess.run([IP, "-n", wire.near, "link", "delete", name], check=False, capture_output=True)


def test_an_interface_that_disappears(wire: Wire, brittle: str, tmp_path: Path) -> None:
    begun = Begun(wire, "-i", brittle, "-w", str(tmp_path / "out"))
    run(IP, "-n", wire.near, "link", "delete", brittle)
    code, said = begun.end(None)
    assert code == 1
    assert frames_in(tmp_path / "out") == []
    assert f"pcapfilter: {brittle}: The interface disappeared" in said
    assert "captured" in counted(said)


def test_an_interface_that_goes_down_and_comes_back(
    wire: Wire, brittle: str, tmp_path: Path
) -> None:
    begun = Begun(wire, "-i", brittle, "-w", str(tmp_path / "out"))
    for state in ("down", "up"):
        run(IP, "-n", wire.near, "link", "set", brittle, state)
        time.sleep(0.2)
    assert begun.process.poll() is None
    code, said = begun.end()
    assert code == 0
    wanted = f"pcapfilter: {brittle}: The interface went down: nothing comes until it is up again"
    assert said.count(wanted) == 1


def test_an_interface_that_disappears_when_it_is_down(
    wire: Wire, brittle: str, tmp_path: Path
) -> None:
    begun = Begun(wire, "-i", brittle, "-w", str(tmp_path / "out"))
    run(IP, "-n", wire.near, "link", "set", brittle, "down")
    while "went down" not in begun.said[-1]:
        begun.said.append(begun.line())
    run(IP, "-n", wire.near, "link", "delete", brittle)
    code, said = begun.end(None)
    assert code == 1
    assert f"pcapfilter: {brittle}: The interface disappeared" in said


def test_faults_are_one_line(wire: Wire, brittle: str) -> None:
    run(IP, "-n", wire.near, "link", "set", brittle, "down")
    for words, said in (
        (("-i", "nosuch0"), "nosuch0: No such device exists (-D lists those that do)"),
        (("-i", "a" * 16), f"{'a' * 16}: No such device exists (-D lists those that do)"),
        (("-i", "99"), "Invalid adapter index (-D lists the interfaces)"),
        (("-i", brittle), f"{brittle}: That device is not up"),
        (("-i", NEAR, "-I"), f"{NEAR}: That device doesn't support monitor mode"),
        (("-i", NEAR, "-B", "0"), "invalid packet buffer size 0"),
        (("-i", NEAR, "-Q", "up"), "unknown capture direction `up'"),
        (("-i", NEAR, "-j", "sun"), "invalid time stamp type sun"),
        (
            ("-i", NEAR, "-y", "RAW"),
            "RAW is not one of the DLTs supported by this device (EN10MB, DOCSIS)",
        ),
        (("-i", NEAR, "-Z", "nosuchuser"), "Couldn't find user 'nosuchuser'"),
        (
            ("-i", NEAR, "--after", "2020-01-01"),
            "--after and --before pick packets of files, not of interfaces",
        ),
        (("-i", NEAR, "ip and arp"), "expression rejects all packets"),
    ):
        done = subprocess.run(
            wire.words(sys.executable, "-m", "pcapfilter", *words),
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 1, words
        assert done.stderr.splitlines()[:1] == [f"pcapfilter: {said}"]


def test_the_reason_is_made_known_where_the_kernel_does_not_judge(
    wire: Wire, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    for text in (
        "ip protochain 17",
        " or ".join(f"udp src port {n}" for n in range(1, 250)),
    ):
        begun = Begun(wire, "-i", NEAR, "-O", "-w", str(target), text)
        wire.send([tcp(), udp(source=6)])
        code, said = begun.end()
        assert code == 0
        assert said[0].startswith("pcapfilter: the filter is judged in user space, not in the")
        assert frames_in(target) == [udp(source=6)]
