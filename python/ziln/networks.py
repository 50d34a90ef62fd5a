"""
Networks as matrices: a network that was trained elsewhere becomes a model, and a model gives its matrices back.

>>> import numpy as np
>>> import polars as pl
>>> import ziln
>>> from ziln.networks import Layer, Numeric
>>> hidden = Layer(np.array([[1.0], [-1.0]]), np.array([0.0, 0.5]))
>>> heads = Layer(np.array([[1.0, 0.0], [0.5, 0.25], [0.0, 0.0]]), np.array([-1.0, 2.0, 0.5]))
>>> model = ziln.network_model({"visits": Numeric(mean=3.0, scale=2.0)}, [hidden, heads])
>>> customers = pl.DataFrame({"visits": [1.0, 3.0, 5.0]})
>>> customers.select(ziln.predict(model, ["visits"]).struct.field("mu")).to_series().to_list()
[2.375, 2.125, 2.5]
>>> ziln.layers(model).layers[0].weights.tolist()
[[1.0], [-1.0]]

Matrices are as PyTorch's ``Linear`` has them: one row a unit, one column an input. Those of Keras' ``Dense`` are
transposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ziln import _model_text, _ziln

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Singles: TypeAlias = NDArray[np.float32]
    Doubles: TypeAlias = NDArray[np.float64]

__all__ = ["Categorical", "Encoding", "Layer", "Network", "Numeric", "layers", "network_model"]

_HEADS = 3
"""logit, mu and raw_sigma."""


@dataclass(frozen=True)
class Numeric:
    """
    A number ``x`` goes into the network as ``(x - mean) / scale``; a missing one as the mean.

    ``range`` is the least and the greatest that ``x`` is held within first, for the logit; ``payer_range`` the same for
    mu and raw sigma. ``None`` holds nothing, but what the network sees is always within ``range``.
    """

    mean: float = 0.0
    scale: float = 1.0
    range: tuple[float, float] | None = None
    payer_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Categorical:
    """
    A category goes into the network as the vector of its level: a row of ``vectors``.

    ``None`` is the level of missing values. A level that is not among them has zeros.
    """

    levels: Sequence[str | None]
    vectors: ArrayLike


Encoding: TypeAlias = Numeric | Categorical
"""How a feature goes into a network."""


class Layer(NamedTuple):
    """The weights of a layer, one row a unit and one column an input, and its biases."""

    weights: ArrayLike
    biases: ArrayLike


@dataclass(frozen=True)
class Network:
    """
    What a model is made of: the arguments of :func:`network_model`.

    Matrices and biases of ``layers`` are arrays of ``float32``, those of ``wide`` of ``float64``.
    """

    features: dict[str, Encoding]
    layers: list[Layer]
    wide: Layer
    mu_range: tuple[float, float] | None
    max_sigma: float


def network_model(
    features: Mapping[str, Encoding],
    layers: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    wide: tuple[ArrayLike, ArrayLike] | None = None,
    mu_range: tuple[float, float] | None = None,
    max_sigma: float = 30.0,
) -> str:
    """
    A model of a network that was trained elsewhere: a text that :func:`ziln.predict` and SQL take as any other.

    The network's inputs are the numbers in the order of the features, then the vectors of the categories in theirs.
    Every layer but the last is followed by ReLU. Needs NumPy.

    Parameters
    ----------
    features
        The name of each feature and its encoding, :class:`Numeric` or :class:`Categorical`.
    layers
        Weights and biases of each layer: 1 to 8 hidden ones and the last, whose three units are logit, mu and
        raw_sigma.
    wide
        Linear heads beside the network: weights of three rows, with one column a number and one a level of a category,
        in the order of the features, and three intercepts. Zeros by default.
    mu_range
        The least and the greatest mu that is predicted.
    max_sigma
        The greatest sigma that is predicted.

    Returns
    -------
    str
        The model's text, of ``format_version`` 2. Of its training it knows nothing.

    Raises
    ------
    TypeError
        If an argument, or a feature's encoding, is of another type.
    ValueError
        If the parts do not fit each other, or a number is not finite.

    Examples
    --------
    >>> import ziln
    >>> from ziln.networks import Layer, Numeric
    >>> layers = [Layer([[1.0], [-1.0]], [0.0, 0.5]), Layer([[1.0, 0.0], [0.5, 0.25], [0.0, 0.0]], [-1.0, 2.0, 0.5])]
    >>> model = ziln.network_model({"visits": Numeric(mean=3.0, scale=2.0)}, layers)
    >>> model[:20]
    '{"format_version":2,'
    """
    encoded = [_encoded(name, encoding) for name, encoding in _named(features)]
    matrices = [
        _matrix(f"layer {index}", layer, "<f4") for index, layer in enumerate(_listed(layers))
    ]
    heads = None
    if wide is not None:
        weights, intercepts = _matrix("wide", wide, "<f8")
        heads = (intercepts.tolist(), weights.tolist())
    texts = [(weights.tobytes(), biases.tobytes()) for weights, biases in matrices]
    try:
        return _ziln.network_model(encoded, texts, heads, mu_range, max_sigma)
    except TypeError as error:
        # The notes say which argument it is.
        msg = ", ".join([f"ziln.network_model: {error}", *getattr(error, "__notes__", ())])
        raise TypeError(msg) from None
    except ValueError as error:
        msg = f"ziln.network_model: {error}"
        raise ValueError(msg) from None


def layers(model: str) -> Network:
    """
    The encodings and matrices of a model: the arguments of :func:`network_model`, as NumPy arrays.

    The last layer is that of the heads. A linear model has no layers, and its heads are in ``wide``.

    Parameters
    ----------
    model
        The model's text.

    Returns
    -------
    Network
        Its parts. ``heads = wide + network``, before mu and sigma are held within their bounds.

    Raises
    ------
    TypeError
        If the model is no text.
    ValueError
        If the text is no model.

    Examples
    --------
    >>> import polars as pl
    >>> import ziln
    >>> customers = pl.DataFrame({"ltv": [0.0, 10.0, 40.0] * 40, "visits": [1, 2, 3] * 40})
    >>> model = customers.select(ziln.fit_sgd("ltv", ["visits"], hidden=[8, 4])).item()
    >>> [weights.shape for weights, _ in ziln.layers(model).layers]
    [(8, 1), (4, 8), (3, 4)]
    """
    import numpy as np

    parts = _model_text.read("layers", model, _ziln.network_parts)
    features, texts, (intercepts, weights), mu_range, max_sigma = parts
    matrices = []
    for matrix, biases in texts:
        of_units = np.frombuffer(biases, dtype="<f4")
        of_inputs = np.frombuffer(matrix, dtype="<f4").reshape(len(of_units), -1)
        matrices.append(Layer(of_inputs.astype(np.float32), of_units.astype(np.float32)))
    return Network(
        features={feature[0]: _decoded(feature) for feature in features},
        layers=matrices,
        wide=Layer(np.array(weights).reshape(_HEADS, -1), np.array(intercepts)),
        mu_range=mu_range,
        max_sigma=max_sigma,
    )


def _named(features: object) -> list[tuple[str, Encoding]]:
    """The features with their names."""
    if isinstance(features, Mapping) and all(isinstance(name, str) for name in features):
        return list(features.items())
    got = f"{features!r:.60}" if isinstance(features, Mapping) else type(features).__name__
    msg = f"ziln.network_model: argument `features`: expected a mapping of names to encodings, got {got}"
    raise TypeError(msg)


def _listed(layers: object) -> list[Any]:
    """The layers, one by one."""
    if isinstance(layers, Iterable) and not isinstance(layers, str | bytes | Mapping):
        return list(layers)
    msg = (
        "ziln.network_model: argument `layers`: expected a list of pairs of weights and biases, "
        f"got {type(layers).__name__}"
    )
    raise TypeError(msg)


def _encoded(name: str, encoding: Encoding) -> tuple[Any, ...]:
    """A feature as the extension module takes it."""
    import numpy as np

    if isinstance(encoding, Numeric):
        return name, encoding.mean, encoding.scale, encoding.range, encoding.payer_range
    if not isinstance(encoding, Categorical):
        msg = (
            f"ziln.network_model: feature {name!r}: expected ziln.networks.Numeric or "
            f"ziln.networks.Categorical, got {type(encoding).__name__}"
        )
        raise TypeError(msg)
    with np.errstate(over="ignore"):
        levels, vectors = list(encoding.levels), np.asarray(encoding.vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(levels):
        msg = (
            f"ziln.network_model: feature {name!r}: expected vectors of one row a level, {len(levels)}, "
            f"got an array of shape {vectors.shape}"
        )
        raise ValueError(msg)
    return name, levels, vectors.ravel().tolist()


def _decoded(feature: tuple[Any, ...]) -> Encoding:
    """The encoding of a feature of the extension module."""
    import numpy as np

    match feature:
        case (_, levels, vectors):
            of_levels = np.array(vectors, dtype=np.float32)
            size = len(of_levels) // max(len(levels), 1)
            return Categorical(levels, of_levels.reshape(len(levels), size))
        case (_, mean, scale, held, of_payers):
            return Numeric(mean, scale, held, of_payers)
    raise AssertionError(feature)


def _matrix(
    what: str, layer: tuple[ArrayLike, ArrayLike], dtype: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The weights and biases of a layer as arrays that fit each other."""
    import numpy as np

    # What is too large for single precision is infinite, which is refused with what is not finite.
    try:
        with np.errstate(over="ignore"):
            weights, biases = (np.ascontiguousarray(part, dtype=dtype) for part in layer)
    except (TypeError, ValueError) as error:
        msg = (
            f"ziln.network_model: {what}: expected a pair of weights and biases, which are numbers, "
            f"got {type(layer).__name__} ({error})"
        )
        raise TypeError(msg) from None
    if weights.ndim != 2 or weights.shape[:1] != biases.shape:
        msg = (
            f"ziln.network_model: {what}: expected weights of one row a unit and one column an input, and one bias a "
            f"unit, got arrays of shapes {weights.shape} and {biases.shape}"
        )
        raise ValueError(msg)
    return weights, biases
