"""What a loop may call of the system: names that stand for a few lines of LLVM's text.

A loop that has a function of such a name gets the system's in its place. In plain Python, it calls
its own.
"""

from collections.abc import Callable
from types import FunctionType

PREFIX = "pcapfilter_"
"""What the symbols of loops, and of the functions that they call outside, begin with."""

CALLS = {
    # name -> its signature, and its text
    "pread": (
        "i64(i64, u8*, i64, i64, i64)",
        f"""
declare i64 @pread(i32, ptr, i64, i64)
define i64 @{PREFIX}pread(i64 %file, ptr %buffer, i64 %at, i64 %room, i64 %offset) alwaysinline {{
  %descriptor = trunc i64 %file to i32
  %place = getelementptr i8, ptr %buffer, i64 %at
  %got = call i64 @pread(i32 %descriptor, ptr %place, i64 %room, i64 %offset)
  ret i64 %got
}}
""",
    ),
    "move": (
        "i64(u8*, i64, i64, u8*, i64)",
        f"""
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
define i64 @{PREFIX}move(ptr %source, i64 %start, i64 %size, ptr %target, i64 %at) alwaysinline {{
  %from = getelementptr i8, ptr %source, i64 %start
  %to = getelementptr i8, ptr %target, i64 %at
  call void @llvm.memmove.p0.p0.i64(ptr %to, ptr %from, i64 %size, i1 false)
  %end = add i64 %at, %size
  ret i64 %end
}}
""",
    ),
}


def calls_of(function: Callable[..., int]) -> list[str]:
    """Name what a loop calls of the system."""
    assert isinstance(function, FunctionType)
    return [name for name in CALLS if name in function.__code__.co_names]
