"""What is proved without effect: the whole never or always matches, or a part may be left out."""

from collections.abc import Iterator

from pcapfilter.expr.nodes import And, Binary, Expr, Load, Not, Number, Or, Relation
from pcapfilter.expr.text import to_text
from pcapfilter.tools.lint.finding import Finding
from pcapfilter.tools.lint.shifts import is_shifting, shifting_first, shifting_last
from pcapfilter.tools.lint.subject import EVERYTHING, Subject
from pcapfilter.tools.lint.tree import (
    Path,
    changed,
    children,
    leaves,
    on_the_way,
    spelled,
    walk,
    without,
)

FIRST = "perhaps meant, what wraps the others first"


def constants(subject: Subject) -> Iterator[Finding]:
    """Find a text that no packet matches, or every packet."""
    if subject.constant == "never":
        yield from _never(subject)
    elif subject.constant == "always":
        whole = subject.same(EVERYTHING, every=True)
        which = "every packet" if whole else "every packet that is not cut short"
        yield Finding(
            "always", "warning", subject.expr.span, f"{which} matches (proved){_why(subject)}"
        )  # fmt: skip


def _never(subject: Subject) -> Iterator[Finding]:
    core = _core(subject)
    rewritings = []
    for place in leaves(subject.expr):
        meant = _meant(place.node)
        if meant:
            tree = changed(subject.expr, place.path, meant)
            rewritings.append(subject.rewriting(spelled(tree, subject.text), "perhaps meant"))
    meant_first = shifting_first(subject.expr)
    if meant_first is not None:
        first = subject.rewriting(spelled(meant_first, subject.text), FIRST)
        rewritings += [first] * (first.relation == "different")
    spans = [node.span for node in core]
    reason = _why(subject)
    if len(core) > 1 and not reason:
        reason = f": {subject.quoted(spans)} exclude each other"
        path = _path_of(subject.expr, core[-1])
        rest = without(subject.text, subject.expr, path)
        other = subject.rewriting(rest, f"without {subject.quoted(spans[-1:])}")
        rewritings += [other] * (not other.alike)
    elif core and core[0] is not subject.expr and not reason:
        reason = f": {subject.quoted(spans)} never holds"
    yield Finding(
        "never", "warning", spans[0] if len(spans) == 1 else subject.expr.span,
        f"no packet matches (proved){reason}", tuple(rewritings),
    )  # fmt: skip


def _core(subject: Subject) -> list[Expr]:
    """Give terms of the outermost `and` that exclude each other, and not without one of them."""
    if not isinstance(subject.expr, And):
        return [subject.expr]
    core = [*subject.expr.terms]
    for term in reversed(subject.expr.terms):
        rest = [other for other in core if other is not term]
        if rest and subject.selects_some(_joined(rest)) is False:
            core = rest
    return core


def _joined(terms: list[Expr]) -> str:
    return to_text(terms[0] if len(terms) == 1 else And(tuple(terms)))


def _path_of(root: Expr, node: Expr) -> Path:
    return next(place.path for place in walk(root) if place.node is node)


def parts(subject: Subject) -> Iterator[Finding]:
    """Find terms without which the same packets match."""
    if subject.constant:
        return
    told: list[Path] = []
    found = [*_wrapped_too_late(subject, told), *_spare(subject, told)]
    for place, finding in found:
        if not any(other != place and place[: len(other)] == other for other, _ in found):
            yield finding


def _spare(subject: Subject, told: list[Path]) -> Iterator[tuple[Path, Finding]]:
    """Give terms that may be left out, each by itself, with their places."""
    for path, node in [*walk(subject.expr)][::-1]:
        if not path or any(path[: len(other)] == other for other in told):
            continue
        above = on_the_way(subject.expr, path)[-2]
        if not isinstance(above, And | Or) or _sibling_told(path, told, len(children(above))):
            continue
        if subject.late():
            continue
        text = without(subject.text, subject.expr, path)
        program = subject.program(text)
        if program is None or not subject.same(program):
            continue
        told.append(path)
        what = subject.quoted([node.span])
        plain = subject.rewriting(text, "without it")
        where = "" if plain.relation == "same" else " on packets that are long enough"
        rewritings = [plain]
        meant = _meant(node)
        if meant is not None:
            tree = changed(subject.expr, path, meant)
            rewritings.append(subject.rewriting(spelled(tree, subject.text), "perhaps meant"))
        other = None if _reason(node) else _said_by(subject, above, path)
        if other is not None:
            said = subject.quoted([other.span])
            held = "holds where it does"
            if isinstance(above, And):
                held = "excludes it anyway" if isinstance(node, Not) else "asks for it"
            yield path, Finding(
                "no-effect", "note", node.span,
                f"{what} can be left out{where}: {said} {held}", tuple(rewritings),
            )  # fmt: skip
            continue
        held = "holds whenever the rest does" if isinstance(above, And) else "adds no packet"
        yield path, Finding(
            "no-effect", "warning", node.span,
            f"{what} has no effect{where}: it {held}{_reason(node)}", tuple(rewritings),
        )  # fmt: skip


