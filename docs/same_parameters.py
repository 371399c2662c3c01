"""Gives functions the parameters in the reference that their decorators name."""

from __future__ import annotations

import ast
from typing import Any

import griffe


class SameParameters(griffe.Extension):
    """Copies the parameters of the function that a decorator takes them from."""

    def __init__(self) -> None:
        self._calls: list[tuple[griffe.Function, ast.Call]] = []

    def on_function_instance(self, *, func: griffe.Function, **_about: Any) -> None:
        """Look at the decorators of a function when it has been read."""
        for decorator in func.decorators:
            call = ast.parse(str(decorator.value), mode="eval").body
            names = ("planning", "parameters_from")
            if isinstance(call, ast.Call) and ast.unparse(call.func) in names:
                self._calls.append((func, call))

    def on_package(self, *, pkg: griffe.Module, **_about: Any) -> None:
        """Copy parameters when all modules have been read."""
        for func, call in self._calls:
            model, *without = call.args
            path = func.parent.resolve(ast.unparse(model)) if func.parent is not None else ""
            found = pkg[path.partition(".")[2]].parameters
            left_out = {ast.literal_eval(each) for each in without}
            defaults = {each.arg: ast.unparse(each.value) for each in call.keywords}
            kept = [each for each in found if each.name not in left_out]
            func.parameters = griffe.Parameters(
                *(_with_default(each, defaults) for each in kept),
                *(each for each in func.parameters if each.kind is _OWN),
            )
        self._calls.clear()


_OWN = griffe.ParameterKind.keyword_only


def _with_default(parameter: griffe.Parameter, defaults: dict[str, str]) -> griffe.Parameter:
    return griffe.Parameter(
        parameter.name,
        annotation=parameter.annotation,
        kind=parameter.kind,
        default=defaults.get(parameter.name, parameter.default),
    )
