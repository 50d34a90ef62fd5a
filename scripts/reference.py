"""Write the reference: a page a function, from the one list of functions.

    python scripts/reference.py docs/reference

Syntax, arguments and the example in SQL are those of the functions' own documentation in DataFusion, which the tests
run; the part on Polars is the docstring, whose examples the tests run as well. The formula and its source stand above
the function in `src/math` and `src/metrics`. Errors are the rows of the README's table that are about the function.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import ziln.datasets
import ziln.plot
from ziln import _ziln

Function: TypeAlias = _ziln.ScalarFunction | _ziln.AggregateFunction

ROOT: Final = Path(__file__).resolve().parents[1]
KINDS: Final = {
    "distribution": "Of a customer's distribution",
    "model": "Of a model",
    "training": "Training: aggregates, one model a group",
    "metric": "Metrics: aggregates",
}
READ_ON: Final = {
    "ziln_fit_sgd": "[Training](../training.md): the objective, the steps, automatic values, networks",
    "ziln_fit_newton": "[The exact solver](../training.md#the-exact-solver)",
    "ziln_fit_prior": "[Campaigns that share a prior](../campaigns.md), and [how it is estimated]"
    "(../training.md#campaigns-that-share-a-prior)",
    "ziln_newton_start": "[Passes](../scale.md#passes)",
    "ziln_newton_step": "[Passes](../scale.md#passes)",
    "ziln_predict": "[How the heads are computed](../model-format.md#weights), and [the model](../model.md)",
    "ziln_is_model": "[Checks on reading](../model-format.md)",
    "ziln_evaluate": "[Each field of the struct](../metrics.md#ziln_evaluate)",
    "ziln_gini": "[Metrics](../metrics.md#ziln_gini)",
    "ziln_spearman": "[Metrics](../metrics.md#ziln_spearman)",
    "ziln_decile_stats": "[Each field of the structs](../metrics.md#ziln_decile_stats)",
    "ziln_model_info": "[The model's text](../model-format.md), field by field",
    "ziln_weights": "[The model's text](../model-format.md#weights)",
    "ziln_explain": "[Why a prediction is what it is](../training.md#why-a-prediction-is-what-it-is)",
    "ziln_params_error": "[Standard errors](../training.md#standard-errors)",
}
PYTHON: Final = {
    "SQL in DataFusion": [".. autofunction:: ziln.register_all"],
    "Any number of rows": [".. autofunction:: ziln.fit_passes"],
    "From transactions to customers": [".. autofunction:: ziln.rfm"],
    "Charts and the report": [
        f".. autofunction:: ziln.plot.{name}" for name in ziln.plot.__all__ if name.islower()
    ],
    "scikit-learn": [
        ".. autoclass:: ziln.sklearn.ZILNRegressor\n   :members: fit, predict, predict_params, predict_quantile",
        ".. autofunction:: ziln.sklearn.normalized_gini_score",
        ".. py:data:: ziln.sklearn.gini_scorer\n\n   A scorer for ``scoring=`` of searches and cross-validation: the"
        " normalised Gini coefficient of the predictions.",
        ".. py:data:: ziln.sklearn.loss_scorer\n\n   The mean loss with its sign turned, so that more is better.",
    ],
    "Public customer data": [
        *(
            f".. autofunction:: ziln.datasets.{name}"
            for name in ziln.datasets.__all__
            if name.islower()
        ),
        ".. autoclass:: ziln.datasets.CompleteJourney",
    ],
}
OTHERWISE: Final = "[Numerics](../numerics.md): how it is computed, and how accurately"


@dataclass(frozen=True)
class Entry:
    """A function and what is said of it."""

    name: str
    is_aggregate: bool
    documentation: _ziln.FunctionDocumentation

    @property
    def python_name(self) -> str:
        return self.name.removeprefix("ziln_")

    @property
    def arguments(self) -> list[str]:
        return [name for name, _ in self.documentation.arguments]

    @property
    def kind(self) -> str:
        if self.is_aggregate:
            return "training" if "features" in self.arguments else "metric"
        return "model" if {"model", "text"} & set(self.arguments) else "distribution"

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return re.split(r"(?<=[.:]) ", self.documentation.description.removeprefix("Returns "))[
            0
        ].rstrip(".:")


def entries() -> list[Entry]:
    """Every function, in the order of the one list."""
    functions: list[tuple[Function, bool]] = [
        (function, False) for function in _ziln.scalar_functions()
    ]
    functions += [(function, True) for function in _ziln.aggregate_functions()]
    found = []
    for function, is_aggregate in functions:
        documentation = function.documentation
        if documentation is None:
            msg = f"{function.name} is not documented"
            raise ValueError(msg)
        found.append(Entry(function.name, is_aggregate, documentation))
    return found


# --- what stands elsewhere --------------------------------------------------------------------------------------------


def formula(entry: Entry) -> str:
    """The formula and its source, as they stand above the function in Rust; nothing if they do not."""
    for room in ("math", "metrics"):
        file = ROOT / "src" / room / f"{entry.python_name}.rs"
        if not file.is_file():
            continue
        above = re.search(
            rf"((?:^///.*\n)+)pub fn {entry.python_name}\(", file.read_text(), flags=re.MULTILINE
        )
        lines = [line[3:].removeprefix(" ") for line in (above[1] if above else "").splitlines()]
        parts = re.split(r"^# (\w+)$", "\n".join(lines).partition("\n```")[0], flags=re.MULTILINE)
        sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        text = sections.get("Formula") or "\n\n".join(
            paragraph for paragraph in parts[0].split("\n\n") if paragraph.startswith("Source:")
        )
        # Links of rustdoc are names in brackets.
        text = re.sub(r"\[(`\w+`)\]", r"\1", text).replace("`None`", "NULL").strip()
        return (
            f"{text}\n\nIn Rust: [`src/{room}/{file.name}`](../../src/{room}/{file.name}).\n"
            if text
            else ""
        )
    return ""


def errors(entry: Entry) -> list[str]:
    """What the data may hold that fails a query with this function: rows of the README's table."""
    table = re.search(
        r"^\| what the data holds \|.*\n\|.*\n((?:\|.*\n)+)", (ROOT / "README.md").read_text(), re.M
    )
    if table is None:
        msg = "README.md has no table of errors"
        raise ValueError(msg)
    found = []
    for row in table[1].splitlines():
        what, where = (cell.strip() for cell in row.strip("|").split(" | "))
        for part in where.split("; "):
            names = re.findall(r"`(ziln_\w+)`", part)
            words = re.findall(r"`(\w+)`", part)
            if entry.name in names or (not names and set(words) & set(entry.arguments)):
                argument = next((f"`{word}`: " for word in words if word in entry.arguments), "")
                more = part.partition(": ")[2]
                found.append(f"{argument}{what}" + (f" ({more})" if more else ""))
                break
    return found


