"""The README as a package index shows it: without relative links, which lead nowhere there."""

import re
from pathlib import Path

from setuptools import setup

RELATIVE_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|#)[^)\s]+\)")


def without_relative_links(markdown: str) -> str:
    """Return Markdown with the words of relative links, and without relative pictures."""
    return RELATIVE_LINK.sub(lambda link: "" if link[1] else link[2], markdown)


setup(
    long_description=without_relative_links(Path(__file__).with_name("README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
