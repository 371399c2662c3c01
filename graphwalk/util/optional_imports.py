"""Libraries that graphwalk works without, imported when they are first needed."""

from importlib import import_module
from typing import Any

from graphwalk.errors import InputError


def import_optional(module: str, needed: str, package: str | None = None) -> Any:
    """Import a module of a library that may be missing.

    Parameters
    ----------
    module : str
        The module, such as ``"scipy.sparse"``.
    needed : str
        What needs it, as the error begins: ``"to_scipy() needs"``.
    package : str, optional
        The package that has it, if it is called otherwise.

    Raises
    ------
    InputError
        When the library is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = package or module.partition(".")[0]
        raise InputError(
            f"{needed} {library}, which is not installed: pip install {library}"
        ) from error
