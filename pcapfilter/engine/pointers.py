"""A pointer type for numba of which every item reads as int64, whatever its size.

numba's own pointers give items their own type, and int64 mixed with uint64 becomes float64. So a
loop over octets and 32-bit words would have to convert at each load; here it need not.
"""

import operator
from functools import cache
from typing import Any


@cache
def pointer(item: str) -> Any:
    """Give the numba type of a pointer to items of a type such as `uint8`."""
    from numba.core import types

    words: Any = _register()
    return words(getattr(types, item))


@cache
def _register() -> Any:
    """Teach numba the type: its machine form, `p[i]` and `p[i] = v`."""
    import numba.extending as numba_extending
    from numba.core import types as numba_types

    # Neither is typed enough for mypy to see through.
    extending: Any = numba_extending
    types: Any = numba_types

    class Words(types.Type):  # type: ignore[misc]  # numba has no types
        """A pointer to `dtype`."""

        def __init__(self, dtype: Any) -> None:
            self.dtype = dtype
            super().__init__(f"pcapfilter.Words({dtype})")

    extending.register_model(Words)(extending.models.PointerModel)

    def type_getitem(_: Any) -> Any:
        def typer(pointer: Any, index: Any) -> Any:
            known = isinstance(pointer, Words) and isinstance(index, types.Integer)
            return types.int64 if known else None

        return typer

    def type_setitem(_: Any) -> Any:
        def typer(pointer: Any, index: Any, value: Any) -> Any:
            whole = isinstance(index, types.Integer) and isinstance(value, types.Integer)
            return types.none if isinstance(pointer, Words) and whole else None

        return typer

    def place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = context.cast(builder, arguments[1], signature.args[1], types.int64)
        return builder.gep(arguments[0], [index])

    def read(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = builder.load(place(context, builder, signature, arguments))
        return context.cast(builder, word, signature.args[0].dtype, types.int64)

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        item = signature.args[0].dtype
        word = context.cast(builder, arguments[2], signature.args[2], item)
        builder.store(word, place(context, builder, signature, arguments))
        return context.get_dummy_value()

    extending.type_callable(operator.getitem)(type_getitem)
    extending.type_callable(operator.setitem)(type_setitem)
    whole = types.Integer
    extending.lower_builtin(operator.getitem, Words, whole)(read)
    extending.lower_builtin(operator.setitem, Words, whole, whole)(write)
    return Words
