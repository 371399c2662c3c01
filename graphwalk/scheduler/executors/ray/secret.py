"""The secret by which a Ray started here knows the programs of this session.

Ray runs the code of every program that reaches its ports, which it opens on all interfaces of the
machine. Without a secret of its own it takes one from the user's home, which all programs of the
user know, or none.
"""

from __future__ import annotations

import importlib
import os
import secrets
from typing import Any

#: Whether programs need a secret, and where it is.
_MODE, _SECRET, _FILE = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"


class Secret:
    """A secret in the environment, where Ray and the processes that it starts find it.

    A user that has chosen Ray's mode of authentication, or a secret, keeps what was chosen.
    """

    def __init__(self) -> None:
        chosen = {name for name in (_MODE, _SECRET, _FILE) if name in os.environ}
        self._set: dict[str, str] = {} if _MODE in chosen else {_MODE: "token"}
        if not chosen:
            self._set[_SECRET] = secrets.token_hex(32)
        os.environ.update(self._set)
        self._reload()

    def remove(self) -> None:
        """Remove it, once Ray has ended: other clusters have their own."""
        for name, value in self._set.items():
            if os.environ.get(name) == value:
                del os.environ[name]
        self._reload()

    def _reload(self) -> None:
        """Have Ray look at the environment again, which it otherwise does when it is imported."""
        raylet: Any = importlib.import_module("ray._raylet")
        if self._set:
            raylet.Config.initialize("")  # before the other: its threads look at both
            raylet.AuthenticationTokenLoader.instance().reset_cache()
