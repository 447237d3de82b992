#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. See --help. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")"
source tests/tools/install.sh
source tests/tools/checks.sh
source tests/tools/lint.sh
source tests/tools/changed.sh
source tests/tools/bazel_checks.sh
source tests/tools/fuzz.sh

readonly STEPS=(format lint protos build tests run_once integration layering asan tsan fuzz tidy)
# What ./test.sh runs under each sanitizer, to stay short; --all runs every C++ test under both.
# Input from outside, files and sockets.
readonly ADDRESS=(//tests/service/auth //tests/service/domain //tests/service/http //tests/service/upstream //tests/storage)
# Threads.
readonly THREADED=(//tests/service/auth //tests/service/base //tests/service/dispatch //tests/service/http //tests/storage //tests/tsan_fixture)
# But not this one: minutes under TSan, for faults of files that it meets one after the other.
readonly NOT_THREADED=//tests/storage:sqlite_fault_test
# Nor this one, in any form: it has one thread, and protobuf's reflection of map fields, compiled for TSan, crashes
# over Debian's library, which is not.
readonly NEVER_UNDER_TSAN=//tests/service/http:json_to_proto_test
all=false
only=

usage() {
  cat <<EOF
usage: ./test.sh [--all] [--only=STEP]

Installs what is missing (apt, as root or with sudo; npm for two linters and the Node client), builds, and runs every test. Each check
and each test target counts as one; the last line is "N passed, N failed". Logs: $LOG_DIRECTORY/.

  --all        the long form: clang-tidy on every source and not on the changed ones only, both sanitizers on every
               C++ test, five minutes for each fuzzer, the Go client, the upstream's page's programs in every language
               that Debian has, and GENLEDGER_TEST_ALL=1 for the tests that have a long form of their own
  --only=STEP  one of: ${STEPS[*]}
EOF
}

step_format() {
  check clang-format cpp_format
  check buildifier bazel_format
}

step_lint() {
  check shellcheck shell_lint
  check "README.zh-CN.md" readme_translation
}

step_protos() {
  check "buf lint" proto_lint
  check "buf breaking" proto_breaking
}

# What is shipped is what is built and tested.
step_build() { check "bazel build" bazel_build --config=opt //...; }

step_tests() {
  local -a targets
  mapfile -t targets < <(bazel query --noshow_progress 'tests(//...)' 2>/dev/null)
  bazel_tests "" --config=opt "${long_form[@]}" -- "${targets[@]}"
}

step_run_once() {
  check "run.sh --once" ./run.sh --once
  check "run.sh --once --store=postgresql" ./run.sh --once --store=postgresql
}

# Programs of their own, that use the built programs as a user would: exit 0 passed, 77 skipped, else failed.
step_integration() {
  local -a programs
  bazel build --config=opt //:all //clients/cpp/examples:all //tests/bench/instructions:all //tests/crash:all \
    >"$LOG_DIRECTORY/integration_build.log" 2>&1 || true
  # The long ones first, so that nothing waits for them at the end.
  mapfile -t programs < <(tree_files 'tests/cluster/*_test.py' && tree_files 'tests/crash/*_test.py' &&
    tree_files 'tests/integration/*_test.sh' 'tests/integration/*_test.py')
  check_together run_program "${programs[@]}"
}

run_program() {
  case $1 in
    *.py) /usr/bin/python3 "$1" ;;
    *.sh) bash "$1" ;;
  esac
}

step_layering() {
  check "layering: the tree" bazel_build --config=layering //...
  check "layering: refuses an undeclared include" layering_bites
}

step_asan() {
  local -a targets
  if $all; then
    mapfile -t targets < <(cpp_tests //)
  else
    mapfile -t targets < <(cpp_tests "${ADDRESS[@]}")
    echo "     asan+ubsan: only the tests of input, files and sockets; ./test.sh --all has the others"
  fi
  bazel_tests "asan+ubsan " --config=asan --config=ubsan -- "${targets[@]}"
}

step_tsan() {
  local -a targets
  if $all; then
    mapfile -t targets < <(cpp_tests // | grep -vxF "$NEVER_UNDER_TSAN")
  else
    mapfile -t targets < <(cpp_tests "${THREADED[@]}" | grep -vxF -e "$NOT_THREADED" -e "$NEVER_UNDER_TSAN")
    echo "     tsan: only the tests of threaded code; ./test.sh --all has the others"
  fi
  echo "     tsan: without $NEVER_UNDER_TSAN, see test.sh"
  if [[ ${#targets[@]} -gt 0 ]]; then
    bazel_tests "tsan " --config=tsan -- "${targets[@]}"
  fi
  check "tsan: reports a race" tsan_bites
}

# The seed is printed; each fuzzer counts as one.
step_fuzz() {
  local name seconds=10
  if $all; then
    seconds=300
  fi
  check "fuzz: build" fuzz_build
  for name in "${FUZZERS[@]}"; do
    check "fuzz $name" fuzz_one "$name" "$seconds"
    grep -hE '^seed ' "$LOG_DIRECTORY/fuzz_$name.log" | head -n 1 | cut -d ';' -f 1 | sed 's/^/     /'
  done
}

step_tidy() {
  local -a sources
  if $all; then
    mapfile -t sources < <(tree_files '*.cc')
  else
    mapfile -t sources < <(changed_sources)
    echo "     clang-tidy: the ${#sources[@]} sources that changed; ./test.sh --all has the others"
  fi
  if [[ ${#sources[@]} -gt 0 ]]; then
    check "clang-tidy" tidy "${sources[@]}"
  fi
}

tidy() {
  local bin
  bazel build --config=opt //proto/... //tests/bench/limits:echo_cc
  bin=$(bazel info --config=opt bazel-bin)
  tests/tools/clang_tidy.sh "$bin" "$@"
}

parse_arguments() {
  local argument
  for argument in "$@"; do
    case "$argument" in
      --all) all=true ;;
      --only=*) only=${argument#*=} ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
  if [[ -n $only && " ${STEPS[*]} " != *" $only "* ]]; then
    usage >&2
    exit 2
  fi
  long_form=()
  if $all; then
    export GENLEDGER_TEST_ALL=1
    long_form=(--test_env=GENLEDGER_TEST_ALL=1)
  fi
}

main() {
  local step
  parse_arguments "$@"
  exec </dev/null
  mkdir -p "$LOG_DIRECTORY"
  check "install from Debian" install_packages "${GENLEDGER_TEST_PACKAGES[@]}"
  if $all; then
    check "install from Debian for --all" install_packages "${GENLEDGER_ALL_PACKAGES[@]}"
  fi
  check "install from npm" install_from_npm
  for step in "${STEPS[@]}"; do
    if [[ -z $only || $only == "$step" ]]; then
      "step_$step"
    fi
  done
  echo "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
  summarise
}

main "$@"
