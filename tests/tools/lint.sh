# Sourced by test.sh: the checks of text that need no build.
# shellcheck shell=bash

readonly BUILDIFIER=.lint/node_modules/@bazel/buildifier/buildifier-linux_amd64
readonly BUF=.lint/node_modules/@bufbuild/buf-linux-x64/bin/buf
readonly GOOGLEAPIS=/usr/share/gocode/src/github.com/gogo/googleapis
readonly API_BASELINE=tests/proto/api_baseline.binpb

# Prints the files that belong to the tree, new ones included, that match the patterns and exist.
tree_files() {
  local file
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
    if [[ -f $file ]]; then
      echo "$file"
    fi
  done
}

cpp_format() { tree_files '*.cc' '*.h' | xargs clang-format --dry-run -Werror; }

# native-*: Bazel 4 has these rules built in; there is nothing to load them from.
bazel_format() {
  tree_files WORKSPACE BUILD '*/BUILD' '*.bzl' | xargs "$BUILDIFIER" -mode=check -lint=warn \
    -warnings=-native-py,-native-sh-binary,-native-sh-library,-native-sh-test,-module-docstring
}

shell_lint() {
  { tree_files '*.sh' && echo .ci/run; } | xargs shellcheck --external-sources
}

# README.md and its translation. Changes that must be caught come along, so that this check cannot pass by seeing nothing.
readme_translation() {
  local stage change
  stage=$(mktemp -d "$PWD/.test/readme.XXXXXX")
  /usr/bin/python3 tests/tools/readme_check.py README.md README.zh-CN.md
  cp README.zh-CN.md "$stage"
  # shellcheck disable=SC2016  # quotes of Markdown
  for change in '/^## Lists$/d' 's/^## Lists$/### Lists/' '/^| `--store` /d' 's/`--drain_delay`/`--drain_wait`/' \
    's/^| `--postgres_connections` | 4 |/| `--postgres_connections` | 5 |/' 's/--upstream_url=https/--upstream_address=https/' \
    's/RESOURCE_EXHAUSTED | UPSTREAM_RATE_LIMITED, /RESOURCE_EXHAUSTED | /' 's/up to 100 ids/up to 200 ids/' \
    's|(deploy/SCALING.md)|(deploy/README.md)|' 's/^5\. After a crash/After a crash/'; do
    sed "$change" README.md >"$stage/README.md"
    echo "this change must be refused: $change"
    if cmp -s README.md "$stage/README.md" ||
      /usr/bin/python3 tests/tools/readme_check.py "$stage/README.md" "$stage/README.zh-CN.md"; then
      echo "it was not"
      return 1
    fi
  done
  rm -r "$stage"
}

# stage_protos SOURCE: prints a new directory with SOURCE's protos, those that they import, and the lint rules.
stage_protos() {
  local stage
  stage=$(mktemp -d "$PWD/.test/protos.XXXXXX")
  cp -r "$1/." "$stage"
  cp proto/buf.yaml "$stage"
  mkdir -p "$stage/google"
  cp -r "$GOOGLEAPIS/google/rpc" "$GOOGLEAPIS/google/api" "$stage/google"
  find "$stage" -type f ! -name '*.proto' ! -name buf.yaml -delete
  echo "$stage"
}

proto_lint() {
  local stage
  stage=$(stage_protos proto)
  "$BUF" lint "$stage"
  rm -r "$stage"
}

# The public API of today may add to the frozen one, and change nothing of it. A change that must be caught comes
# along, so that this check cannot pass by seeing nothing.
proto_breaking() {
  local stage frozen
  stage=$(stage_protos proto)
  "$BUF" breaking "$stage" --against "$API_BASELINE"
  if [[ -d ../shared/proto ]]; then
    frozen=$(stage_protos ../shared/proto)
    "$BUF" breaking "$stage" --against "$frozen"
    rm -r "$frozen"
  fi
  echo "a renumbered field must be refused:"
  sed -i 's/^  string task_id = 8;/  string task_id = 1008;/' "$stage/genledger/v1/generation.proto"
  if "$BUF" breaking "$stage" --against "$API_BASELINE"; then
    echo "it was not"
    return 1
  fi
  rm -r "$stage"
}
