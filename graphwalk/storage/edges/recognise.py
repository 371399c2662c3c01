"""What a file holds, told by its first bytes, whatever it is called.

Formats that are not read are refused by their names, with the call that reads them: parsed as
lists of edges, their lines would make a wrong graph.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from graphwalk.errors import InputError, passing

if TYPE_CHECKING:
    from graphwalk.storage.edges.file import File

_HEAD_BYTES = 1 << 12

#: First bytes of the kinds of files that are read, by the suffix that they usually have.
_READ = {
    b"PAR1": ".parquet",
    b"ARROW1": ".feather",
    b"FEA1": ".feather",
    b"\xff\xff\xff\xff": ".arrows",
    b"ORC": ".orc",
    b"\x93NUMPY": ".npy",
}

#: First bytes of others, what they are, and what to do.
_REFUSED_BYTES = {
    b"\x89HDF": ("an HDF5 file", "its arrays, by h5py"),
    b"SQLite format 3": ("an SQLite database", "pandas.read_sql of its edges"),
    b"RDX": ("data of R", "what R's write.csv makes of it"),
    b"MATLAB": ("a MATLAB file", "a matrix of scipy.io.loadmat(path)"),
    b"\x80\x02": ("a pickle", "what pickle.load gives, if you trust it"),
    b"\x80\x03": ("a pickle", "what pickle.load gives, if you trust it"),
    b"\x80\x04": ("a pickle", "what pickle.load gives, if you trust it"),
    b"\x80\x05": ("a pickle", "what pickle.load gives, if you trust it"),
    b"PK\x03\x04": (
        "a zip archive, an Excel table or a file of PyTorch",
        "what is in it, pandas.read_excel(path), or the tensor that torch.load gives",
    ),
    b"%PDF": ("a PDF document", "the data themselves"),
}


#: What programs write above the content of a file of any format.
_COMMENTS = re.compile(r"\A(\s*([%#]|//)[^\n]*\n|\s*/\*[\s\S]*?\*/)+\s*")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_DIMACS = "a file of its lines that begin with 'a' or 'e' (grep '^[ae]'), whose columns are 1 and 2"

#: How text of other formats begins, what it is, and what to do.
_REFUSED_TEXT = (
    (_pattern(r"\*(vertices|network|arcs|edges)"), "a Pajek file", "networkx.read_pajek(path)"),
    (_pattern(r"<[^>]*>?\s*[\s\S]*<graphml|<graphml"), "GraphML", "networkx.read_graphml(path)"),
    (_pattern(r"<[^>]*>?\s*[\s\S]*<gexf|<gexf"), "GEXF", "networkx.read_gexf(path)"),
    (_pattern(r"<!doctype html|<html"), "a web page", "the file to which it leads"),
    (_pattern(r"<\?xml"), "XML", "a list of the edges in it"),
    (_pattern(r"((creator|version|comment)\b.*\s+)*graph\s*\["), "GML", "networkx.read_gml(path)"),
    (
        _pattern(r"(strict\s+)?(di)?graph\b[^\n]*\{"),
        "a DOT file",
        "networkx.nx_pydot.read_dot(path)",
    ),
    (_pattern(r"\*(node|tie)\s+(data|properties)"), "a VNA file", "a list of the edges in it"),
    (_pattern(r"nodedef\s*>"), "a GDF file", "a table of its edges"),
    (_pattern(r">>(graph|sparse)6<<"), "graph6", "networkx.read_graph6(path)"),
    (_pattern(r"LEDA\.GRAPH"), "a LEDA file", "networkx.read_leda(path)"),
    (_pattern(r"dl\b[\s\S]{0,80}?\bn\s*="), "a UCINET file", "a list of the edges in it"),
    (_pattern(r"(c\b.*\s+)*p\s+[a-z]+\s+\d+\s+\d+"), "a DIMACS file", _DIMACS),
    (
        _pattern(r"(\{[^\n]*\}|\[\"[^\n]*\])[ \t\r]*\n\s*[{[]|\{\s*\"[^{}\[\]]*\}\s*\Z"),
        "JSON lines",
        "pandas.read_json(path, lines=True)",
    ),
    (_pattern(r"[{[]\s*[\"{\]\[}]"), "JSON", "pandas.read_json(path), or the graph that it holds"),
    (
        _pattern(
            r"@(prefix|base)\b|(prefix|base)\s+\S*\s*<"
            r"|(<\S+|_:\w+)\s+<\S+>\s[^\n]*\.[ \t\r]*(\n|\Z)"
        ),
        "RDF",
        "the subject and the object of each triple that rdflib reads, as strings",
    ),
    (
        _pattern(r"version https://git-lfs"),
        "a pointer of Git LFS",
        "the file itself, which git lfs pull gets",
    ),
)


def content_suffix(file: File) -> str | None:
    """Return the suffix that a file should have by its first bytes; None where they say nothing.

    Raises
    ------
    InputError
        When it is a file of a format that is not read.
    """
    with file.open() as raw:
        head = raw.read(_HEAD_BYTES)
    for magic, suffix in _READ.items():
        if head.startswith(magic):
            return suffix
    if head.startswith(b"PK\x03\x04") and (b".npy" in head[:128] or file.suffixes[0] == ".npz"):
        return ".npz"
    for magic, (what, remedy) in _REFUSED_BYTES.items():
        if head.startswith(magic):
            raise InputError(f"{file.name} is {what}, which is not read; {passing(remedy)}")
    return None


def text_suffix(file: File) -> str | None:
    """Return ``.mtx`` for text in the Matrix Market format, and None for text of no format.

    Raises
    ------
    InputError
        When it is text of another format.
    """
    from graphwalk.storage.edges.text.decode import opened_text

    with opened_text(file) as stream:
        head = stream.read(_HEAD_BYTES).decode(errors="replace").lstrip()
    if head.lower().startswith("%%matrixmarket"):
        return ".mtx"
    head = _COMMENTS.sub("", head, count=1)
    for pattern, what, remedy in _REFUSED_TEXT:
        if pattern.match(head):
            raise InputError(
                f"{file.name} is {what}, which is not read as edges; {passing(remedy)}"
            )
    return None
