"""Resolvers: what the system's says is what libpcap finds, and the others know what they know."""

import pickle
import socket
from pathlib import Path

import pytest

import pcapfilter
from pcapfilter.errors import UnknownNameError
from pcapfilter.net import names
from pcapfilter.net.names import Address, NoResolver, Resolver, SystemResolver, TableResolver
from tests import oracle


def constants(text: str) -> set[int]:
    """Give the constants that libpcap compares with."""
    return {row.k for row in oracle.compile(text, optimize=False) if row.code == 0x15}


def test_table() -> None:
    table = TableResolver(
        hosts={"both": ("192.0.2.1", (6, 1))},
        numbers={"tcp": {"web": 80}, "network": {"lab": 10}},
        ethers={"mac": bytes(6)},
    )
    for resolver in (table, pickle.loads(pickle.dumps(table))):
        assert resolver.hosts("both") == (Address(4, 0xC0000201), Address(6, 1))
        assert resolver.hosts("neither") == ()
        assert resolver.number("tcp", "web") == 80
        assert resolver.number("udp", "web") is None
        assert resolver.number("network", "lab") == 10
        assert resolver.ethernet("mac") == bytes(6)
        assert resolver.ethernet("web") is None


@pytest.mark.parametrize("resolver", [NoResolver(), TableResolver(), SystemResolver()])
def test_unknown_names_give_nothing(resolver: Resolver) -> None:
    assert resolver.hosts("no such host") == ()
    assert resolver.number("tcp", "no such port") is None
    assert resolver.number("protocol", "no such protocol") is None
    assert resolver.number("network", "no such network") is None
    assert resolver.ethernet("no such host") is None


@oracle.needs_libpcap
def test_system_hosts_are_libpcaps() -> None:
    addresses = SystemResolver().hosts("localhost")
    assert addresses
    assert all(a.number in constants("host localhost") for a in addresses if a.version == 4)


@oracle.needs_libpcap
@pytest.mark.parametrize("name", ["http", "domain", "tftp"])
def test_system_ports_are_libpcaps(name: str) -> None:
    numbers = [SystemResolver().number(table, name) for table in ("tcp", "udp")]
    try:
        known = constants(f"port {name}")
    except oracle.Refused:
        assert numbers == [None, None]
    else:
        assert known & {*numbers}


@oracle.needs_libpcap
@pytest.mark.parametrize("name", ["tcp", "icmp", "ospf"])
def test_system_protocols_are_libpcaps(name: str) -> None:
    number = SystemResolver().number("protocol", name)
    try:
        assert number in constants(f"ip proto \\{name}")
    except oracle.Refused:
        assert number is None


def test_networks_and_ethers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of the system that Python has no function for."""
    networks, ethers = tmp_path / "networks", tmp_path / "ethers"
    networks.write_text(
        "default 0.0.0.0\nloopback 127.0.0.0\n# lab 1\nlab 10.1 test # here\n"
        "odd ten\nfar 256.1\nlong 1.2.3.4.5\nend 255\noctal 012.0x14\n"
    )
    ethers.write_text("2:0:0:0:0:ff Printer\n02:00:00:00:00:01 gate # first\nz:1 odd\n")
    rows = names._rows
    paths = {"/etc/networks": networks, "/etc/ethers": ethers}
    monkeypatch.setattr(names, "_rows", lambda path: rows(str(paths[path])))
    system = SystemResolver()
    listed = (
        "default", "Loopback", "lab", "TEST", "odd", "far", "long", "end", "octal"
    )  # fmt: skip
    assert {name: system.number("network", name) for name in listed} == {
        "default": None,
        "Loopback": 0x7F000000,
        "lab": 0x0A010000,
        "TEST": 0x0A010000,
        "odd": None,
        "far": None,
        "long": None,
        "end": 0xFF000000,
        "octal": 0x0A140000,
    }
    assert system.ethernet("printer") == bytes.fromhex("0200000000ff")
    assert system.ethernet("gate") == bytes.fromhex("020000000001")
    assert system.ethernet("odd") is None
    assert system.ethernet("lab") is None


def test_damaged_tables_are_no_error(tmp_path: Path) -> None:
    assert names._rows(str(tmp_path / "none")) == []


def test_scoped_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link-local address may come with the interface it belongs to."""
    row = (socket.AF_INET6, 1, 6, "", ("fe80::1%lo", 0, 0, 1))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [row])
    assert SystemResolver().hosts("near") == (Address(6, 0xFE80 << 112 | 1),)


def test_table_resolvers_with_the_same_tables_are_equal() -> None:
    """So that a Filter that was pickled equals the one it was made of."""
    one, other = (TableResolver(hosts={"a": ("192.0.2.1",)}) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != TableResolver(hosts={"a": ("192.0.2.2",)})


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("port htpp", "did you mean `http`?"),
        ("portrange htpp-9", "did you mean `http`?"),
        ("ip proto tpc", "did you mean `tcp`?"),
        ("ether proto arpp", "did you mean `arp`?"),
        ("iso proto clmp", "did you mean `clnp`?"),
        ("net lopback", "did you mean `loopback`?"),
        ("port nothinglikeit", ""),
        ("host htpp", ""),
    ],
)
def test_what_an_unknown_name_was_likely_meant_to_be(text: str, hint: str) -> None:
    table = TableResolver(
        numbers={"tcp": {"http": 80}, "protocol": {"tcp": 6}, "network": {"loopback": 127}}
    )
    with pytest.raises(UnknownNameError) as caught:
        pcapfilter.compile(text, resolver=table)
    assert caught.value.hint == hint


def test_the_names_of_the_machine() -> None:
    known = SystemResolver().names("protocol")
    assert all(SystemResolver().number("protocol", name) is not None for name in known)
    assert NoResolver().number("protocol", "tcp") is None
    with pytest.raises(UnknownNameError) as caught:
        pcapfilter.compile("port htpp", resolver=NoResolver())
    assert caught.value.hint == ""
