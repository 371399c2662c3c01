"""Gives functions that are decorated with ``same_parameters`` their parameters in the reference."""

from __future__ import annotations

from typing import Any

import griffe


class SameParameters(griffe.Extension):
    """Copies the parameters of the function that the decorator names."""

    def on_function_instance(self, *, func: griffe.Function, **_about: Any) -> None:
        """Look at the decorators of a function when it has been read."""
        for decorator in func.decorators:
            name, _, model = str(decorator.value).rstrip(")").partition("(")
            if name == "same_parameters" and func.parent is not None:
                func.parameters = func.parent.members[model].parameters
