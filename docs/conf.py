"""
The documentation site: `make docs` builds it into ``output/site``.

The pages are the Markdown files that a code forge shows: README.md, CONTRIBUTING.md, CHANGELOG.md and docs/*.md. The
folder of the project is the source, so that their links are right in both places; what a page links to that is no
page, such as a script, is copied beside it. Two things are made while it is built: the reference, a page a function,
and the Python tutorial, which is run as a notebook.
"""

import re
import shutil
import sys
from pathlib import Path
from typing import ClassVar

from pygments.lexer import inherit
from pygments.lexers.sql import SqlLexer
from pygments.token import Punctuation
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts")]

import reference  # noqa: E402 (a script beside the package)
from documents import NOTEBOOK, blocks  # noqa: E402

import ziln  # noqa: E402

project = "ziln"
version = release = ziln.__version__
language = "en"
root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**.md"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
nitpicky = True
# Names of other packages, which have sites of their own.
nitpick_ignore_regex = [("py:.*", r"(polars|sklearn|altair|pl)\..*"), ("py:class", "NDArray")]

# --- Markdown ---------------------------------------------------------------------------------------------------------

myst_heading_anchors = 4
myst_links_external_new_tab = False
highlight_language = "none"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# --- the tutorial, which runs -----------------------------------------------------------------------------------------

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

# --- Python's docstrings ----------------------------------------------------------------------------------------------

autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_param = False

# --- how it looks -----------------------------------------------------------------------------------------------------

html_theme = "furo"
html_title = f"ziln {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
# Excerpts below the results of a search would be fetched, which a browser allows from a server alone.
html_show_search_summary = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072b2", "color-brand-content": "#00629b"},
    "dark_css_variables": {"color-brand-primary": "#56b4e9", "color-brand-content": "#56b4e9"},
    "navigation_with_keys": True,
}

SETTINGS_OF_THE_NOTEBOOK = """\
---
file_format: mystnb
kernelspec:
  name: python3
---

"""
# Charts become pictures, which need no network; the cell itself is not shown.
FIRST_CELL = """\
```{code-cell} python
:tags: [remove-cell]
import altair

altair.renderers.enable("svg")
```

"""


class Sql(SqlLexer):
    """SQL with the structs and the places of lists that DataFusion has."""

    tokens: ClassVar = {"root": [(r"[{}\[\]:]", Punctuation), inherit]}


def with_the_tree(_app: Sphinx, page: str, source: list[str]) -> None:
    """Make the lists of the first page the tree of pages, and let it lead to the reference, which a forge has not."""
    if page != root_doc:
        return
    text = source[0].replace("](../README.md#functions)", "](reference/index.md)")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        pages = "\n".join(
            f"{name} <{path}>"
            for name, path in re.findall(r"^- \[(.+?)\]\((.+?)\.md\)", body, re.MULTILINE)
        )
        text += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"
    source[0] = text


def run_as_notebook(_app: Sphinx, page: str, source: list[str]) -> None:
    """Make the Python blocks of the tutorial cells, whose output takes the place of what the page says they print."""
    if page != NOTEBOOK:
        return
    text = source[0]
    for block in reversed(list(blocks(text))):
        chart = re.search(r"^ziln\.(plot\.\w+)", block["code"], flags=re.MULTILINE)
        alt = (
            f"---\nmystnb:\n  image:\n    alt: the chart of ziln.{chart[1]}\n---\n" if chart else ""
        )
        cell = f"```{{code-cell}} python\n{alt}{block['code']}```\n"
        text = text[: block.start()] + cell + text[block.end() :]
    title, _, rest = text.partition("\n\n")
    source[0] = f"{SETTINGS_OF_THE_NOTEBOOK}{title}\n\n{FIRST_CELL}{rest}"


def write_reference(app: Sphinx) -> None:
    """Write a page a function, from the functions themselves."""
    reference.write(Path(app.srcdir) / "docs" / "reference")


def write_front_door(app: Sphinx, error: Exception | None) -> None:
    """Let the folder itself be opened: the first page is not at its top."""
    if error is None:
        shutil.copy(Path(__file__).parent / "front-door.html", Path(app.outdir, "index.html"))


def setup(app: Sphinx) -> None:
    """Connect what is made while the site is built."""
    app.add_lexer("sql", Sql)
    app.connect("builder-inited", write_reference)
    app.connect("source-read", with_the_tree)
    app.connect("source-read", run_as_notebook)
    app.connect("build-finished", write_front_door)
