"""Filter a capture with scapy, without tcpdump: python examples/scapy_filter.py FILE EXPRESSION."""

import sys

from scapy.all import rdpcap, sniff  # .all knows the layers of every link type

import pcapfilter

path, text = sys.argv[1:3]
f = pcapfilter.compile(text)

sniffed = sniff(offline=path, lfilter=f)
picked = list(filter(f, rdpcap(path)))

for packet in picked:
    print(packet.summary())
print(f"{len(sniffed)} sniffed, {len(picked)} picked")
