"""Code generation: Expr -> classic program -> eBPF program."""
