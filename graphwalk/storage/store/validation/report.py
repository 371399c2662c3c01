"""The result of a validation."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphwalk.errors import StoreError

#: Problems that are listed; further ones are only counted.
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Validation:
    """The result of `Graph.validate`; `print` shows it as text.

    Attributes
    ----------
    path : str
        The store.
    problems : tuple of str
        The first 20 problems, each with its place.
    num_problems : int
        The number of problems.
    unchecked : tuple of str
        What could not be checked because of the problems.
    facts : dict
        Counts by name: nodes, entries, self-loops, parallel entries.
    """

    path: str
    problems: tuple[str, ...]
    num_problems: int
    unchecked: tuple[str, ...]
    facts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether there are no problems."""
        return not self.problems

    def raise_if_damaged(self) -> None:
        """Raise StoreError unless the store is `ok`."""
        if not self.ok:
            several = f"{self.num_problems} problems, the first: " if self.num_problems > 1 else ""
            raise StoreError(f"{self.path} is damaged: {several}{self.problems[0]}; build it again")

    def __str__(self) -> str:
        facts = ", ".join(f"{number:,} {name}" for name, number in self.facts.items())
        if self.ok:
            return f"{self.path} is sound: {facts}."
        number = "a problem" if self.num_problems == 1 else f"{self.num_problems} problems"
        lines = [f"{self.path} has {number}:", *(f"- {text}" for text in self.problems)]
        if self.num_problems > len(self.problems):
            lines.append(f"- and {self.num_problems - len(self.problems)} more")
        if self.unchecked:
            lines.append(f"Not checked for that: {', '.join(self.unchecked)}.")
        return "\n".join(lines)


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
