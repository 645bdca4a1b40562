"""Verdicts: packets judged one by one or in batches, by plain Python and by native code.

    reference   run(program, packet, wirelen=None) -> int; Machine(program).run(...)
                classic BPF in plain Python: what is right
    vm          run(program, packet, wirelen=None) -> int; Machine(program).run(...)
                eBPF for host "user" in plain Python
    jit         NativeFilter(program).run(packet, wirelen=None) -> int: native code, one packet
    scan        engine_for(program) -> Engine, of an eBPF program
                Engine.judge(batch) -> array("I"): the selected packets' indices, ascending
                Engine.fill(loop, signature) -> callable: the loop, whose `wanted` is the filter
                Engine.run(packet, wirelen=None) -> int
    loops       native(function, signature) -> callable
    image       what is kept of native code between runs, and put in place without LLVM

`native` compiles a loop that some other room wrote as a plain Python function, io's framing
functions above all. The call stays the same in both forms, so that nothing but speed depends on it:

    def frame(buffer, start, end, swapped, longest, offsets, caplens, wirelens, room, state): ...

    fast = native(frame, "i64(u8*, i64, i64, i64, i64, u32*, u32*, u32*, i64, i64*)")
    count = fast(buffer, start, end, 0, 262144, offsets, caplens, wirelens, room, state)

- Types are `i64` and pointers `u8*`, `u16*`, `u32*`, `u64*`, `i64*`; the result is always `i64`.
- The caller passes any contiguous buffer for a pointer: bytes, bytearray, memoryview, mmap, or an
  `array` of the pointer's item size ("I" for u32*, "q" for i64*). For all but u8* it must be
  writable; for u8*, if it is written.
- Inside, a pointer knows `p[i]` and `p[i] = v` with i >= 0 and nothing else (no len, no slices, no
  iteration): whatever bounds there are come as arguments. Elements read are ints; keep values in
  -2**63..2**63-1, and use + - * // % & | ^ << >>, comparisons, if, while, for-range, int tuples.
- It may call other plain module-level functions over ints (compiled and inlined too) and read
  module-level int constants. No exceptions, no allocation, no float.
- Without numba, or where it cannot compile, `native` gives a callable over memoryviews that runs
  the same function in plain Python. `fast.compiled` tells which. Compiled code gives up the GIL.
- `fast.text` is its LLVM text (symbol `fast.symbol`), to be linked into one loop with a filter.
"""
