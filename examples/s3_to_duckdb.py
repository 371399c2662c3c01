"""Walk a graph whose edges are a Parquet file on S3, write the walks there, and count visits.

    python examples/s3_to_duckdb.py s3://bucket/edges.parquet s3://bucket/walks.parquet

`--endpoint` names another server of S3's protocol. Credentials come from the environment.
"""

from __future__ import annotations

import argparse

import duckdb
import pyarrow as pa

import graphwalk


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("edges")
    parser.add_argument("walks")
    parser.add_argument("--endpoint")
    args = parser.parse_args(arguments)
    options = {"endpoint_url": args.endpoint} if args.endpoint else {}

    graph = graphwalk.build_zarr(args.edges, storage_options=options)
    walks = graphwalk.random_walks(graph, num_walks=5, walk_length=10, seed=1)
    graphwalk.write_walks(walks, args.walks, storage_options=options)

    # Counts of the same walks. DuckDB reads the table where it lies in memory.
    counts = graphwalk.visit_counts(graph, num_walks=5, walk_length=10, seed=1)
    visits = duckdb.from_arrow(pa.table(graphwalk.to_arrow(counts)))
    print(visits.order("2 DESC, 1").limit(5))


if __name__ == "__main__":
    main()
