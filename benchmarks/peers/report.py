"""The results as Markdown tables and as plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.peers.exactness import BIASES, LENGTH, NUM_WALKS, REPLICATES
from benchmarks.peers.samplers import SAMPLERS
from benchmarks.peers.walks import FULL, KINDS, Figures, figures_of, select, versions_of

if TYPE_CHECKING:
    from pathlib import Path

Records = list[dict[str, Any]]


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table, padded so that it can be read as text too."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in [head, *rows]
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def graphs_in(records: Records) -> list[str]:
    """Return the names of the graphs, in the order in which they were measured."""
    return list(dict.fromkeys(record["graph"] for record in records))


def summary(records: Records, every: int) -> str:
    """Return one table of the rates with all cores, or one core if a package uses no more."""
    graphs = graphs_in(records)
    rows = []
    for name in SAMPLERS:
        mine = [select(records, graph=graph, sampler=name) for graph in graphs]
        found = [_best(some, kind, name, every) for kind in KINDS for some in mine]
        row = [f"{figures.rate:.3g}" if figures else "–" for figures in found]
        if any(found):
            rows.append([name, *row])
    head = [f"{graph}, {kind.split(' (')[0]}" for kind in KINDS for graph in graphs]
    return table([f"M steps/s, {every} cores", *head], rows)


def _best(records: Records, kind: str, name: str, every: int) -> Figures | None:
    """Return the figures with all cores, or with one if the sampler uses no more."""
    cores = every if SAMPLERS[name].threads else 1
    return figures_of(select(records, cores=cores), kind)


def walks_text(records: Records, every: int) -> str:
    """Return a table for each graph and kind of walk."""
    parts = []
    for graph in graphs_in(records):
        for kind in KINDS:
            head = ["", "load, s", "first call, s", "M steps/s, 1 core"]
            head += [f"M steps/s, {every} cores"] if every > 1 else []
            head += ["peak MiB", "walks from", "rounds", "walks right"]
            rows = [
                _walks_row(select(records, graph=graph, sampler=name), kind, name, every)
                for name in SAMPLERS
                if select(records, graph=graph, sampler=name)
            ]
            parts.append(f"### {graph}, {kind}\n\n{table(head, rows)}\n")
    return "\n".join(parts)


def _walks_row(records: Records, kind: str, name: str, every: int) -> list[str]:
    """Return the row of a sampler; for one that failed, with the reason instead of figures."""
    by_cores = {n: figures_of(select(records, cores=n), kind) for n in {1, every}}
    rates = [_rate(records, by_cores[n], kind, name, n) for n in sorted(by_cores)]
    best = by_cores[every] or by_cores[1]
    if best is None:
        return [name, "–", "–", *rates, "–", "–", "–", "–"]
    many = f"{best.walks:,} nodes" if best.walks < best.of else "all nodes"
    wrong = next((f.wrong for f in by_cores.values() if f and f.wrong), "")
    numbers = [f"{best.load:.2f}", f"{best.first:.2f}"]
    rest = [f"{best.memory:,.0f}", many, str(best.rounds), wrong or "yes"]
    return [name, *numbers, *rates, *rest]


def _rate(records: Records, figures: Figures | None, kind: str, name: str, cores: int) -> str:
    if figures:
        return f"{figures.rate:.3g}"
    if KINDS[kind] != (1.0, 1.0) and not SAMPLERS[name].second_order:
        return "has no node2vec"
    if cores > 1 and not SAMPLERS[name].threads:
        return "one thread"
    return next((r["failure"] for r in select(records, cores=cores) if r["failure"]), "–")


def exactness_text(records: Records) -> str:
    """Return a table for each small graph: distances of the samplers and of exact samplers."""
    parts = []
    for graph in graphs_in(records):
        head = ["", *(f"p {p:g}, q {q:g}" for p, q in BIASES), "steps", "no edges"]
        rows, exact = [], None
        for name in SAMPLERS:
            mine = select(records, graph=graph, sampler=name)
            found = {(r["p"], r["q"]): r for r in mine if "sampled" in r}
            why = next((r["failure"] for r in mine if "failure" in r), "")
            if not mine:
                continue
            exact = exact or found
            cells = [_distance_cell(found.get(bias), why) for bias in BIASES]
            steps = {f"{r['steps']:,}" for r in found.values()} or {"–"}
            wrong = str(sum(r["impossible"] for r in found.values())) if found else "–"
            rows.append([name, *cells, max(steps), wrong])
        parts.append(f"### {graph}\n\n{table(head, rows)}\n")
    return "\n".join(parts)


def _distance_cell(record: dict[str, Any] | None, why: str) -> str:
    if record is None:
        return why or "–"
    mark = " **!**" if record["sampled"] > record["largest"] else ""
    return f"{record['sampled']:.5f} ({record['expected']:.5f}){mark}"


def page(measured: dict[str, Any]) -> str:
    """Return the whole page, with the parts that were measured."""
    every = measured["cores"]
    parts = [
        f"""# graphwalk compared with other libraries

