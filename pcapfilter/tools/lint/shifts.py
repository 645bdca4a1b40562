"""Words that move where all that follows is looked for, across `or`, under `not`."""

from collections.abc import Iterator, Sequence

from pcapfilter.expr.nodes import And, Expr, Or, Word
from pcapfilter.expr.text import to_text
from pcapfilter.parser import parse
from pcapfilter.tools.lint.finding import Finding, Rewriting
from pcapfilter.tools.lint.subject import Subject
from pcapfilter.tools.lint.tree import (
    Path,
    Place,
    balanced,
    changed,
    children,
    leaves,
    on_the_way,
    replaced,
    spelled,
    walk,
    with_children,
)

SHIFTS = {
    # word -> where what follows it is looked for
    "vlan": "4 octets on, behind the tag",
    "mpls": "behind the MPLS label",
    "pppoes": "behind the PPPoE header",
    "geneve": "inside the Geneve tunnel",
}
TAG = "ether[14:2] & 0xfff"
"""The VLAN number of the outermost tag of an Ethernet frame."""


def shifts(subject: Subject) -> Iterator[Finding]:
    """Find what is looked for behind a header that need not be there.

    Where a test comes after `vlan` in an `and`, it is made only where there is a tag; after it in
    an `or`, or behind `not vlan`, it looks in the same shifted place although there may be no tag.
    """
    primitives = leaves(subject.expr)
    told: set[Path] = set()
    for number, place in enumerate(primitives):
        node = place.node
        if not isinstance(node, Word) or node.word not in SHIFTS:
            continue
        moved = [
            later
            for later in primitives[number + 1 :]
            if later.path not in told and not _holds_before(subject.expr, place.path, later.path)
        ]
        if moved:
            told.update(later.path for later in moved)
            yield from _finding(subject, node, place, moved)


def _holds_before(root: Expr, first: Path, later: Path) -> bool:
    """Tell whether a test is made only where one before it in the text holds."""
    common = 0
    while first[common] == later[common]:
        common += 1
    nodes = on_the_way(root, first)
    return all(isinstance(node, And) for node in nodes[common:-1])


def _finding(
    subject: Subject, node: Word, place: Place, moved: Sequence[Place]
) -> Iterator[Finding]:
    spans = tuple(later.node.span for later in moved)
    rewritings = [*_rewritings(subject, place, moved)]
    if rewritings and all(rewriting.alike for rewriting in rewritings):
        return
    word = subject.written(node.span)
    what = subject.quoted(spans)
    if all(isinstance(p.node, Word) and p.node.word == node.word for p in moved):
        what += f" (a further {node.word} header, inside the first)"
    yield Finding(
        "shift", "warning", spans[0],
        f"after `{word}`, {what} {'is' if len(moved) == 1 else 'are'} looked for "
        f"{SHIFTS[node.word]}, also in packets that `{word}` does not match",
        tuple(rewritings), spans[1:],
    )  # fmt: skip


def _rewritings(subject: Subject, place: Place, moved: Sequence[Place]) -> Iterator[Rewriting]:
    tags = _as_one_tag(subject, place)
    if tags:
        tags = _possible(subject, tags)
        yield subject.rewriting(tags, "one tag with either number", theirs=True)
        return
    tree = _reordered(subject.expr, place.path, moved)
    if to_text(tree) != to_text(subject.expr):
        yield subject.rewriting(
            spelled(tree, subject.text),
            f"the same tests, {subject.quoted([place.node.span])} last",
            theirs=True,
        )


def _possible(subject: Subject, text: str) -> str:
    """Give a text with its shifting words first, where no packet could match it otherwise."""
    first = shifting_first(parse(text)) if subject.selects_some(text) is False else None
    return text if first is None else spelled(first, text)


def _reordered(root: Expr, first: Path, moved: Sequence[Place]) -> Expr:
    """Give the tree with the shifting word's term last wherever it came before what it moves."""
    meetings = set()
    for later in moved:
        common = 0
        while first[common] == later.path[common]:
            common += 1
        meetings.add(first[:common])
    for path in sorted(meetings, key=len, reverse=True):
        root = changed(root, path, _shifting_last(on_the_way(root, path)[-1]))
    return root


