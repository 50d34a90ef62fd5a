"""Code blocks of documents: what the tests run and the site shows as a notebook."""

import re
from collections.abc import Iterator

NOTEBOOK = "docs/tutorial-python"
"""The page whose blocks are the cells of one notebook."""

_BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


def blocks(text: str) -> Iterator[re.Match[str]]:
    """The Python blocks of a page: ``code``, and what is ``printed`` if a block of text says so right after it."""
    return _BLOCK.finditer(text)
