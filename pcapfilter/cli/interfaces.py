"""What there is to capture from: the interfaces, their link types and clocks (-D, -L, -J)."""

import sys

from pcapfilter.cli.options import CommandLine, UsageError
from pcapfilter.io.live import stamps
from pcapfilter.io.live.devices import Device, device, devices
from pcapfilter.net.linktype import LinkType, by_name


def list_interfaces() -> int:
    """Print the interfaces (-D)."""
    for number, found in enumerate(devices(), 1):
        print(f"{number}.{found.description}")
    return 0


def list_link_types(found: Device) -> int:
    """Print the link types of an interface (-L), where tcpdump does."""
    print(f"Data link types for {found.name} (use option -y to set):", file=sys.stderr)
    for link in found.links:
        print(f"  {link.title}", file=sys.stderr)
    return 0


def list_clocks(found: Device) -> int:
    """Print what can take the time on an interface (-J), where tcpdump does."""
    print(f"Time stamp types for {found.name} (use option -j to set):", file=sys.stderr)
    for clock in stamps.clocks(found.name):
        print(f"  {clock} ({stamps.TITLES[clock]})", file=sys.stderr)
    return 0


def chosen_device(line: CommandLine) -> Device:
    """Give the interface of -i, which is a name, or a number of -D's list; else -D's first."""
    name = line.last("i")
    if name is not None and not name.isdigit():
        return device(name)
    if name is not None:
        try:
            return device(name)
        except OSError:
            pass
    found, number = devices(), int(name or 1)
    if not 0 < number <= len(found):
        raise UsageError("Invalid adapter index (-D lists the interfaces)")
    return found[number - 1]


def chosen_link(line: CommandLine) -> LinkType | None:
    """Give the link type of -y, if it was given."""
    word = line.last("y")
    return None if word is None else by_name(word)
