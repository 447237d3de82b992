# Sourced by test.sh: the fuzzers of tests/fuzz, each for a while.
# shellcheck shell=bash

readonly FUZZERS=(validator encoding upstream filter page_token json url)
readonly FUZZ_DIRECTORY=$PWD/.test/fuzz
readonly FUZZ_INPUT_BYTES_MAX=4096

fuzz_build() {
  local name
  local -a targets=()
  for name in "${FUZZERS[@]}"; do
    targets+=("//tests/fuzz:${name}_fuzzer")
  done
  bazel_build --config=fuzz "${targets[@]}"
}

# fuzz_one NAME SECONDS: from the committed corpus and what earlier runs here found. An input that fails is kept in
# .test/fuzz/NAME/failed: repair, then move it into tests/fuzz/corpus/NAME.
fuzz_one() {
  local name=$1 seconds=$2 seed program
  local found=$FUZZ_DIRECTORY/$name/found failed=$FUZZ_DIRECTORY/$name/failed
  seed=$((RANDOM * 32768 + RANDOM + 1))
  program=$(bazel info --config=fuzz bazel-bin 2>/dev/null)/tests/fuzz/${name}_fuzzer
  mkdir -p "$found" "$failed"
  echo "seed $seed; to repeat: $program -seed=$seed -max_total_time=$seconds tests/fuzz/corpus/$name"
  if ! "$program" -seed="$seed" -max_total_time="$seconds" -max_len="$FUZZ_INPUT_BYTES_MAX" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 -artifact_prefix="$failed/" \
    "$found" "tests/fuzz/corpus/$name"; then
    echo "seed $seed; the input that failed is kept in $failed"
    return 1
  fi
}
