"""The example programs of the upstream's page, taken out of it, and the few words of them that a caller changes."""

import re

from harness import ROOT

# The page's examples, verbatim; what precedes them is ours.
PAGE_EXTRACT = ROOT / "tests/data/upstream_page_programs.md"
EXAMPLES_BEGIN = "<RequestExample>\n"
EXAMPLES_END = "</RequestExample>\n"
# What a caller changes, and all of it.
UPSTREAM_BASE_URL = "https://xcompute.us"
TOKEN = "<token>"

# "  ```bash cURL theme={null} theme={null}": the title tells the programs apart.
_PROGRAM = re.compile(r"^  ```\w+ (\S+) theme=[^\n]*\n(.*?)^  ```$", re.MULTILINE | re.DOTALL)


def examples_of(page):
    """The part of a page, or of our extract of it, that holds the programs."""
    return page[page.index(EXAMPLES_BEGIN):page.index(EXAMPLES_END) + len(EXAMPLES_END)]


def programs():
    """The text of each program by its title on the page."""
    examples = examples_of(PAGE_EXTRACT.read_text(encoding="utf-8"))
    # They are inside of an element, by which they are indented.
    return {title: re.sub("^  ", "", text, flags=re.MULTILINE) for title, text in _PROGRAM.findall(examples)}


def for_genledger(program, base_url, token):
    """The program with another base URL and another token, each of which stands in it once."""
    for old, new in ((UPSTREAM_BASE_URL, base_url), (TOKEN, token)):
        if program.count(old) != 1:
            raise AssertionError(f"{old} is in the program {program.count(old)} times")
        program = program.replace(old, new)
    return program
