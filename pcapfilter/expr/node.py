"""Node: what frozen dataclasses with slots would be, without the 15 ms that they cost to import.

A subclass states its fields as annotations, with defaults where it likes; type checkers read it as
a frozen dataclass. A field named `span` takes no part in equality, hash and repr. See
docs/decisions/009.
"""

from typing import Any, ClassVar, Self, dataclass_transform

PLACE = "span"


class _Fields(type):
    """Makes slots of the annotations in a class body, and keeps the defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> "_Fields":
        fields = tuple(f for f in body.get("__annotations__", ()) if not f.startswith("_"))
        slots: dict[str, Any] = {
            "__slots__": fields,
            "__match_args__": fields,
            "_fields": fields,
            "_defaults": {field: body.pop(field) for field in fields if field in body},
        }
        return super().__new__(cls, name, bases, {**body, **slots})


@dataclass_transform(frozen_default=True)
class Node(metaclass=_Fields):
    """The base of all nodes: immutable; equal where type and fields are."""

    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]

    def __init__(self, *values: Any, **named: Any) -> None:
        cls = type(self)
        fields = cls._fields
        if len(values) < len(fields):
            given = dict(zip(fields, values, strict=False))
            given.update(named)
            defaults = cls._defaults
            try:
                values = tuple(
                    given.pop(field) if field in given else defaults[field] for field in fields
                )
            except KeyError as missing:
                raise TypeError(f"{cls.__name__}() needs the field {missing}") from None
            named = given
        if named or len(values) > len(fields):
            raise TypeError(f"{cls.__name__}() has the fields {', '.join(fields)} and no more")
        for field, value in zip(fields, values, strict=True):
            object.__setattr__(self, field, value)

    def __setattr__(self, field: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {field} cannot be set")

    def __delattr__(self, field: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {field} cannot be deleted")

    def _compared(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field) for field in self._fields if field != PLACE)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash((type(self), *self._compared()))

    def __repr__(self) -> str:
        shown = (f"{f}={getattr(self, f)!r}" for f in self._fields if f != PLACE)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), tuple(getattr(self, field) for field in self._fields)

    def replace(self, **changes: Any) -> Self:
        """Give the same node with some fields changed."""
        kept = {field: getattr(self, field) for field in self._fields}
        return type(self)(**{**kept, **changes})
