"""Classic BPF -> eBPF, one row per host."""

from pcapfilter.codegen.ebpf.translate import translate

__all__ = ["translate"]
