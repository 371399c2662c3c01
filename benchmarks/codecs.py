"""Codecs for neighbours: their compression, and the speed of decoding on one core.

Run with ``python -m benchmarks.codecs``. Every codec verifies checksums and decodes chunks into
allocated memory. Times are the minimum of several rounds, which alternate with other codecs.
"""

from __future__ import annotations

import argparse
from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import google_crc32c
import numpy as np
from numcodecs import Blosc, Delta, Zstd, blosc

from benchmarks.rmat import rmat_edges

if TYPE_CHECKING:
    from collections.abc import Iterator

NODES_OF_THE_POST, DEGREE_OF_THE_POST = 150_000_000, 75


class Codec(NamedTuple):
    """A compressor of bytes; if `delta` is set, it compresses differences."""

    name: str
    compressor: Blosc | Zstd | None
    delta: bool = False

    def encode(self, chunk: np.ndarray) -> tuple[bytes, int]:
        """Return the stored bytes of a chunk, and their checksum."""
        values = Delta(chunk.dtype).encode(chunk) if self.delta else chunk
        data = self.compressor.encode(values) if self.compressor else values.tobytes()
        return bytes(data), google_crc32c.value(bytes(data))

    def decode(self, stored: tuple[bytes, int], out: np.ndarray) -> None:
        """Verify the checksum and write the chunk to `out`."""
        data, checksum = stored
        if google_crc32c.value(data) != checksum:
            raise ValueError("checksum")
        if self.compressor is None:
            out[:] = np.frombuffer(data, out.dtype)
        else:
            self.compressor.decode(data, out)
        if self.delta:
            np.cumsum(out, out=out)


def codecs() -> Iterator[Codec]:
    yield Codec("none", None)
    for (cname, level), (mode, shuffle) in product(
        [("lz4", 1), ("lz4", 5), ("lz4", 9), ("zstd", 1), ("zstd", 5)],
        [("shuffle", Blosc.SHUFFLE), ("bitshuffle", Blosc.BITSHUFFLE)],
    ):
        yield Codec(f"blosc {cname} {level}, {mode}", Blosc(cname, level, shuffle))
    yield Codec("zstd 1", Zstd(1))
    for cname, level in [("lz4", 5), ("zstd", 1)]:
        compressor = Blosc(cname, level, Blosc.BITSHUFFLE)
        yield Codec(f"delta, blosc {cname} {level}, bitshuffle", compressor, delta=True)


def rmat_neighbors(scale: int) -> np.ndarray:
    """Return the neighbours of an undirected R-MAT graph, int32, sorted within each row."""
    src, dst = rmat_edges(scale).astype(np.int64)
    keys = np.concatenate([src << 32 | dst, dst << 32 | src])
    keys.sort()
    return keys.astype(np.int32)


def uniform_neighbors(entries: int) -> np.ndarray:
    """Return rows of 75 sorted ids drawn from 150 million, int32."""
    shape = (entries // DEGREE_OF_THE_POST, DEGREE_OF_THE_POST)
    rows = np.random.default_rng(1).integers(NODES_OF_THE_POST, size=shape, dtype=np.int32)
    rows.sort(axis=1)
    return rows.ravel()


def measure(
    values: np.ndarray, chunk_bytes: int, rounds: int
) -> Iterator[tuple[Codec, float, float, float]]:
    """Yield for each codec: bytes an entry, bytes decoded a second, bytes encoded a second."""
    length = chunk_bytes // values.itemsize
    chunks = values[: len(values) // length * length].reshape(-1, length)
    out = np.empty(length, values.dtype)
    cases = list(codecs())
    encoded, encoding = {}, {}
    for codec in cases:
        start = perf_counter()
        encoded[codec.name] = [codec.encode(chunk) for chunk in chunks]
        encoding[codec.name] = perf_counter() - start
    best = dict.fromkeys(encoded, np.inf)
    for _ in range(rounds):
        for codec in cases:
            start = perf_counter()
            for stored in encoded[codec.name]:
                codec.decode(stored, out)
            best[codec.name] = min(best[codec.name], perf_counter() - start)
            if not np.array_equal(out, chunks[-1]):
                raise AssertionError(codec.name)
    for codec in cases:
        size = sum(len(data) + 4 for data, _ in encoded[codec.name])
        rates = chunks.nbytes / best[codec.name], chunks.nbytes / encoding[codec.name]
        yield codec, size / chunks.size, *rates


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.codecs", description=__doc__)
    parser.add_argument("--scale", type=int, default=21, help="2**SCALE nodes (default: 21)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement")
    parser.add_argument("--mib", type=int, nargs="+", default=[1, 4, 16], help="chunk sizes")
    args = parser.parse_args()
    blosc.use_threads = False
    rmat = rmat_neighbors(args.scale)
    graphs = {f"R-MAT 2^{args.scale}": rmat, "rows of 75": uniform_neighbors(len(rmat))}
    print("| graph | chunk, MiB | codec | bytes an entry | read, GB/s | write, GB/s |")
    print("|---|---|---|---|---|---|")
    for (graph, values), mib in product(graphs.items(), args.mib):
        for codec, size, read, write in measure(values, mib << 20, args.rounds):
            rates = f"{read / 1e9:.2f} | {write / 1e9:.2f}"
            print(f"| {graph} | {mib} | {codec.name} | {size:.2f} | {rates} |", flush=True)


if __name__ == "__main__":
    main()
