"""The attributes of a store, checked before anything is made of them.

Each value is of the right type and within bounds, whatever the file says. Keys that are not known
are ignored, so that stores of later versions can be read.
"""

from __future__ import annotations

import json
from dataclasses import fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from graphwalk.errors import StoreError, argument, function
from graphwalk.storage.store.format import (
    CHECKSUMS,
    FORMAT,
    MANIFEST_FORMAT,
    GraphInfo,
    NodeTypes,
    Statistics,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Attributes that stores of earlier versions of graphwalk do not have.
OPTIONAL = (
    *("digest", "label_digest", "node_types", "timed", "edge_types", "unconnected_nodes"),
    *("time_unit", "manifest", "transposed_from", "updated_from", "num_touched", "label_runs"),
    *("reordered_from", "weightless_rows"),
)

#: Attributes that the seal covers, with those that are reserved; it is the same in all of format 2.
SEALED = (
    *("format", "num_nodes", "num_entries", "num_edges", "directed", "weighted", "timed", "labels"),
    *("time_unit", "edge_types", "node_types", "digest", "label_digest", "unconnected_nodes"),
    *("manifest", "statistics", "transposed_from", "reordered_from", "updated_from", "num_touched"),
    *("label_runs", "complete"),
)

#: Codes of types are bytes, of which the largest stands for what is missing.
_MOST_TYPES = 255

_LARGEST = 2**63 - 1


def read_info(location: str, attributes: Mapping[str, Any]) -> GraphInfo:
    """Return what the attributes of the store at `location` say.

    Raises
    ------
    StoreError
        When the store is incomplete or too new, or an attribute is missing or cannot be right.
    """
    _check_version(location, attributes)
    names = [field.name for field in fields(GraphInfo)]
    missing = [name for name in names if name not in attributes and name not in OPTIONAL]
    if missing:
        raise StoreError(f"{location}: the attributes lack {missing[0]!r}; build the store again")
    values: dict[str, Any] = {name: attributes.get(name) for name in names}
    values["timed"] = attributes.get("timed", False)
    for name, is_right in _CHECKS.items():
        if not is_right(values[name]):
            raise _wrong(location, name, values[name])
    _check_seal(location, attributes)
    if values["timed"] and values["edge_types"] is not None:
        raise _wrong(location, "timed", values["timed"])
    statistics = values["statistics"]
    values["statistics"] = Statistics(
        **{field.name: statistics[field.name] for field in fields(Statistics)}
    )
    if types := values["node_types"]:
        values["node_types"] = NodeTypes(tuple(types["names"]), types["digest"])
    for name in ("edge_types", "label_runs"):
        if values[name] is not None:
            values[name] = tuple(values[name])
    if (values["label_runs"] or (0,))[-1] > max(0, values["num_nodes"] - 1):
        raise _wrong(location, "label_runs", values["label_runs"])
    info = GraphInfo(**values)
    lacking = [name for name in info.array_names if name not in (info.manifest or {})]
    if info.manifest is not None and lacking:
        raise StoreError(f"{location}: the manifest lacks {lacking[0]!r}; build the store again")
    return info


def seal_of(attributes: Mapping[str, Any]) -> str:
    """Return a checksum of a store's attributes, those aside that this version does not know."""
    known = {name: attributes[name] for name in SEALED if name in attributes}
    names = [field.name for field in fields(Statistics)]
    known["statistics"] = {name: known["statistics"][name] for name in names}
    text = json.dumps(known, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _check_seal(location: str, attributes: Mapping[str, Any]) -> None:
    """Raise StoreError unless attributes are those that were written; format 1 cannot tell."""
    sealed = attributes["format"] >= MANIFEST_FORMAT
    if sealed != ("seal" in attributes) or sealed != (attributes.get("manifest") is not None):
        raise _wrong(location, "format", attributes["format"])
    if sealed and attributes["seal"] != seal_of(attributes):
        raise StoreError(
            f"{location}: the attributes are not those that were written (they differ from their "
            "checksum, 'seal'); build the store again"
        )


def _check_version(location: str, attributes: Mapping[str, Any]) -> None:
    version: Any = attributes.get("format")
    if not _is_count(version) or version < 1:
        raise _wrong(location, "format", version)
    if version > FORMAT:
        raise StoreError(
            f"{location} has format {version}, and this graphwalk reads formats up to {FORMAT}; "
            "install a newer graphwalk"
        )
    if attributes.get("complete") is not True:
        raise StoreError(
            f"{location} is incomplete: the build that wrote it did not finish; "
            f"make it again by {function('build_zarr')} with {argument('overwrite', True)}"
        )


def _wrong(location: str, name: str, value: Any) -> StoreError:
    text = repr(value)
    text = text if len(text) <= 40 else f"{text[:36]}…"
    return StoreError(f"{location}: the attribute {name!r} is {text}; build the store again")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_statistics(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    quantiles = value.get("degree_quantiles")
    counts = ("isolated_nodes", "self_loops", "dropped_loops", "merged_edges")
    return (
        all(_is_count(value.get(name)) for name in counts)
        and isinstance(quantiles, list)
        and len(quantiles) > 0
        and all(map(_is_count, quantiles))
    )


def _is_node_types(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict) or not isinstance(value.get("digest"), str):
        return False
    names = value.get("names")
    if not isinstance(names, list) or len(names) > _MOST_TYPES:
        return False
    kinds = {type(name) for name in names}
    return kinds in (set(), {str}, {int}) and len(set(names)) == len(names)


def _is_manifest(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and all(
            isinstance(of, dict)
            and isinstance(of.get(CHECKSUMS), str)
            and _is_count(of.get("columns", 0))
            for of in value.values()
        )
    )


def _is_ascending(value: Any, first: int, last: int) -> bool:
    return value is None or (
        isinstance(value, list)
        and all(_is_count(item) and first <= item <= last for item in value)
        and value == sorted(set(value))
    )


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "num_nodes": _is_count,
    "num_entries": _is_count,
    "num_edges": _is_count,
    "directed": lambda value: isinstance(value, bool),
    "weighted": lambda value: isinstance(value, bool),
    "timed": lambda value: isinstance(value, bool),
    "labels": lambda value: value is None or value in ("int64", "string"),
    "statistics": _is_statistics,
    "digest": _is_text,
    "label_digest": _is_text,
    "node_types": _is_node_types,
    "edge_types": lambda value: _is_ascending(value, 0, _MOST_TYPES - 1),
    "label_runs": lambda value: _is_ascending(value, 1, _LARGEST),
    "time_unit": _is_text,
    "transposed_from": _is_text,
    "updated_from": _is_text,
    "reordered_from": _is_text,
    "unconnected_nodes": lambda value: value is None or _is_count(value),
    "num_touched": lambda value: value is None or _is_count(value),
    "weightless_rows": lambda value: value is None or _is_count(value),
    "manifest": _is_manifest,
}