def example(entry: Entry) -> str:
    """The example in SQL: queries without their prompt, and what they print."""
    lines = [
        line for line in entry.documentation.example.splitlines() if not line.startswith("```")
    ]
    text, is_printed = ["```sql"], False
    for line in lines:
        if line.startswith(("+-", "| ")) != is_printed:
            is_printed = not is_printed
            text += ["```", "", "```text" if is_printed else "```sql"]
        # What follows the prompt is set in by its width.
        text.append(line if is_printed else line.removeprefix("> ").removeprefix("  "))
    return "\n".join([*text, "```"])


# --- pages ------------------------------------------------------------------------------------------------------------


def page(entry: Entry) -> str:
    """The page of a function."""
    documentation = entry.documentation
    rows = "\n".join(f"| `{name}` | {cell(text)} |" for name, text in documentation.arguments)
    fails = "\n".join(f"- {text}" for text in errors(entry))
    formula_and_source = formula(entry)
    related = ", ".join(f"[`{name}`]({name}.md)" for name in documentation.related)
    return "\n".join(
        [
            f"# `{entry.name}`\n",
            f"{markup(documentation.description)}\n",
            *(["## Formula\n", formula_and_source] if formula_and_source else []),
            "## In SQL\n",
            "```text",
            *documentation.syntax,
            "```\n",
            "| argument | what it is |\n| --- | --- |",
            f"{rows}\n",
            f"{example(entry)}\n",
            "## In Polars\n",
            "```{eval-rst}",
            f".. autofunction:: ziln.{entry.python_name}",
            "```\n",
            *options(entry),
            "## What fails a query\n",
            "A wrong number or type of arguments, or an option that is unknown or out of range, before any row"
            " is read. Of the rows:\n"
            if fails
            else "A wrong number or type of arguments, before any row is read. Data never does.\n",
            f"{fails}\n" if fails else "",
            "Other numbers never do, NaN and infinite ones among them ([functions](../../README.md#functions)).\n",
            "## Read on\n",
            f"{READ_ON.get(entry.name, OTHERWISE)}. Related: {related}.\n",
        ]
    )


