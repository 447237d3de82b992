# Sourced by test.sh: runs named checks one after the other, counts them, and tells the result.
# shellcheck shell=bash

readonly SKIPPED=77
readonly LOG_DIRECTORY=.test/logs
readonly LOG_TAIL_LINES=40
passed=0
failed=0
skipped=0
failures=()

# check NAME COMMAND...: one check; its output goes to a log, of which a failure shows the end.
check() {
  local name=$1 started=$SECONDS status
  local log=$LOG_DIRECTORY/${name//[^a-zA-Z0-9_.-]/_}.log
  shift
  printf '     %s ...\n' "$name"
  # Not as a condition: bash would ignore "set -e" inside it.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  count "$status" "$name" "$((SECONDS - started)) s" "$log"
  if [[ $status -ne 0 ]]; then
    tail -n "$LOG_TAIL_LINES" "$log" | sed 's/^/     | /'
  fi
}

# count STATUS NAME DURATION LOG
count() {
  case $1 in
    0) passed=$((passed + 1)) && echo "PASS $2 ($3)" ;;
    "$SKIPPED") skipped=$((skipped + 1)) && echo "SKIP $2 ($3), NOT TESTED" ;;
    *) failed=$((failed + 1)) && failures+=("$2: $4") && echo "FAIL $2 ($3)" ;;
  esac
}

# The closing lines; fails if a check failed or nothing was checked.
summarise() {
  local failure
  for failure in "${failures[@]}"; do
    echo "failed: $failure"
  done
  if [[ $skipped -gt 0 ]]; then
    echo "$passed passed, $failed failed, $skipped skipped"
  else
    echo "$passed passed, $failed failed"
  fi
  [[ $failed -eq 0 && $passed -gt 0 ]]
}
