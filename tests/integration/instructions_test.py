"""How many instructions the hot paths of reads and repeats take, against tests/bench/instructions/expected_counts.json.

Seconds are noise on a shared machine; valgrind's callgrind counts the same on every run. The counts are those of one
compiler and its libraries: with others this test is skipped, and says so. A path that takes 10 % more than expected fails;
so does one that takes 10 % less, because it would hide the next regression. To write the counts anew, after having looked
at why they changed:
    bazel build --config=opt //tests/bench/instructions:hot_paths
    /usr/bin/python3 tests/integration/instructions_test.py --renew
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "bazel-bin/tests/bench/instructions/hot_paths"
EXPECTED = ROOT / "tests/bench/instructions/expected_counts.json"
# Calls that are counted: more where they are short.
PATHS = {
    "validate": 200, "hash": 200, "convert": 200, "read_by_id": 200, "read_by_request_id": 200, "read_by_task_id": 200,
    "repeat_by_request_id": 200, "repeat_by_hash": 200, "list_page": 10, "uncached_read_by_id": 200,
    "uncached_read_by_request_id": 200, "uncached_repeat_by_request_id": 200, "uncached_repeat_by_hash": 200,
}
MARGIN = 0.10
SKIPPED = 77


def built_by():
    return subprocess.run([PROGRAM, "--built_by"], check=True, capture_output=True, text=True).stdout.strip()


def count(store, path):
    """Instructions of one call."""
    calls = PATHS[path]
    run = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
         "--toggle-collect=CountedCalls", PROGRAM, store, path, str(calls)],
        check=True, capture_output=True, text=True)
    collected = re.search(r"Collected *: *(\d+)", run.stderr)
    if collected is None:
        sys.exit(f"valgrind has not said what it collected:\n{run.stderr}")
    return int(collected.group(1)) // calls


def count_all():
    with tempfile.TemporaryDirectory(prefix="genledger-instructions-") as directory:
        store = pathlib.Path(directory, "ledger.db")
        subprocess.run([PROGRAM, "--fill", store], check=True)
        return {path: count(store, path) for path in PATHS}


def compare(expected, counts):
    """Prints a line for each path; whether all are as expected."""
    good = True
    for path, found in counts.items():
        wanted = expected.get(path)
        verdict = "new: not in the file" if wanted is None else f"expected {wanted}, {found / wanted - 1:+.1%}"
        within = wanted is not None and abs(found - wanted) <= MARGIN * wanted
        good = good and within
        print(f"{'ok  ' if within else 'FAIL'} {path}: {found} instructions a call ({verdict})")
    for path in expected.keys() - counts.keys():
        good = False
        print(f"FAIL {path}: expected in the file, but not counted")
    return good


def main():
    builder = built_by()
    if sys.argv[1:] == ["--renew"]:
        EXPECTED.write_text(json.dumps({"built_by": builder, "instructions_per_call": count_all()}, indent=2) + "\n")
        print(f"wrote {EXPECTED}")
        return 0
    if shutil.which("valgrind") is None:
        print("valgrind is missing: ./test.sh installs it")
        return 1
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    if builder != expected["built_by"]:
        print(f"SKIPPED, NOTHING WAS COUNTED: the expected counts are for {expected['built_by']}, and this is {builder}")
        return SKIPPED
    if compare(expected["instructions_per_call"], count_all()):
        return 0
    print(f"more than {MARGIN:.0%} off. If that is meant, write {EXPECTED.relative_to(ROOT)} anew:\n"
          "  /usr/bin/python3 tests/integration/instructions_test.py --renew")
    return 1


if __name__ == "__main__":
    sys.exit(main())