def options(entry: Entry) -> list[str]:
    """The options of training, of the functions that have any."""
    if "options" not in entry.arguments:
        return []
    if entry.name != "ziln_fit_sgd":
        return [
            "## Options\n",
            f"{', '.join(f'`{name}`' for name in _ziln.newton_options())}: "
            "[defaults, ranges and purposes](../training.md#the-exact-solver).\n",
        ]
    rows = [
        f"| `{name}` | {default} | {range_} | {purpose} |"
        for name, default, range_, purpose in _ziln.training_options()
    ]
    head = "| name | default | range | purpose |\n| --- | --- | --- | --- |"
    return [
        "## Options\n",
        head,
        *rows,
        "\n[Automatic values](../training.md#automatic-values) are decided from the data.\n",
    ]


def index(found: list[Entry]) -> str:
    """The list of all functions, and the tree of the pages."""
    text = [
        "# Reference\n",
        "Every function in SQL and in Polars. In Python the names lack the prefix: `ziln.loss`,"
        " `ziln.expected_ltv`, ...\n",
        "Rules for all of them (forms of `params` and `features`, NULL, NaN, errors) are in"
        " [Functions](../../README.md#functions). What only Python has, such as `ziln.rfm`, `ziln.plot` and"
        " `ziln.sklearn`, is in [Python alone](python.md).\n",
    ]
    for kind, title in KINDS.items():
        text += [f"## {title}\n", "| function | what it returns |\n| --- | --- |"]
        text += [
            f"| [`{entry.name}`]({entry.name}.md) | {cell(entry.summary)} |"
            for entry in found
            if entry.kind == kind
        ]
        text.append("")
    pages = "\n".join(entry.name for kind in KINDS for entry in found if entry.kind == kind)
    return "\n".join([*text, f"```{{toctree}}\n:hidden:\n\n{pages}\npython\n```\n"])


def python_page() -> str:
    """What only Python has."""
    text = [
        "# Python alone\n",
        "Beside the functions of SQL, which are expressions of Polars here ([Reference](index.md)), the package"
        " has these.\n",
    ]
    for title, directives in PYTHON.items():
        body = "\n\n".join(directives)
        text.append(f"## {title}\n\n```{{eval-rst}}\n{body}\n```\n")
    return "\n".join(text)


def cell(text: str) -> str:
    """A text that can stand in a table."""
    return markup(text).replace("|", "\\|")


def markup(text: str) -> str:
    """A text of DataFusion's documentation: names of functions become code, and nothing else is markup."""
    text = re.sub(r"([*_<])", r"\\\1", text)
    return re.sub(r"ziln(?:\\_\w+)+", lambda name: f"`{name[0].replace(chr(92), '')}`", text)


def write(folder: Path) -> list[Path]:
    """Write the pages that differ from those that are there; returns the paths of all."""
    found = entries()
    pages = {f"{entry.name}.md": page(entry) for entry in found} | {
        "index.md": index(found),
        "python.md": python_page(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
    return [folder / name for name in pages]


if __name__ == "__main__":
    for written in write(Path(sys.argv[1])):
        print(written)
