"""Files with their sizes on the page."""

from collections.abc import Sequence

from rich.console import Console

from harness.terminal.console import Page, folding
from harness.wording.quantities import size


def print_files(files: Sequence[tuple[str, int]], console: Console, language: str = "en") -> None:
    """Print names and sizes of files, a line each, and the size of all."""
    page = Page(console, language)
    sizes = [size(n_bytes) for _, n_bytes in [*files, ("", sum(n for _, n in files))]]
    width = max(map(len, sizes))
    for (name, _), written in zip(files, sizes, strict=False):
        page.write([folding(page.text(f"{written:>{width}}  {name}"))])
    page.write([folding(page.text(f"{sizes[-1]:>{width}}  {page.say('{n} files').format(n=len(files))}", "bold"))])
