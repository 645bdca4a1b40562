"""Record what libpcap makes of the texts in corpus/filters/*.txt and corpus/rejects/*.txt.

Run it from the project's folder: `python -m scripts.record_filters`. It needs libpcap 1.10, and a
machine whose services and protocols have the numbers that it writes to corpus/filters/names.json.

corpus/filters/LINK.jsonl has a text a line, with its two programs; corpus/rejects/LINK.jsonl the
texts that libpcap refuses, with its message. An instruction is `code jt jf k`, in hexadecimal.
"""

import json
import socket
from pathlib import Path
from typing import Any

from pcapfilter.bpf.program import Program
from tests import oracle

CORPUS = Path(__file__).parent.parent / "corpus"

EVERYDAY = ("EN10MB", "RAW", "IPV4", "IPV6", "NULL", "LOOP", "LINUX_SLL", "LINUX_SLL2", "PPP")
"""Link types on which all texts are recorded."""

FAMILIES = (
    "APPLE_IP_OVER_IEEE1394", "ARCNET", "ATM_RFC1483", "BACNET_MS_TP", "C_HDLC", "ENC", "ERF",
    "FDDI", "FRELAY", "IEEE802", "IEEE802_11", "IEEE802_11_RADIO", "IEEE802_11_RADIO_AVS", "IPNET",
    "IP_OVER_FC", "JUNIPER_ETHER", "JUNIPER_MLPPP", "LTALK", "MTP2", "NETANALYZER", "PFLOG", "PPI",
    "PPP_ETHER", "PRISM_HEADER", "SLIP", "SUNATM", "SYMANTEC_FIREWALL", "USB_LINUX",
)  # fmt: skip
"""One or two link types of each other family, with the words of all families and some texts."""

LINKS = EVERYDAY + FAMILIES

OPTIONS: list[tuple[str, int | None, int]] = [
    # text, netmask, snapshot length
    ("", None, 262144),
    ("", None, 96),
    ("tcp", None, 68),
    ("host 10.0.0.1", None, 65535),
    ("broadcast", 0, 262144),
    ("ip broadcast", 0, 262144),
    ("ip broadcast", 0xFFFFFF00, 262144),
    ("ip broadcast and udp", 0xFFFF0000, 262144),
]

NAMES: dict[str, tuple[str, ...]] = {
    # table: the names that the texts use
    "tcp": ("http", "domain"),
    "udp": ("domain", "tftp"),
    "protocol": ("tcp", "udp", "icmp"),
    "hosts": ("localhost",),
}


def names() -> dict[str, dict[str, Any]]:
    """Give the numbers and addresses that this machine has for the names."""
    tables: dict[str, dict[str, Any]] = {
        table: {name: socket.getservbyname(name, table) for name in NAMES[table]}
        for table in ("tcp", "udp")
    }
    tables["protocol"] = {name: socket.getprotobyname(name) for name in NAMES["protocol"]}
    tables["hosts"] = {
        name: [
            row[4][0] for row in socket.getaddrinfo(name, None, proto=6, type=socket.SOCK_STREAM)
        ]
        for name in NAMES["hosts"]
    }
    return tables


def texts(link: str) -> list[str]:
    """Give the texts to record for a link type; some faults have their message on Ethernet only."""
    if link in FAMILIES:
        return lines("filters/families") + lines("filters/everywhere")[::8]
    names = ["filters/everywhere", "filters/ethernet", "rejects/everywhere"]
    names += ["rejects/ethernet", "filters/families"] * (link == "EN10MB")
    return [line for name in names for line in lines(name)]


def lines(name: str) -> list[str]:
    """Give the texts of a page of the corpus."""
    return (CORPUS / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def record(text: str, link: str, netmask: int | None, snaplen: int) -> dict[str, Any]:
    """Give the row of one text on one link type: its programs, or libpcap's message."""
    row: dict[str, Any] = {"text": text}
    if netmask is not None:
        row["netmask"] = netmask
    if snaplen != oracle.SNAPLEN:
        row["snaplen"] = snaplen
    mask = oracle.UNKNOWN_NETMASK if netmask is None else netmask
    for key, optimize in (("plain", False), ("optimized", True)):
        try:
            row[key] = spell(
                oracle.compile(text, link, optimize=optimize, netmask=mask, snaplen=snaplen)
            )
        except oracle.Refused as refusal:
            row["message"] = str(refusal)
    if row.get("plain") == row.get("optimized") and "plain" in row:
        del row["optimized"]
    return row


def spell(program: Program) -> str:
    """Spell a program in one line."""
    return ",".join(" ".join(f"{field:x}" for field in row) for row in program)


def main() -> None:
    """Record everything anew."""
    (CORPUS / "filters").mkdir(parents=True, exist_ok=True)
    (CORPUS / "rejects").mkdir(parents=True, exist_ok=True)
    table = json.dumps(names(), indent=1, sort_keys=True)
    (CORPUS / "filters" / "names.json").write_text(f"{table}\n", encoding="utf-8")
    for link in LINKS:
        cases = [(text, None, oracle.SNAPLEN) for text in texts(link)] + OPTIONS
        rows = [record(text, link, netmask, snaplen) for text, netmask, snaplen in cases]
        for folder, wanted in (("filters", True), ("rejects", False)):
            recorded = [
                json.dumps(row, separators=(",", ":")) for row in rows if ("plain" in row) is wanted
            ]
            path = CORPUS / folder / f"{link.lower()}.jsonl"
            path.write_text("\n".join(recorded) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
