# Sourced by run.sh and test.sh: what Genledger needs from Debian 12, installed only where it is missing.
# shellcheck shell=bash

# To build and to run: the JDK, unzip and python3 that Bazel needs are dependencies of bazel-bootstrap.
GENLEDGER_RUN_PACKAGES=(
  bazel-bootstrap
  bazel-rules-java
  bazel-rules-proto
  ca-certificates
  curl
  g++
  golang-github-gogo-googleapis-dev
  jq
  libabsl-dev
  libboost-dev
  libcurl4-openssl-dev
  libgrpc++-dev
  libpq-dev
  libprotobuf-dev
  libspdlog-dev
  libsqlite3-dev
  libsqlitecpp-dev
  libssl-dev
  nlohmann-json3-dev
  protobuf-compiler
  protobuf-compiler-grpc
)

# To test: the checkers, and the independent clients of the integration tests. The sanitizers come with g++,
# libFuzzer with libclang-rt-14-dev.
# shellcheck disable=SC2034  # used by test.sh
GENLEDGER_TEST_PACKAGES=(
  "${GENLEDGER_RUN_PACKAGES[@]}"
  clang
  clang-format
  clang-tidy
  git
  libclang-rt-14-dev
  libgmock-dev
  libgtest-dev
  openssl
  pgbouncer
  postgresql-15
  procps
  python3
  python3-grpcio
  python3-jsonschema
  python3-protobuf
  shellcheck
  sqlite3
)

# Runs a command as root.
as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "error: '$*' needs root, and there is no sudo" >&2
    return 1
  fi
}

# Prints those of the named packages that are not installed, one a line.
missing_packages() {
  # dpkg-query fails, and complains, about names that it has never heard of: they are missing like the others.
  local installed
  installed=$(dpkg-query --show --showformat='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^ii  *//p' | sort -u) || true
  comm -23 <(printf '%s\n' "$@" | sort -u) <(printf '%s\n' "$installed")
}

# Installs those of the named packages that are missing; asks apt nothing when there are none.
install_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  if [[ ${#missing[@]} -eq 0 ]]; then
    return 0
  fi
  echo "installing: ${missing[*]}"
  # RUNLEVEL=1: no package starts a daemon.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q -o DPkg::Lock::Timeout=300
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q \
    --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
}

# npm from wherever it comes: Debian's only if there is none, because it conflicts with other builds of Node.js.
install_npm() {
  command -v npm >/dev/null || install_packages npm nodejs
}

# Installs the pinned linters of tests/tools/lint/package-lock.json into .lint/, once per lock file.
install_npm_linters() {
  local lock=tests/tools/lint/package-lock.json
  if cmp -s "$lock" .lint/package-lock.json && [[ -e .lint/installed ]]; then
    return 0
  fi
  install_npm
  rm -rf .lint
  mkdir .lint
  cp tests/tools/lint/package.json "$lock" .lint/
  (cd .lint && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
  touch .lint/installed
}
