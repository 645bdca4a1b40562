"""A progress bar on standard error, for work of more than a second, and on a terminal only."""

import sys
from time import monotonic
from typing import Any, Self

from pcapfilter.io.base import Measure, Source

PATIENCE = 1.0
"""Seconds of work before the bar appears."""


class Progress:
    """How far a Source has been read, shown while it is being read, if that is `wanted`."""

    def __init__(self, source: Source, *, wanted: bool) -> None:
        self._name = source.name
        self._measure: Measure = getattr(source, "measure", source)
        self._due = monotonic() + PATIENCE if wanted and sys.stderr.isatty() else None
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, matched: int) -> None:
        """Move the bar to where the source is."""
        if self._due is None or monotonic() < self._due:
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, completed=self._measure.position, matched=matched)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[matched]:,} matched"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(self._name, total=self._measure.size or None, matched=0)
        self._bar.start()
