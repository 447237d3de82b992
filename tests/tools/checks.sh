# Sourced by test.sh: runs named checks one after the other, counts them, and tells the result.
# shellcheck shell=bash

readonly SKIPPED=77
readonly LOG_DIRECTORY=.test/logs
readonly LOG_TAIL_LINES=40
passed=0
failed=0
skipped=0
failures=()

# The file that the output of the check of this name goes to.
log_of() { echo "$LOG_DIRECTORY/${1//[^a-zA-Z0-9_.-]/_}.log"; }

# logged NAME COMMAND...: runs it, and leaves its status and its seconds in NAME's log with .result appended.
logged() {
  local log started=$SECONDS status
  log=$(log_of "$1")
  printf '     %s ...\n' "$1"
  shift
  # Not as a condition: bash would ignore "set -e" inside it.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null
  status=$?
  set -e
  echo "$status $((SECONDS - started))" >"$log.result"
}

# Counts what logged has left, and shows the end of the log of a failure.
count_logged() {
  local name=$1 log status seconds
  log=$(log_of "$name")
  read -r status seconds <"$log.result"
  rm "$log.result"
  count "$status" "$name" "$seconds s" "$log"
  if [[ $status -ne 0 ]]; then
    tail -n "$LOG_TAIL_LINES" "$log" | sed 's/^/     | /'
  else
    # A check may leave out a part of itself: that is told, and why.
    sed -n 's/^NOT TESTED: /     &/p' "$log"
  fi
}

# check NAME COMMAND...: one check; its output goes to a log.
check() {
  logged "$@"
  count_logged "$1"
}

# check_together COMMAND NAME...: a check for each name, COMMAND NAME, as many at once as there are processors: for what
# waits more than it computes. COMMAND is a function.
check_together() {
  local command=$1 name
  shift
  export LOG_DIRECTORY
  # shellcheck disable=SC2163  # its value is the function's name
  export -f log_of logged "$command"
  # shellcheck disable=SC2016  # for the other bash
  printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" bash -c 'logged "$1" "$0" "$1"' "$command"
  for name in "$@"; do
    count_logged "$name"
  done
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
