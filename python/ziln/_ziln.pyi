"""The extension module: Polars plugins (found by Polars itself) and DataFusion's functions."""

from typing import Any

__version__: str

class FunctionDocumentation:
    """What the documentation of a SQL function says, for the reference."""

    @property
    def description(self) -> str: ...
    @property
    def syntax(self) -> list[str]:
        """The ways to call it, the usual one first."""
    @property
    def arguments(self) -> list[tuple[str, str]]:
        """Names and descriptions of the arguments."""
    @property
    def example(self) -> str:
        """Queries after the prompt ``> `` and what they print."""
    @property
    def related(self) -> list[str]:
        """Names of functions to look at as well."""

class ScalarFunction:
    """A scalar function of DataFusion, as ``datafusion.udf`` takes it."""

    @property
    def name(self) -> str: ...
    @property
    def documentation(self) -> FunctionDocumentation | None: ...
    def __datafusion_scalar_udf__(self) -> object: ...

class AggregateFunction:
    """An aggregate function of DataFusion, as ``datafusion.udaf`` takes it."""

    @property
    def name(self) -> str: ...
    @property
    def documentation(self) -> FunctionDocumentation | None: ...
    def __datafusion_aggregate_udf__(self) -> object: ...

def model_function(name: str, model: str) -> ScalarFunction: ...
def scalar_functions() -> list[ScalarFunction]: ...
def aggregate_functions() -> list[AggregateFunction]: ...
def training_options() -> list[tuple[str, str, str, str]]:
    """Name, default, range and purpose of every training option."""

def newton_options() -> list[str]:
    """The names of the options of the exact solver."""

def network_model(
    features: list[tuple[Any, ...]],
    layers: list[tuple[bytes, bytes]],
    wide: tuple[list[float], list[list[float]]] | None,
    mu_range: tuple[float, float] | None,
    max_sigma: float,
) -> str:
    """The text of a model of a network."""

def network_parts(
    text: str,
) -> tuple[
    list[tuple[Any, ...]],
    list[tuple[bytes, bytes]],
    tuple[list[float], list[list[float]]],
    tuple[float, float] | None,
    float,
]:
    """What the model of a text is made of."""

class SessionPasses:
    """The queries of a training by passes over a session of DataFusion."""

    @property
    def models(self) -> str:
        """The name of the table in which a pass finds the models so far."""
    @property
    def keys(self) -> list[str]:
        """What the columns by which rows are grouped are called, there and in the results."""
    @property
    def start(self) -> str:
        """The query of the models that the training begins with."""
    @property
    def step(self) -> str:
        """The query of the models after one more pass."""

def session_passes(
    rows: str,
    label: str,
    features: str | list[str],
    weight: str | None,
    by: list[str],
    options: list[tuple[str, bool | int | float]],
) -> SessionPasses:
    """The queries over the rows of a table, or of a query in parentheses."""

def shell(arguments: list[str]) -> int:
    """Run the SQL shell with the arguments of a command line, and return the exit code."""