def _shifting_last(node: Expr) -> Expr:
    terms = sorted(children(node), key=is_shifting)
    return with_children(node, _joined(terms) if isinstance(node, Or) else terms)


def _joined(terms: Sequence[Expr]) -> list[Expr]:
    """Give alternatives with those that begin with the same shifting word joined behind it.

    `mpls and ip or mpls and mpls and ip` would look for the second label inside the first.
    """
    found: list[Expr] = []
    groups: dict[str, list[list[Expr]]] = {}
    for term in terms:
        word, *rest = children(term) if isinstance(term, And) else (term,)
        if not isinstance(word, Word) or word.word not in SHIFTS:
            found.append(term)
            continue
        key = to_text(word)
        if key not in groups:
            found.append(word)
        groups.setdefault(key, []).append(rest)
    for place, word in enumerate(found):
        rests = groups.get(to_text(word), []) if isinstance(word, Word) else []
        if rests and all(rests):
            inner = [rest[0] if len(rest) == 1 else And(tuple(rest)) for rest in rests]
            behind = inner if len(inner) == 1 else [_shifting_last(Or(tuple(inner)))]
            found[place] = And((word, *(rests[0] if len(rests) == 1 else behind)))
    return found


def shifting_last(root: Expr, path: Path) -> Expr:
    """Give the tree with shifting words in the last alternatives of each `or` above a place."""
    for depth in reversed(range(len(path))):
        node = on_the_way(root, path[:depth])[-1]
        if isinstance(node, Or):
            root = changed(root, path[:depth], _shifting_last(node))
    return root


def shifting_first(root: Expr) -> Expr | None:
    """Give the tree with shifting words first wherever they are asked for beside other tests.

    None where they are first already: `ip and vlan` asks for a tag in a packet that is IP instead.
    """
    found = root
    for path, node in [*walk(root)][::-1]:
        if isinstance(node, And):
            here = on_the_way(found, path)[-1]
            terms = sorted(children(here), key=lambda term: not is_shifting(term))
            found = changed(found, path, with_children(here, terms))
    return None if to_text(found) == to_text(root) else found


def is_shifting(node: Expr) -> bool:
    """Tell whether a word in an expression shifts what follows it."""
    return any(isinstance(p.node, Word) and p.node.word in SHIFTS for p in walk(node))


def _as_one_tag(subject: Subject, place: Place) -> str:
    """Give `vlan 5 or vlan 6` as what was likely meant; nothing where it is something else.

    Behind one tag, its number is asked for wherever an alternative began with `vlan NUMBER`.
    """
    before = [p for p in leaves(subject.expr) if p.path < place.path and is_shifting(p.node)]
    if before or subject.link.name != "EN10MB":
        return ""
    above = on_the_way(subject.expr, place.path)
    for depth, node in enumerate(above):
        words = _leading(node)
        if isinstance(node, Or) and words[0] is place.node:
            start, end = balanced(subject.text, node.span)
            inner = _numbered(subject.text[start:end], words, start)
            if inner:
                path = place.path[:depth]
                return replaced(subject.text, subject.expr, path, f"vlan and ({inner})")
    return ""


def _leading(node: Expr) -> list[Expr]:
    """Give what is asked first, in each alternative of a node."""
    found: list[Expr] = []
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Or):
            waiting += reversed(here.terms)
        elif isinstance(here, And):
            waiting.append(here.terms[0])
        else:
            found.append(here)
    return found


def _numbered(text: str, words: Sequence[Expr], start: int) -> str:
    """Give a text with other tests for some `vlan NUMBER`; nothing where one of them is not that.

    Their places count from `start` before the text.
    """
    for word in reversed(words):
        if not isinstance(word, Word) or word.word != "vlan" or not word.args:
            return ""
        low, high = word.span.start - start, word.span.end - start
        text = f"{text[:low]}{TAG} = {text[low:high].rsplit(maxsplit=1)[-1]}{text[high:]}"
    return text
