"""The extension module: Polars plugins (found by Polars itself) and DataFusion's functions."""

__version__: str

class ScalarFunction:
    """A scalar function of DataFusion, as ``datafusion.udf`` takes it."""

    @property
    def name(self) -> str: ...
    def __datafusion_scalar_udf__(self) -> object: ...

class AggregateFunction:
    """An aggregate function of DataFusion, as ``datafusion.udaf`` takes it."""

    @property
    def name(self) -> str: ...
    def __datafusion_aggregate_udf__(self) -> object: ...

def scalar_functions() -> list[ScalarFunction]: ...
def aggregate_functions() -> list[AggregateFunction]: ...
def training_options() -> list[tuple[str, str, str, str]]:
    """Name, default, range and purpose of every training option."""

def newton_options() -> list[str]:
    """The names of the options of the exact solver."""

def shell(arguments: list[str]) -> int:
    """Run the SQL shell with the arguments of a command line, and return the exit code."""
