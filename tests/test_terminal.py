"""Names and paths with escape sequences, which a terminal would obey, are printed escaped."""

import json

import numpy as np
import pytest

import graphwalk
from graphwalk.cli.main import main
from graphwalk.errors import GraphwalkError, printable

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r"


@pytest.fixture
def store(tmp_path):
    path = tmp_path / f"g{EVIL}"
    graph = graphwalk.build_zarr([("a", f"b{EVIL}"), ("c", "a")], path)
    graphwalk.set_node_types(graph, ["x", f"y{EVIL}", "x"])
    return path


def is_plain(text):
    return all(char.isprintable() or char in "\n\t" for char in text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "{store}"],
        ["info", "{store}", "--json"],
        ["validate", "{store}"],
        ["walk", "{store}", "{folder}/w{evil}.npy", "--walk-length=3"],
        ["walk", "{store}", "{folder}/w.npy", "--start-nodes=n{evil}"],
        ["walk", "{store}", "{folder}/w{evil}.tex"],
        ["info", "{folder}/nothing{evil}"],
        ["build", "{folder}/nothing{evil}", "{folder}/h"],
    ],
)
def test_the_command_prints_no_escape_sequences(arguments, store, tmp_path, capsys):
    main([text.format(store=store, folder=tmp_path, evil=EVIL) for text in arguments])
    out, err = capsys.readouterr()
    assert is_plain(out)
    assert is_plain(err)
    assert "\\x1b" in out + err or "\\u001b" in out + err


def test_json_tells_the_names_as_they_are(store, capsys):
    main(["info", str(store), "--json"])
    assert json.loads(capsys.readouterr().out)["path"] == str(store)


def test_errors_and_tables_in_python(store):
    graph = graphwalk.open_zarr(store)
    with pytest.raises(GraphwalkError) as caught:
        graph.index_of(f"z{EVIL}")
    for text in (str(caught.value), repr(graph), str(graph.validate()), str(graph.summary())):
        assert is_plain(text)
    assert is_plain(str(graphwalk.plan_walks(graph, walk_length=2)))


def test_what_can_be_printed_is_not_changed():
    assert printable("Çeşme 東京\n\t😀") == "Çeşme 東京\n\t😀"
    assert printable("a\x1b\udc80") == "a\\x1b\\udc80"
    assert np.all([printable(chr(code)).isprintable() for code in range(0x7F, 0xA0)])
