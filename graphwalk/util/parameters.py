"""Parameters that are declared once: which values they accept, and what is said of them."""

from __future__ import annotations

import inspect
import operator
from contextlib import suppress
from dataclasses import field, fields
from functools import wraps
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from graphwalk.errors import InputError, argument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

R = TypeVar("R")


class Kind(NamedTuple):
    """Which values a parameter may have.

    Attributes
    ----------
    words : str
        What a value must be, for messages and tables.
    metavar : str or None
        How ``--help`` shows a value.
    parse : callable
        Makes a value of the text that the command line has.
    convert : callable
        Returns a value in its own type; raises TypeError, ValueError or OverflowError for others.
    accepts : callable
        Whether a converted value is in range.
    choices : tuple of str
        The values, where they are few.
    """

    words: str
    metavar: str | None = None
    parse: Callable[[str], Any] = str
    convert: Callable[[Any], Any] = lambda value: value
    accepts: Callable[[Any], bool] = lambda _: True
    choices: tuple[str, ...] = ()

    def check(self, name: str, value: Any) -> Any:
        """Return the value of a parameter in its own type.

        Raises
        ------
        InputError
            When it is not of this kind.
        """
        with suppress(TypeError, ValueError, OverflowError):
            converted = self.convert(value)
            if self.accepts(converted):
                return converted
        raise InputError(f"{argument(name, value)} must be {self.words}")


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


def _real(value: Any) -> float:
    # Text, truth values and arrays of one item are numbers to `float`, and mistakes here.
    if isinstance(value, bool | str | bytes) or str(getattr(value, "dtype", "")) == "bool":
        raise TypeError
    if getattr(value, "ndim", 0):
        raise TypeError
    return float(value)


def _truth(value: Any) -> bool:
    # Those of NumPy are known by their dtype: the command line does not wait for NumPy.
    if not isinstance(value, bool) and str(getattr(value, "dtype", "")) != "bool":
        raise TypeError
    return bool(value)


def whole(least: int, most: float = inf) -> Kind:
    """Return the kind of integers within bounds, both included."""
    words = f"an integer, at least {least}" if most == inf else f"an integer from {least} to {most}"
    return Kind(words, "N", int, _integer, lambda number: least <= number <= most)


def number(words: str, accepts: Callable[[float], bool]) -> Kind:
    """Return the kind of numbers for which `accepts` is true."""
    return Kind(words, "X", float, _real, accepts)


def one_of(*choices: str) -> Kind:
    """Return the kind of a few names."""
    words = f"one of {', '.join(map(repr, choices))}"
    return Kind(words, None, str, str.__str__, choices.__contains__, choices)


COUNT = whole(1)
FLAG = Kind("True or False", convert=_truth)
SIZE = Kind("a size, such as '4 GiB'", "SIZE")
FINITE = number("a finite number", isfinite)
PROBABILITY = number("a probability, at least 0 and below 1", lambda x: 0 <= x < 1)
# The reciprocal, which walks use, of the very smallest numbers is infinite.
POSITIVE = number("a number above 0, at least 1e-307", lambda x: x > 0 and 1 / x < inf)
FINITE_POSITIVE = number(
    "a finite number above 0, at least 1e-307", lambda x: 0 < x < inf and 1 / x < inf
)


class Parameter(NamedTuple):
    """A parameter of a public function.

    Attributes
    ----------
    name : str
        Its name in Python; its option on the command line has dashes for underscores.
    default : object
        Its default in Python. None and False are not shown as defaults.
    kind : Kind
        Which values it may have; None is allowed if it is the default.
    help : str
        What it does, in one line. A flag without it has the option `off` only.
    off : tuple of (str, str), optional
        Name and help of the option that makes a flag False.
    """

    name: str
    default: Any
    kind: Kind
    help: str
    off: tuple[str, str] | None = None

    def check(self, value: Any) -> Any:
        """Return `value` in the type of its kind.

        Raises
        ------
        InputError
            When it is not of the kind.
        """
        optional = value is None and self.default is None
        return None if optional else self.kind.check(self.name, value)


def declare(default: Any, *about: Any) -> Any:
    """Return the field of a dataclass that declares a parameter: default, kind, help, off."""
    return field(default=default, metadata={"about": about})


def parameters_of(declaration: type) -> list[Parameter]:
    """Return the parameters that are the fields of a dataclass."""
    return [
        Parameter(item.name, item.default, *item.metadata["about"]) for item in fields(declaration)
    ]


def check_all(declaration: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each parameter of a declaration, checked."""
    return {each.name: each.check(values[each.name]) for each in parameters_of(declaration)}


def parameters_from(
    model: Callable[..., Any], *without: str, **defaults: Any
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a function of keywords the parameters of another, in addition to its own.

    Parameters
    ----------
    model : callable
        The other function.
    *without : str
        Names of its parameters that the function does not have.
    **defaults
        Other defaults of its parameters.
    """
    signature = inspect.signature(model)

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        own = inspect.signature(function)
        parameters = [
            each.replace(default=defaults.get(each.name, each.default))
            for each in signature.parameters.values()
            if each.name not in without
        ]
        parameters += [each for each in own.parameters.values() if each.kind is each.KEYWORD_ONLY]
        merged = inspect.Signature(parameters, return_annotation=own.return_annotation)

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> R:
            given = merged.bind(*args, **kwargs)
            given.apply_defaults()
            return function(**given.arguments)

        vars(call)["__signature__"] = merged
        return call

    return decorate
