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
  libcjose-dev
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

# To try many replicas: run.sh --store=postgresql.
GENLEDGER_CLUSTER_PACKAGES=(
  haproxy
  postgresql-15
)

# To test: the checkers, the independent clients of the integration tests, and what stands before and behind replicas. The
# sanitizers come with g++, libFuzzer with libclang-rt-14-dev.
# shellcheck disable=SC2034  # used by test.sh
GENLEDGER_TEST_PACKAGES=(
  "${GENLEDGER_RUN_PACKAGES[@]}"
  "${GENLEDGER_CLUSTER_PACKAGES[@]}"
  clang
  clang-format
  clang-tidy
  git
  libclang-rt-14-dev
  libgmock-dev
  libgtest-dev
  mandoc
  nginx-light
  openssl
  pgbouncer
  postgresql-client-15
  procps
  python3
  python3-grpcio
  python3-jsonschema
  python3-protobuf
  python3-requests
  shellcheck
  sqlite3
  valgrind
)

# The languages of the upstream's page (tests/integration/page_languages.py) whose runtimes nothing else here brings.
GENLEDGER_LANGUAGE_PACKAGES=(
  golang-go
  libcohttp-lwt-unix-ocaml-dev
  libyojson-ocaml-dev
  ocaml-findlib
  php-cli
  php-curl
  r-base-core
  r-cran-httr
  r-cran-jsonlite
  ruby
)

# What only ./test.sh --all tests: the Go client, completion in another shell, and programs in more languages.
# shellcheck disable=SC2034  # used by test.sh
GENLEDGER_ALL_PACKAGES=(
  "${GENLEDGER_LANGUAGE_PACKAGES[@]}"
  golang-github-golang-protobuf-1-5-dev
  golang-google-grpc-dev
  mypy
  protoc-gen-go-1-5
  protoc-gen-go-grpc
  python3-setuptools
  zsh
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

# install_npm_packages DIRECTORY INTO: installs the pinned packages of DIRECTORY/package-lock.json into INTO/, once per lock file.
install_npm_packages() {
  local from=$1 into=$2
  if cmp -s "$from/package-lock.json" "$into/package-lock.json" && [[ -e $into/installed ]]; then
    return 0
  fi
  install_npm
  rm -rf "$into"
  mkdir "$into"
  cp "$from/package.json" "$from/package-lock.json" "$into/"
  (cd "$into" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
  touch "$into/installed"
}

# The linters, and what the Node client needs.
install_from_npm() {
  install_npm_packages tests/tools/lint .lint
  install_npm_packages clients/node .node
}
