"""What people see of long work: timed lines on stderr, with a spinner while a step lasts where there is a terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cli.output import seconds

# How often a step that lasts says so where no spinner can turn, in seconds: when there is news, and when there is none.
NEWS, NO_NEWS = 5.0, 30.0


class Steps:
    """The lines of one command: each begins with the time since the command began."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the first line could be printed."""
        return time.monotonic() - self._began

    def line(self, text: str, style: str = "") -> None:
        """One line that stays."""
        self._console.print(f"[dim]\\[{self.elapsed:6.1f} s][/] {escape(text)}", style=style or None)

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[Callable[[str], None]]:
        """Do something that lasts; call what this yields with what is being done. Its end is a line."""
        began = time.monotonic()
        if not self._console.is_terminal:
            self.line(f"{text} ...")
        with self.spinner(text) as doing:
            yield doing
        self.line(f"{text}: done in {seconds(time.monotonic() - began)}")

    @contextlib.contextmanager
    def spinner(self, text: str) -> Iterator[Callable[[str], None]]:
        """Show that something goes on, and what: call what this yields with it. Without a terminal, a line at times."""
        began = last = time.monotonic()
        said = ""
        with self._console.status(escape(text)) as status:

            def doing(what: str) -> None:
                nonlocal last, said
                if not what.strip():
                    return
                now = time.monotonic()
                status.update(f"{escape(text)} [dim]{seconds(now - began)}  {escape(what[:100])}[/]")
                if not self._console.is_terminal and now - last >= (NO_NEWS if what == said else NEWS):
                    last, said = now, what
                    self.line(f"  {what}")

            yield doing


@contextlib.contextmanager
def transfer(console: Console, text: str, size: int) -> Iterator[Callable[[int], None]]:
    """A bar for ``size`` bytes; call what this yields with the bytes of each part that has arrived."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(escape(text), total=size)
        yield lambda arrived: progress.advance(bar, arrived)


@contextlib.contextmanager
def bar(console: Console, text: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar for so many things; call what this yields with how many more are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(escape(text), total=total)
        yield lambda more: progress.advance(task, more)
