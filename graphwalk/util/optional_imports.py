"""Libraries that graphwalk works without, imported when they are first needed."""

from importlib import import_module
from typing import Any

from graphwalk.errors import InputError


def import_optional(module: str, needed: str) -> Any:
    """Import a module of a library that may be missing.

    Parameters
    ----------
    module : str
        The module, such as ``"scipy.sparse"``.
    needed : str
        What needs it, as the error begins: ``"to_scipy() needs"``.

    Raises
    ------
    InputError
        When the library is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise InputError(
            f"{needed} {library}, which is not installed: pip install {library}"
        ) from error