def _said_by(subject: Subject, above: Expr, path: Path) -> Expr | None:
    """Give a term beside another that says the same and more: `tcp port 80` beside `tcp`.

    None where it holds always or never by itself, where words shift what follows, and where it is
    a `not` that holds for more than another alternative: `not icmp or udp` is hardly meant.
    """
    node = children(above)[path[-1]]
    plain = children(node)[0] if isinstance(node, Not) else node
    if children(plain) or _is_shifted(subject.expr, path) or is_shifting(above):
        return None
    usual = to_text(Not(node) if isinstance(above, And) else node)
    if subject.late() or not subject.selects_some(usual):
        return None
    for other in children(above):
        loose = isinstance(above, Or) and isinstance(other, Not)
        if other is node or loose or any(children(below) for below in children(other)):
            continue
        wider, narrower = (node, other) if isinstance(above, And) else (other, node)
        both = to_text(And((narrower, Not(wider))))
        if not subject.late() and subject.selects_some(both) is False:
            return other
    return None


def _wrapped_too_late(subject: Subject, told: list[Path]) -> Iterator[tuple[Path, Finding]]:
    """Find `ip and vlan` in an `or`, which no packet can be: what wraps others has to come first.

    Left out, it would no longer shift what follows; so it is looked at by itself.
    """
    for path, node in walk(subject.expr):
        meant = shifting_first(node) if path and isinstance(node, And) else None
        if meant is None or _is_shifted(subject.expr, path) or subject.late():
            continue
        if subject.selects_some(to_text(node)) is False:
            told.append(path)
            tree = shifting_last(changed(subject.expr, path, meant), path)
            text = spelled(tree, subject.text)
            yield path, Finding(
                "no-effect", "warning", node.span,
                f"{subject.quoted([node.span])} never holds (proved)",
                (subject.rewriting(text, FIRST, theirs=True),),
            )  # fmt: skip


def _is_shifted(root: Expr, path: Path) -> bool:
    """Tell whether a word before a place in the text shifts what is looked for there."""
    return any(place.path < path and is_shifting(place.node) for place in leaves(root))


def _sibling_told(path: Path, told: list[Path], count: int) -> bool:
    """Tell whether all other terms were found to be without effect: not both of two are."""
    siblings = [other for other in told if other[:-1] == path[:-1]]
    return len(siblings) >= 1 and count - len(siblings) <= 1


# ---- reasons -----------------------------------------------------------------------------------


def _why(subject: Subject) -> str:
    """Give why one of the relations always or never holds, if one does so by its numbers."""
    return next(filter(None, (_reason(place.node) for place in leaves(subject.expr))), "")


def _reason(node: Expr) -> str:
    match node:
        case Relation(op, Binary("&", _, Number(mask)), Number(value)) if value & ~mask:
            always = {"=": "never", "!=": "always"}.get(op)
            if always:
                return f": what is left of & {mask:#x} is never {value:#x}, so this {always} holds"
        case Relation(op, Load(_, _, size), Number(value)) if value >> 8 * size:
            always = "always" if op in {"!=", "<", "<="} else "never"
            most = (1 << 8 * size) - 1
            return f": what is loaded is {most:,} at most, so this {always} holds"
    return ""


def _meant(node: Expr) -> Expr | None:
    """Give what `tcp[13] & 2 = 1` was likely meant as, and `ip[1] & 0xfc = 46`."""
    match node:
        case Relation("=" | "!=" as op, Binary("&", _, Number(mask)) as left, Number(value)) if (
            value & ~mask
        ):
            low = (mask & -mask).bit_length() - 1
            run = mask >> low
            if run > 1 and not run & (run + 1) and value <= run:
                return node.replace(left=Binary(">>", left, Number(low)))
            return node.replace(op="!=" if op == "=" else "=", right=Number(0))
    return None
