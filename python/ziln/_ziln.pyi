"""The extension module: Polars plugins (found by Polars itself) and DataFusion's functions."""

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

def scalar_functions() -> list[ScalarFunction]: ...
def aggregate_functions() -> list[AggregateFunction]: ...
def training_options() -> list[tuple[str, str, str, str]]:
    """Name, default, range and purpose of every training option."""

def newton_options() -> list[str]:
    """The names of the options of the exact solver."""
