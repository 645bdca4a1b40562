"""How long compiling takes, beside libpcap: `python -m tests.bench.compiling`.

For everyday expressions, drawn and written, in a warm process: our median, and libpcap's. For long
ones, on which libpcap itself needs more than a millisecond: both, and the ratio.
"""

import argparse
import random
import statistics
import time

from pcapfilter.codegen.pipeline import generate
from pcapfilter.errors import FilterError
from pcapfilter.net.linktype import resolve
from pcapfilter.parser import parse
from tests import oracle
from tests.strategies import draw
from tests.vocabulary import RESOLVER

EVERYDAY = (
    "tcp port 80",
    "host 10.0.0.1 and tcp port 443",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not src and dst net 192.168.0.0/16",
    "icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply",
    "port 53 or port 123 or (udp and not broadcast)",
    "vlan 100 and ip6 host 2001:db8::1",
)
LONG = {
    "20 hosts": " or ".join(f"host 10.0.0.{n}" for n in range(20)),
    "100 hosts": " or ".join(f"host 10.0.0.{n}" for n in range(100)),
    "200 hosts": " or ".join(f"host 10.0.0.{n}" for n in range(200)),
    "100 ports": " or ".join(f"port {n}" for n in range(100)),
    "50 nets, not": " and ".join(f"not net 10.{n}.0.0/16" for n in range(50)),
}
LINK = resolve("EN10MB")


def ours(text: str) -> float:
    """Seconds for text to program."""
    start = time.perf_counter()
    try:
        generate(parse(text), link=LINK, snaplen=oracle.SNAPLEN, netmask=0, resolver=RESOLVER)
    except FilterError:
        return 0.0
    return time.perf_counter() - start


def theirs(text: str) -> float:
    """The same for libpcap, called in-process."""
    start = time.perf_counter()
    try:
        oracle.compile(text, LINK, netmask=0)
    except oracle.Refused:
        return 0.0
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--drawn", type=int, default=1000, help="how many expressions to draw")
    count = options.parse_args().drawn
    rng = random.Random("compiling")
    drawn = [draw(rng, "EN10MB") for _ in range(count)]
    for text in EVERYDAY:
        ours(text)
    for name, texts in (("everyday, written", EVERYDAY * 50), ("everyday, drawn", drawn)):
        mine = [t for t in map(ours, texts) if t]
        libpcap = [t for t in map(theirs, texts) if t]
        print(
            f"{name:20} median {1e3 * statistics.median(mine):8.2f} ms"
            f"   libpcap {1e3 * statistics.median(libpcap):8.2f} ms"
        )
    for name, text in LONG.items():
        mine_once, libpcap_once = ours(text), theirs(text)
        print(
            f"{name:20}        {1e3 * mine_once:8.1f} ms   libpcap {1e3 * libpcap_once:8.1f} ms"
            f"   {mine_once / libpcap_once:6.1f}x"
        )


if __name__ == "__main__":
    main()
