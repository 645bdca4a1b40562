"""A shorter way to say the same: ports that follow one another, addresses that fill a network."""

from collections import defaultdict
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from itertools import pairwise

from pcapfilter.expr.nodes import V4, Expr, Match, Name, Number, Or, Qualifier
from pcapfilter.tools.lint.tree import changed, children, on_the_way, walk, with_children


def shorter(root: Expr) -> Expr:
    """Give the tree with what can be joined below each `or` joined, if anything can."""
    for path, node in [*walk(root)][::-1]:
        if isinstance(node, Or):
            here = on_the_way(root, path)[-1]
            joined = _joined(here)
            if len(joined) < len(children(here)):
                root = changed(root, path, with_children(here, joined))
    return root


def _joined(node: Expr) -> list[Expr]:
    """Give the terms, with ports and addresses of one qualifier where the first of them was."""
    ports: dict[Qualifier, set[int]] = defaultdict(set)
    hosts: dict[Qualifier, set[int]] = defaultdict(set)
    kept: dict[object, list[Expr]] = {}
    for number, term in enumerate(children(node)):
        match term:
            case Match(Qualifier(kind="port") as qualifier, Number(value, "")):
                ports[qualifier].add(value)
                kept["port", qualifier] = []
            case Match(Qualifier(kind=None | "host") as qualifier, V4(address, 32, None, None)):
                hosts[qualifier].add(address)
                kept["host", qualifier] = []
            case _:
                kept[number] = [term]
    for qualifier, numbers in ports.items():
        kept["port", qualifier] = [*map(_ports, [qualifier] * len(numbers), _runs(numbers))]
    for qualifier, addresses in hosts.items():
        networks = collapse_addresses(IPv4Network(address) for address in sorted(addresses))
        kept["host", qualifier] = [_network(qualifier, network) for network in networks]
    return [term for terms in kept.values() for term in terms]


def _runs(numbers: set[int]) -> list[tuple[int, int]]:
    """Give the first and last of each run of numbers."""
    order = sorted(numbers)
    breaks = [(a, b) for a, b in pairwise(order) if b != a + 1]
    starts = [order[0], *(b for _, b in breaks)]
    return [*zip(starts, [*(a for a, _ in breaks), order[-1]], strict=True)]


def _ports(qualifier: Qualifier, run: tuple[int, int]) -> Expr:
    first, last = run
    if first == last:
        return Match(qualifier, Number(first))
    return Match(qualifier.replace(kind="portrange"), Name(f"{first}-{last}"))


def _network(qualifier: Qualifier, network: IPv4Network) -> Expr:
    address = int(IPv4Address(network.network_address))
    if network.prefixlen == 32:
        return Match(qualifier, V4(address, 32))
    return Match(qualifier.replace(kind="net"), V4(address, 32, prefix=network.prefixlen))
