# Sourced by test.sh: the builds and test runs of Bazel.
# shellcheck shell=bash

readonly EVENTS=$PWD/.test/events.json

bazel_build() { bazel build --keep_going "$@"; }

# Prints the C++ test targets below the given packages, those that do not exist left out.
cpp_tests() {
  local package
  for package in "$@"; do
    if [[ -d ${package#//} || $package == // ]]; then
      bazel query --noshow_progress "kind(cc_test, ${package%/}/...)" 2>/dev/null
    fi
  done
}

# bazel_tests PREFIX FLAGS... -- TARGETS...: runs the tests and counts each target as one check. A target that did not
# even build, or that never ran, counts as failed.
bazel_tests() {
  local prefix=$1 target status seconds
  local -a flags=()
  local -A result=()
  local log=$LOG_DIRECTORY/${prefix}tests.log
  shift
  while [[ $1 != -- ]]; do
    flags+=("$1")
    shift
  done
  shift
  printf '     %s %d test targets ...\n' "$prefix" "$#"
  rm -f "$EVENTS"
  bazel test --keep_going --build_event_json_file="$EVENTS" "${flags[@]}" -- "$@" >"$log" 2>&1 </dev/null || true
  while read -r target status seconds; do
    result[$target]="$status $seconds"
  done < <(jq -r 'select(.testSummary) | "\(.id.testSummary.label) \(.testSummary.overallStatus)
    \((.testSummary.totalRunDurationMillis // 0 | tonumber) / 1000)" | gsub("\n *"; " ")' "$EVENTS" || true)
  for target in "$@"; do
    read -r status seconds <<<"${result[$target]:-NOT_RUN -}"
    if [[ $status == PASSED ]]; then
      count 0 "$prefix$target" "$seconds s" "$log"
    else
      count 1 "$prefix$target" "$status, $seconds s" "$log"
    fi
  done
  # What did not compile and what a failing test printed.
  grep -E -A10 '^(ERROR|==== |\[  FAILED)| (error|Failure)|Sanitizer: ' "$log" | grep -vE ' PASSED in ' |
    head -n "$LOG_TAIL_LINES" | sed 's/^/     | /' || true
}

# The layering check must refuse a target that includes what it does not depend on.
layering_bites() {
  local said
  bazel build --config=layering //tests/layering_fixture:honest
  if said=$(bazel build --config=layering //tests/layering_fixture:reaches_through 2>&1); then
    echo "the layering check let an undeclared include pass"
    return 1
  fi
  echo "$said"
  grep -q 'does not depend on a module exporting' <<<"$said"
}

# ThreadSanitizer must report a race beside annotated mutexes, and one with a predicate that Abseil evaluates.
tsan_bites() {
  local planted programs said
  bazel build --config=tsan //tests/tsan_fixture:plant_race //tests/tsan_fixture:plant_predicate_race
  programs=$(bazel info --config=tsan bazel-bin)/tests/tsan_fixture
  for planted in plant_race plant_predicate_race; do
    if said=$("$programs/$planted" 2>&1); then
      echo "ThreadSanitizer let $planted pass"
      return 1
    fi
    echo "$said"
    grep -q 'ThreadSanitizer: data race' <<<"$said"
    grep -q 'tests/tsan_fixture/guarded.cc' <<<"$said"
  done
}
