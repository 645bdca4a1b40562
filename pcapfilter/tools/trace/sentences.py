"""Reasons as sentences, as short as they can be."""

from collections.abc import Iterable

from pcapfilter.tools.trace.reasons import ALWAYS, BIT, Reason

MOST = 4
"""How many alternatives are named, and how many reasons are given."""

OUTCOMES: dict[tuple[str, bool], str] = {
    # what was asked, whether it was so -> what is said; found and wanted are filled in
    ("jgt", True): "{subject} is {found}, more than {wanted}",
    ("jgt", False): "{subject} is {found}, not more than {wanted}",
    ("jge", True): "{subject} is {found}, at least {wanted}",
    ("jge", False): "{subject} is {found}, less than {wanted}",
    ("jset", True): "{subject} is {found}, not 0",
    ("jset", False): "{subject} has no bit of {wanted}",
    ("=", True): "{subject} is {found}",
    ("=", False): "{subject} is {found}, not {wanted}",
    ("!=", True): "{subject} is {found}, not {wanted}",
    ("!=", False): "{subject} is {found}, and any other value is asked for",
    (">", True): "{subject} is {found}, more than {wanted}",
    (">", False): "{subject} is {found}, not more than {wanted}",
    (">=", True): "{subject} is {found}, at least {wanted}",
    (">=", False): "{subject} is {found}, less than {wanted}",
    ("<", True): "{subject} is {found}, less than {wanted}",
    ("<", False): "{subject} is {found}, not less than {wanted}",
    ("<=", True): "{subject} is {found}, at most {wanted}",
    ("<=", False): "{subject} is {found}, more than {wanted}",
}


def sentence(reasons: Iterable[Reason], text: str) -> str:
    """Say reasons, those alike in one; `text` is what they are about."""
    said = _said([*dict.fromkeys(reasons)], text)
    if len(said) > MOST:
        said[MOST:] = [f"and {len(said) - MOST} more"]
    return "; ".join(said)


def _said(reasons: list[Reason], text: str) -> list[str]:
    wanted: dict[tuple[str, str], list[str]] = {}  # by field and value: what it is not
    for reason in reasons:
        if _is_other(reason):
            wanted.setdefault((reason.subject, reason.found), []).append(reason.wanted)
    subjects: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for subject, values in wanted.items():
        subjects.setdefault(tuple(values), []).append(subject)
    said: dict[str, None] = {}
    for reason in reasons:
        if _is_other(reason):
            others = tuple(wanted[reason.subject, reason.found])
            said[_differs(subjects[others], others)] = None
        else:
            said[_one(reason, text)] = None
    return [*said]


def _is_other(reason: Reason) -> bool:
    """Tell whether a field is not what was asked for: such reasons are said together."""
    return reason.asks == "jeq" and not reason.outcome


def _differs(subjects: list[tuple[str, str]], wanted: tuple[str, ...]) -> str:
    """Say that fields are none of what was asked for."""
    if len(subjects) == 1:
        ((subject, found),) = subjects
        if len(wanted) == 1:
            return f"{subject} is {found}, not {wanted[0]}"
        if len(wanted) == 2:
            return f"{subject} is {found}, neither {wanted[0]} nor {wanted[1]}"
        return f"{subject} is {found}, none of {_listed(wanted)}"
    names = [f"{subject} ({found})" for subject, found in subjects]
    asked = wanted[0] if len(wanted) == 1 else f"one of {_listed(wanted)}"
    if len(names) == 2:
        return f"neither {names[0]} nor {names[1]} is {asked}"
    return f"none of {_listed(names)} is {asked}"


def _listed(words: Iterable[str]) -> str:
    words = [*words]
    if len(words) > MOST:
        words[MOST:] = ["..."]
    return ", ".join(words)


def _one(reason: Reason, text: str) -> str:
    subject, found, asks, wanted, outcome = reason
    if asks == ALWAYS:
        return f"on this link type, {text} {'always' if outcome else 'never'} holds"
    if asks == "jeq":
        return f"{subject} is {found}" + (f", {wanted}" if wanted.startswith("within ") else "")
    if asks == BIT:
        return f"{subject} is {'set' if outcome else 'not set'}"
    if asks == "jset" and found == "0":
        return f"{subject} is 0"
    return OUTCOMES[asks, outcome].format(subject=subject, found=found, wanted=wanted)
