"""Problems of a store, collected while it is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphwalk.errors import StoreError

#: Problems that are listed; further ones are only counted.
MOST_PROBLEMS = 20


@dataclass
class Problems:
    """Collects problems while a store is checked, each once."""

    location: str
    texts: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, problem: str | StoreError) -> None:
        """Note a problem; of an error, only what it says is wrong, for this store."""
        text = str(problem).replace(f" of {self.location}", "").removesuffix("; build it again")
        if text in self.texts:
            return
        self.count += 1
        if len(self.texts) < MOST_PROBLEMS:
            self.texts.append(text)
