"""Names to numbers: hosts, networks, ports, protocols and Ethernet addresses.

A filter asks a Resolver and nothing else, so that what a text compiles to is decided by the
resolver it was compiled with. `SystemResolver` asks the machine, `TableResolver` the tables it was
given, `NoResolver` knows nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, Protocol, runtime_checkable

Table = Literal["tcp", "udp", "sctp", "protocol", "network"]
"""Where a number is looked up: the ports of a transport, the IP protocols, the networks."""


class Address(NamedTuple):
    """An IP address: its version, 4 or 6, and its number."""

    version: int
    number: int


@runtime_checkable
class Resolver(Protocol):
    """Gives what stands behind a name; an unknown name gives nothing, never an error."""

    def hosts(self, name: str) -> tuple[Address, ...]:
        """Give all addresses of a host, in the order in which they are tested."""
        ...

    def number(self, table: Table, name: str) -> int | None:
        """Give a port, a protocol, or a network as the 32-bit number it spells (never 0)."""
        ...

    def ethernet(self, name: str) -> bytes | None:
        """Give the six octets of a host's Ethernet address."""
        ...


class NoResolver:
    """A Resolver that knows no name."""

    def hosts(self, name: str) -> tuple[Address, ...]:  # noqa: ARG002 - nothing is known
        """Give no address."""
        return ()

    def number(self, table: Table, name: str) -> int | None:  # noqa: ARG002 - nothing is known
        """Give no number."""
        return None

    def ethernet(self, name: str) -> bytes | None:  # noqa: ARG002 - nothing is known
        """Give no Ethernet address."""
        return None


class TableResolver:
    """A Resolver over given tables; picklable, and the same on every machine.

    `hosts` maps a name to its addresses as text (`"192.0.2.1"`) or as (version, number) pairs,
    `numbers` a table's name to a mapping of names, `ethers` a name to six octets.
    """

    def __init__(
        self,
        *,
        hosts: Mapping[str, tuple[str | tuple[int, int], ...]] | None = None,
        numbers: Mapping[Table, Mapping[str, int]] | None = None,
        ethers: Mapping[str, bytes] | None = None,
    ) -> None:
        self._hosts = {
            name: tuple(map(_address, addresses)) for name, addresses in (hosts or {}).items()
        }
        self._numbers = {table: dict(rows) for table, rows in (numbers or {}).items()}
        self._ethers = dict(ethers or {})

    def __eq__(self, other: object) -> bool:
        """Tell whether the other resolver has the same tables."""
        return isinstance(other, TableResolver) and vars(self) == vars(other)

    def __hash__(self) -> int:
        """Hash the names of the tables."""
        return hash((frozenset(self._hosts), frozenset(self._numbers), frozenset(self._ethers)))

    def hosts(self, name: str) -> tuple[Address, ...]:
        """Give the addresses of the table, in its order."""
        return self._hosts.get(name, ())

    def number(self, table: Table, name: str) -> int | None:
        """Give the number that the table has for the name."""
        return self._numbers.get(table, {}).get(name)

    def ethernet(self, name: str) -> bytes | None:
        """Give the six octets that the table has for the name."""
        return self._ethers.get(name)

    def names(self, table: Table) -> list[str]:
        """Give the names of a table."""
        return list(self._numbers.get(table, ()))


class SystemResolver:
    """The Resolver that asks this machine, as libpcap does.

    Hosts come from getaddrinfo(3) in its order, ports and protocols from the services and protocols
    databases, networks from /etc/networks, Ethernet addresses from /etc/ethers.
    """

    def hosts(self, name: str) -> tuple[Address, ...]:
        """Give what getaddrinfo(3) gives for TCP over IPv4 and IPv6."""
        import socket

        versions = {socket.AF_INET: 4, socket.AF_INET6: 6}
        try:
            rows = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        except (OSError, UnicodeError):
            return ()
        return tuple(
            Address(
                versions[family],
                int.from_bytes(socket.inet_pton(family, str(peer[0]).partition("%")[0])),
            )
            for family, _, _, _, peer in rows
            if family in versions
        )

    def number(self, table: Table, name: str) -> int | None:
        """Give a port, a protocol or a network by the machine's databases."""
        import socket

        if table == "network":
            wanted = name.casefold()
            spelt = [
                number
                for known, number, *others in _rows("/etc/networks")
                if wanted in (other.casefold() for other in (known, *others))
            ]
            return (_network(spelt[0]) or None) if spelt else None
        try:
            if table == "protocol":
                return socket.getprotobyname(name)
            return socket.getservbyname(name, table)
        except (OSError, ValueError):
            return None

    def ethernet(self, name: str) -> bytes | None:
        """Give the address that /etc/ethers(5) has for a host."""
        spelt = [row[0] for row in _rows("/etc/ethers") if row[1].casefold() == name.casefold()]
        return _octets(spelt[0]) if spelt else None

    def names(self, table: Table) -> list[str]:
        """Give the names that the machine's databases have for a table, where they are files."""
        if table == "network":
            rows = _rows("/etc/networks")
        elif table == "protocol":
            rows = _rows("/etc/protocols")
        else:
            rows = [row for row in _rows("/etc/services") if row[1].endswith(f"/{table}")]
        return [name for row in rows for name in (row[0], *row[2:])]


def likely(resolver: Resolver, tables: tuple[Table, ...], name: str) -> str:
    """Give the name of a resolver's tables that an unknown one is spelt much like, or nothing."""
    listed = getattr(resolver, "names", None)
    return nearest(name, {known for table in tables for known in listed(table)}) if listed else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the known name that an unknown one is spelt much like, or nothing."""
    from difflib import get_close_matches

    return "".join(get_close_matches(name, sorted(known), 1, 0.65))


def _address(address: str | tuple[int, int]) -> Address:
    if isinstance(address, tuple):
        return Address(*address)
    from ipaddress import ip_address

    value = ip_address(address)
    return Address(value.version, int(value))


def _rows(path: str) -> list[list[str]]:
    """The rows of a table of the system that have two columns or more."""
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            rows = [line.partition("#")[0].split() for line in lines]
    except OSError:
        return []
    return [row for row in rows if len(row) > 1]


def _network(text: str) -> int | None:
    """The address that one to four parts spell, the first of them first (inet_network(3))."""
    parts = [_octet(part) for part in text.split(".")]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts) or len(parts) > 4:
        return None
    return int.from_bytes(bytes(known).ljust(4, b"\0"))


def _octet(part: str) -> int | None:
    """The octet that decimal, octal (leading 0) or hexadecimal (0x) digits spell."""
    base, digits = (
        (16, part[2:]) if part[:2] in {"0x", "0X"} else (8 if part[:1] == "0" else 10, part)
    )
    try:
        number = int(digits, base) if digits.isalnum() and digits.isascii() else -1
    except ValueError:
        return None
    return number if 0 <= number <= 0xFF else None


def _octets(text: str) -> bytes | None:
    """The octets that six hexadecimal numbers spell, with or without leading zeros."""
    parts = text.split(":")
    try:
        return bytes(int(part, 16) for part in parts) if len(parts) == 6 else None
    except ValueError:
        return None
