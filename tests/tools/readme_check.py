"""Compares README.md with its translation: both must have the same structure, commands, names and numbers.

usage: readme_check.py ENGLISH TRANSLATION; exits 1 and tells every difference if they differ. What may differ are the words.
"""

import collections
import itertools
import pathlib
import re
import sys

FENCE = "```"
_HEADING = re.compile(r"(#+) (.*)")
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_LINK = re.compile(r"\[[^]]*\]\(([^)]*)\)")
# Not the digits of a name (proto3) or inside of a number.
_NUMBER = re.compile(r"(?<![A-Za-z\d.,])\d+(?:[.,]\d+)*")
_COMMENT = re.compile(r"(^|\s)#\s.*")
# The reasons and states of the API, which stand in tables without quotes.
_CONSTANT = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")

Block = collections.namedtuple("Block", "kind line text")


def blocks_of(text):
    """Headings, code blocks, rows of tables, items of lists and paragraphs, in their order."""
    blocks, paragraph, code = [], [], None
    for number, line in enumerate(text.splitlines() + [""], 1):
        heading = _HEADING.fullmatch(line)
        begins = code is None and (heading or line.startswith(("|", "- ", FENCE)) or re.match(r"\d+\. ", line) or not line)
        if begins and paragraph:
            blocks.append(Block("paragraph", paragraph[0][0], "\n".join(part for _, part in paragraph)))
            paragraph = []
        if code is not None:
            code.append(line)
            if line == FENCE:
                blocks.append(Block("code", number - len(code) + 1, "\n".join(code)))
                code = None
        elif line.startswith(FENCE):
            code = [line]
        elif heading:
            blocks.append(Block("heading " + heading[1], number, heading[2]))
        elif line.startswith("|"):
            blocks.append(Block("row", number, line))
        elif line:
            paragraph.append((number, line))
    return blocks


def anchor_of(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links_of(block, headings, files):
    """Targets; a heading of the page itself by its number, the other language as itself."""
    anchors = {"#" + anchor_of(heading): f"heading {number}" for number, heading in enumerate(headings)}
    return [anchors.get(target, "the other language" if target in files else target)
            for target in _LINK.findall(block.text)]


def facts_of(block, headings, files):
    """What a translation keeps, by what it is."""
    if block.kind == "code":
        return {"code, less its comments": [_COMMENT.sub(r"\1#", line) for line in block.text.splitlines()]}
    words = _CODE.sub(" ", block.text)
    return {
        "columns": block.text.count("|") if block.kind == "row" else 0,
        "code": sorted(" ".join(code.split()) for _, code in _CODE.findall(block.text)),
        "links": links_of(block, headings, files),
        "numbers": sorted(_NUMBER.findall(words)),
        "constants": sorted(_CONSTANT.findall(words)),
        "emphasis": words.count("**"),
    }


def differences(paths, texts):
    """Where the two differ, one line each."""
    files = [path.name for path in paths]
    pages = [blocks_of(text) for text in texts]
    headings = [[block.text for block in page if block.kind.startswith("heading")] for page in pages]
    for pair in itertools.zip_longest(*pages):
        if None in pair or pair[0].kind != pair[1].kind:
            where = ", ".join(f"{file}:{block.line}: {block.kind}" if block else f"{file}: nothing more"
                              for file, block in zip(files, pair))
            yield f"{where}: from here on the blocks differ"
            return
        facts = [facts_of(block, *of) for block, of in zip(pair, [(headings[0], files), (headings[1], files)])]
        for what, value in facts[0].items():
            if value != facts[1][what]:
                yield f"{files[0]}:{pair[0].line} {files[1]}:{pair[1].line}: {what}: {value} and {facts[1][what]}"


def main():
    paths = [pathlib.Path(name) for name in sys.argv[1:3]]
    found = list(differences(paths, [path.read_text(encoding="utf-8") for path in paths]))
    print("\n".join(found) or "they agree")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
