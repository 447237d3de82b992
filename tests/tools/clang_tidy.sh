#!/usr/bin/env bash
# clang_tidy.sh BIN FILE...: runs clang-tidy over C++ sources, one a core, BIN being bazel-bin, where the code of protos is
# generated. A source that passed is not looked at again until it or a header of ours that it includes changes.
set -euo pipefail
shopt -s inherit_errexit

readonly STAMPS=.test/tidy

# Prints the compiler's arguments, those of .bazelrc and of proto/.
compile_arguments() {
  local directory
  printf '%s\n' -std=c++20 -I. -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
  for directory in "$1"/{proto,tests/bench/limits}/_virtual_includes/*/; do
    printf '%s\n' "-isystem$directory"
  done
}

# A name for this source with all of ours that it is made of.
fingerprint() {
  local parts
  parts=$(clang++ "${arguments[@]}" -MM "$1" | cut -d : -f 2 | grep -oE '[^ \]+')
  xargs sha256sum .clang-tidy "$0" <<<"$parts" | sha256sum | cut -d ' ' -f 1
}

tidy_one() {
  local stamp
  stamp=$STAMPS/$(fingerprint "$1")
  if [[ -e $stamp ]]; then
    return 0
  fi
  # The analyser follows every path of gtest's macros: minutes a file, for findings in code that only tests run. Nor do
  # tests have to be fast.
  local -a checks=()
  if [[ $1 == tests/* ]]; then
    checks=('--checks=-clang-analyzer-*,-performance-*')
  fi
  # clang-tidy counts on stderr the warnings of other people's headers, which it does not show.
  if clang-tidy --quiet "${checks[@]}" "$1" -- "${arguments[@]}" 2>"$stamp.$$.err"; then
    rm "$stamp.$$.err"
    touch "$stamp"
    echo "clean: $1"
  else
    grep -vE '^[0-9]+ warnings?.* (generated|treated as errors?)' "$stamp.$$.err" || true
    rm "$stamp.$$.err"
    echo "NOT CLEAN: $1"
    return 1
  fi
}

mkdir -p "$STAMPS"
generated=$1
shift
mapfile -t arguments < <(compile_arguments "$generated")
if [[ ${GENLEDGER_TIDY_ONE:-} ]]; then
  tidy_one "$1"
else
  printf '%s\n' "$@" | GENLEDGER_TIDY_ONE=1 xargs -P "$(nproc)" -n 1 "$0" "$generated"
fi