{measured["machine"]}. The method: [docs/peers.md](../../docs/peers.md).
"""
    ]
    if measured["walks"]:
        parts.append(f"""## Walks

Walks have 80 steps and start at each node that has neighbours, or, if that takes more than
{FULL:.0f} s, at a sample of these nodes. Figures are medians; the machine has {every} cores.

### All graphs

{summary(measured["walks"], every)}

{walks_text(measured["walks"], every)}
![Rates of walks](peers-walks.png)
""")
    if measured["exactness"]:
        parts.append(f"""## Exactness

The mean total variation distance between sampled and exact transition probabilities, and in
brackets the mean of {REPLICATES} exact samplers with as many draws. **!** marks distances above the
largest of these. There are {NUM_WALKS:,} walks of {LENGTH} steps from each node. The last column
counts steps that follow no edge.

{exactness_text(measured["exactness"])}
![Distances over those of an exact sampler](peers-exactness.png)
""")
    if measured["builds"]:
        parts.append(f"## Builds\n\n{measured['builds']}")
    if versions := versions_of(measured["walks"]):
        rows = [[name, text] for name, text in versions.items()]
        parts.append(f"## Versions\n\n{table(['', 'versions'], rows)}\n")
    return "\n".join(parts)


def plot_walks(records: Records, every: int, path: Path) -> None:
    """Plot the rates on all cores, or on one if a peer uses no more, to a PNG file."""
    plt = _pyplot()
    names = graphs_in(records)
    figure, axes = plt.subplots(
        len(names), len(KINDS), figsize=(11, 3.2 * len(names)), squeeze=False, layout="constrained"
    )
    for row, graph in zip(axes, names, strict=True):
        for axis, kind in zip(row, KINDS, strict=True):
            rates = {}
            for name in SAMPLERS:
                mine = select(records, graph=graph, sampler=name)
                if found := _best(mine, kind, name, every):
                    rates[name] = found.rate
            bars = axis.barh(list(rates), list(rates.values()), log=True, color=_colours(rates))
            axis.bar_label(bars, fmt="{:.3g}", padding=2, fontsize=7)
            axis.invert_yaxis()
            axis.margins(x=0.15)
            axis.set_title(f"{graph}, {kind}", fontsize=9)
            axis.set_xlabel("million steps a second", fontsize=8)
            axis.tick_params(labelsize=8)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_exactness(records: Records, path: Path) -> None:
    """Plot each distance divided by that of an exact sampler with as many draws, to a PNG file."""
    plt = _pyplot()
    names = graphs_in(records)
    figure, axes = plt.subplots(
        1, len(names), figsize=(6 * len(names), 4.5), squeeze=False, layout="constrained"
    )
    for axis, graph in zip(axes[0], names, strict=True):
        for p, q in BIASES:
            found = [r for r in select(records, graph=graph) if (r.get("p"), r.get("q")) == (p, q)]
            ratios = [r["sampled"] / r["expected"] for r in found]
            axis.plot(ratios, [r["sampler"] for r in found], "o", alpha=0.6, label=f"{p:g}, {q:g}")
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set_xscale("log")
        axis.set_title(graph, fontsize=9)
        axis.set_xlabel("distance, over that of an exact sampler", fontsize=8)
        axis.tick_params(labelsize=8)
        axis.invert_yaxis()
    axes[0][0].legend(title="p, q", fontsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _colours(names: dict[str, float]) -> list[str]:
    return ["tab:blue" if name.startswith("graphwalk") else "tab:gray" for name in names]


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt
