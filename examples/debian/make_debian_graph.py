"""Make the dependency graph of a Debian release's packages from an apt package index.

    python make_debian_graph.py                     # the index of `apt-get update`
    python make_debian_graph.py Packages.xz -o depends.parquet

The result is a Parquet file with one row an edge, ordered by `source`, then `target`:

- An edge leads from a package to each package that its Depends and Pre-Depends name. Version
  constraints and architecture qualifiers such as ``:any`` are left out.
- Every alternative (``a | b``) gets an edge, since each of them can meet the dependency.
- A virtual package is a name that no package has, but that some packages provide. For the same
  reason, all of its providers get an edge. If a package has the name, only this package gets one.
- Other names are dropped, and no edge leads from a package to itself.
"""

from __future__ import annotations

import argparse
import lzma
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

APT_LISTS = Path("/var/lib/apt/lists")
OUTPUT = Path(__file__).with_name("debian_depends.parquet")

FIELD = re.compile(r"^(Package|Provides|Depends|Pre-Depends):((?:.*\n?)(?:[ \t].*\n?)*)", re.M)
NAME = re.compile(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]*)")


def read_index(path: Path) -> str:
    """Return the text of a package index: plain, .gz, .xz, .lz4, .bz2 or .zst."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes()).decode()
    with pa.input_stream(str(path), compression="detect") as stream:
        text: bytes = stream.read()
        return text.decode()


def stanzas(index: str) -> Iterator[dict[str, str]]:
    """Yield the fields that are used here, one dictionary a package."""
    for stanza in re.split(r"\n\s*\n", index):
        fields = dict(FIELD.findall(stanza))
        if fields:
            yield fields


def names(field: str) -> list[str]:
    """Return the package names in a relationship field, alternatives included."""
    return NAME.findall(field)


def providers_of_names(packages: Iterable[Mapping[str, str]]) -> dict[str, set[str]]:
    """Return, for every name a dependency may use, the packages that can meet it."""
    real: dict[str, set[str]] = {}
    virtual: defaultdict[str, set[str]] = defaultdict(set)
    for fields in packages:
        package = fields["Package"].strip()
        real[package] = {package}
        for name in names(fields.get("Provides", "")):
            virtual[name].add(package)
    return virtual | real


def depends(index: str) -> list[tuple[str, str]]:
    """Return the edges of an index's dependency graph, ascending, without duplicates."""
    packages = list(stanzas(index))
    providers = providers_of_names(packages)
    edges = set()
    for fields in packages:
        source = fields["Package"].strip()
        wanted = names(fields.get("Pre-Depends", "")) + names(fields.get("Depends", ""))
        edges.update((source, target) for name in wanted for target in providers.get(name, ()))
    return sorted((source, target) for source, target in edges if source != target)


def write_parquet(edges: list[tuple[str, str]], path: Path) -> None:
    """Write the edges as two string columns, `source` and `target`."""
    sources, targets = zip(*edges, strict=True)
    table = pa.table({"source": pa.array(sources), "target": pa.array(targets)})
    pq.write_table(table, path, compression="zstd", compression_level=19)


def find_index(release: str, lists: Path = APT_LISTS) -> Path:
    """Return the index of `release`'s main section among the lists of `apt-get update`."""
    found = sorted(lists.glob(f"*debian_dists_{release}_main_binary-*_Packages*"))
    if len(found) != 1:
        which = "none" if not found else ", ".join(path.name for path in found)
        sys.exit(
            f"expected one index of {release}'s main section in {lists}, found {which}; "
            "run `apt-get update`, or name the index to read"
        )
    return found[0]


def main() -> None:
    """Read an index and write its graph."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", nargs="?", type=Path, help="a Packages file, compressed or not")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT, help="Parquet file to write")
    parser.add_argument(
        "--release", default="bookworm", help="the release whose index is read if none is named"
    )
    args = parser.parse_args()
    edges = depends(read_index(args.index or find_index(args.release)))
    if not edges:
        sys.exit(f"{args.index}: no dependencies in it; is it a package index?")
    write_parquet(edges, args.output)
    num_nodes = len({name for edge in edges for name in edge})
    print(f"{args.output}: {num_nodes:,} packages, {len(edges):,} dependencies")


if __name__ == "__main__":
    main()
