"""Classic BPF as values: the instruction set, programs, their listings, a checker."""
