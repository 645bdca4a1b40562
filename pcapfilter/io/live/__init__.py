"""Live capture on Linux: packets from an interface, by way of a ring in memory.

    devices      the interfaces, what they are, and the link types that they can be captured as
    programs     classic programs made ready for the kernel, or for judging in user space
    tap          the AF_PACKET socket and its ring of blocks
    unloading    the loop that copies packets out of a block
    source       open_live(...) -> LiveSource
    backlog      blocks that were unloaded and wait to be taken
    promptness   the wish to be run soon after packets come
    stamps       who takes the time: the kernel, or the adapter
    privileges   becoming another user

In the order of events: the interface is looked up, which gives the link type; the socket is opened
for no protocol, so that nothing comes in; the program is attached; the ring is laid out; the loops
are compiled; and only then is the socket bound to the interface.

Source: packet(7); Documentation/networking/packet_mmap.rst; linux/if_packet.h.
"""
