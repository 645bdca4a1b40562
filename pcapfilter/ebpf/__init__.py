"""eBPF (RFC 9669) as values: the instruction set, programs, their listing, a checker."""
