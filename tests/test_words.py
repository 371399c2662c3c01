"""The prose of the project is plain technical English: words of riddles and of old books are not.

This reads pages, examples, and the strings and comments of Python sources. It leaves out code, also
code in prose, and names each file and line with a word that CONTRIBUTING.md tells to avoid.
"""

import io
import json
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: Pages and folders that are searched.
SEARCHED = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "mkdocs.yml",
    "docs",
    "examples",
    "benchmarks",
    "graphwalk",
    "tests",
)
#: It names the words that are to be avoided.
NOT_SEARCHED = {"tests/test_words.py"}
SUFFIXES = {".py", ".md", ".yml", ".ipynb", ".sbatch", ".sh", ".svg"}

#: What to avoid, and what to write instead.
AVOIDED = {
    r"anew": "again",
    r"lest": "so that … not",
    r"besides?": "next to, in addition to",
    r"but for": "except",
    r"come what may": "in any case",
    r"as it were": "nothing",
    r"thereof|therein|whence|albeit|nought|betimes": "a plain word",
    r"who(m|ever|mever)?": "that, which: threads, tasks, walkers and arrays are not persons",
    r"nobody|somebody|everybody": "the thing that is meant",
    r"so many": "the number, or its name",
    r"lets? (it |them |him )?go|letting go": "free, release, delete",
    r"(give|take)s? (it |them )?(back|up)|(given|gave|taken|took|giving|taking) (back|up)":
        "release, return, process, start",
    r"(pass|hand)(es|s|ed|ing)? (it |them )?on": "pass to, forward",
    r"in vain": "without effect",
}  # fmt: skip

#: Phrases that contain an avoided word and are right.
ALLOWED = re.compile(
    r"(user|person|people|author|reader|developer|maintainer)s? who|who\s+whom|who what|what\W+who",
    re.IGNORECASE,
)

WORDS = re.compile(rf"\b({'|'.join(AVOIDED)})\b".replace(" ", r"\s+"), re.IGNORECASE)
FENCES = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)[^`]+\1|\]\([^)]*\)|^ *(>>>|\.\.\.) .*$", re.MULTILINE)
MARKS = re.compile(r"""\b[bfru]{1,2}['"]|(?<!\w)'|'(?!\w)|[^\w\s'’.,;:!?()–—-]""")


def files():
    for name in SEARCHED:
        path = ROOT / name
        assert path.exists(), f"{path} is not there to be searched; correct SEARCHED"
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in found:
            known = file.suffix in SUFFIXES and str(file.relative_to(ROOT)) not in NOT_SEARCHED
            if known and "__pycache__" not in file.parts:
                yield file


def blank(match):
    """Return white space in place of what was found, with its ends of lines."""
    return re.sub(r"[^\n]", " ", match[0])


def prose(file):
    """Return the prose of a file, in which all else is white space, so that lines stay."""
    text = file.read_text("utf-8")
    if file.suffix == ".py":
        text = strings_and_comments(text)
    elif file.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    elif file.suffix == ".md":
        text = FENCES.sub(blank, text)
    return MARKS.sub(blank, CODE.sub(blank, text))


def strings_and_comments(source):
    lines = [[" "] * len(line) for line in source.splitlines()]
    originals = source.splitlines()
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", None)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds:
            (first, start), (last, end) = token.start, token.end
            for number in range(first, last + 1):
                line = originals[number - 1]
                left = start if number == first else 0
                right = end if number == last else len(line)
                lines[number - 1][left:right] = line[left:right]
    return "\n".join("".join(line) for line in lines)


def avoided_words(text):
    """Yield the line and the words of each place in prose that does not keep to `AVOIDED`."""
    allowed = [match.span() for match in ALLOWED.finditer(text)]
    for match in WORDS.finditer(text):
        if not any(start <= match.start() and match.end() <= end for start, end in allowed):
            yield text.count("\n", 0, match.start()) + 1, " ".join(match[0].split())


@pytest.mark.parametrize("file", list(files()), ids=lambda file: str(file.relative_to(ROOT)))
def test_prose_is_plain(file):
    found = [f"{file}:{line}: {words}" for line, words in avoided_words(prose(file))]
    assert not found, "\n".join([*found, "Words to avoid are in AVOIDED, with what to write."])


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("x = 1\n# begin anew\n", 2),
        ('"""Wait, lest\nit fails."""\n', 1),
        ('def f():\n    """All but\n    for one."""\n', 2),
        ("# all but\n# for one\n", 1),
        ("f'{x} who waits'\n", 1),
        ("error = ('is let '\n    f'go')\n", 1),
    ],
)
def test_words_to_avoid_are_found_in_python(tmp_path, source, line):
    file = tmp_path / "module.py"
    file.write_text(source)
    assert [number for number, _ in avoided_words(prose(file))] == [line]


@pytest.mark.parametrize(
    "source", ["anew = 1\n", '"""Users who wait, as `who` or ``anew``."""\n', "# the least\n"]
)
def test_code_and_other_words_are_left_alone(tmp_path, source):
    file = tmp_path / "module.py"
    file.write_text(source)
    assert list(avoided_words(prose(file))) == []


def test_code_in_pages_is_left_alone(tmp_path):
    file = tmp_path / "page.md"
    file.write_text("Text\n\n```python\nanew = 1\n```\n\n`so many`, and so many.\n")
    assert list(avoided_words(prose(file))) == [(7, "so many")]
