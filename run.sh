#!/usr/bin/env bash
# Builds Genledger and runs it beside a simulated upstream, with one request as an example. See --help.
set -euo pipefail
cd "$(dirname "$0")"
source tests/tools/install.sh
source tests/tools/processes.sh
source tests/tools/cluster.sh

readonly EXAMPLE=tests/data/veo3-example.json
readonly START_SECONDS=30

once=false
submit=false
store=sqlite
api_key_file=
upstream_url=https://xcompute.us
state=
server_address=
server_log=
server_command=()
declare -A binary

usage() {
  cat <<'EOF'
usage: ./run.sh [--store=STORE] [--once]
       ./run.sh [--store=STORE] --upstream_api_key_file=FILE [--upstream_url=URL] [--submit | --once]

Installs what is missing (apt, as root or with sudo), builds, starts the server on SQLite and a simulator of the
upstream, submits the upstream's own example twice, shows that the second answer came from the ledger (the same
task_id, one POST at the upstream), and serves until Ctrl-C.

  --store=sqlite                one server, its ledger in a file (the default)
  --store=postgresql            three servers behind haproxy, on a PostgreSQL of their own, which ends with them
  --store=postgresql://…        the same on a database of yours; no password in it (PGPASSFILE, or a service file)
  --once                        exit after the example: 0 if all of it was as promised. With the simulator it uses a
                                temporary ledger, so that the example always costs one POST (not in a database of yours).
  --upstream_api_key_file=FILE  talk to the real upstream, with the API key in FILE. THIS SPENDS REAL MONEY, so the
                                example is only submitted with --submit or --once.
  --upstream_url=URL            the real upstream's base URL (default https://xcompute.us)
  --submit                      submit the example to the real upstream, then serve

The ledger is kept in .run/ between runs: simulator.db or simulator-postgres/ for the simulator, real.db or
real-postgres/ for the real upstream. A second ./run.sh therefore answers the example from the first one's ledger, with
the first one's task_id and without any POST; `rm -r .run/simulator*` starts afresh. Never delete .run/real* to retry, and
stay with one --store: each ledger knows only what was paid for through it.
The server (or haproxy) listens on 127.0.0.1:50051 and the simulator on 127.0.0.1:8090, or on free ports if those are
taken; PostgreSQL only on a socket that nobody else may open.
EOF
}

fail() {
  echo "run.sh: $*" >&2
  exit 1
}

parse_arguments() {
  local argument url_given=false
  for argument in "$@"; do
    case "$argument" in
      --once) once=true ;;
      --submit) submit=true ;;
      --store=sqlite | --store=postgresql | --store=postgresql:?* | --store=postgres://?*) store=${argument#*=} ;;
      --upstream_api_key_file=?*) api_key_file=$(realpath -m -- "${argument#*=}") ;;
      --upstream_url=?*) upstream_url=${argument#*=} url_given=true ;;
      --help | -h) usage && exit 0 ;;
      *) usage >&2 && fail "unknown argument: $argument" ;;
    esac
  done
  if [[ -n $api_key_file ]]; then
    [[ -r $api_key_file ]] || fail "cannot read the API key file $api_key_file"
    if $once; then submit=true; fi
  elif $submit || $url_given; then
    fail "--submit and --upstream_url are for the real upstream: give --upstream_api_key_file too"
  else
    submit=true
  fi
}

real() { [[ -n $api_key_file ]]; }
many_replicas() { [[ $store != sqlite ]]; }

# What the ledger's files in $state begin with.
ledger_name() {
  local name=simulator
  if real; then
    name=real
  fi
  # Receipts for one database of the user's are not offered to another.
  case $store in
    sqlite | postgresql) echo "$name" ;;
    *) echo "$name-database-$(cksum <<<"$store" | cut -d ' ' -f 1)" ;;
  esac
}

build() {
  local -a targets=(//:genledger //:genledgerctl //:upstream_simulator)
  local name path
  bazel build --config=opt "${targets[@]}"
  while read -r name path; do
    binary[$name]=$PWD/$path
  done < <(bazel cquery --config=opt --output=starlark "set(${targets[*]})" \
    --starlark:expr='target.files_to_run.executable.basename + " " + target.files_to_run.executable.path' 2>/dev/null)
  [[ ${#binary[@]} -eq ${#targets[@]} ]] || fail "cannot tell where Bazel put the programs"
}

warn_of_money() {
  local other ledger=$state/real.db
  case $store in
    sqlite) ;;
    postgresql) ledger=$(postgres_files "$state" real) ;;
    *) ledger="your database" ;;
  esac
  echo "*** The upstream is $upstream_url: REAL, every new request costs money. Ledger: $ledger ***"
  for other in "$state/real.db" "$(postgres_files "$state" real)"; do
    if [[ -e $other && $other != "$ledger" ]]; then
      echo "*** This ledger does not know what was paid for through $other, and would pay for it again. ***"
    fi
  done
}

# The directory of the ledger, the logs and the port files.
choose_state() {
  if $once && ! real; then
    state=$(mktemp -d)
    remove_at_exit "$state"
  else
    state=.run
    (umask 077 && mkdir -p "$state")
    lock_or_fail
  fi
  if [[ $store == postgresql ]]; then
    admit_postgres "$state"
  fi
}

# Two servers on one ledger file would be one too many.
lock_or_fail() {
  exec {lock}>"$state/lock"
  flock --nonblock "$lock" && return
  echo "another ./run.sh is running here, or about to end: waiting 10 s" >&2
  flock --timeout 10 "$lock" || fail "another ./run.sh is running here"
}

start_simulator() {
  rm -f "$state/simulator.port" "$state/simulator-posts.jsonl"
  printf 'sk-simulator\n' >"$state/simulator.key"
  chmod 600 "$state/simulator.key"
  start simulator "$state/simulator.log" "${binary[upstream_simulator_main]}" \
    "--listen=127.0.0.1:$(port_or_free 8090)" "--port_file=$state/simulator.port" \
    "--log=$state/simulator-posts.jsonl"
  upstream_url=http://127.0.0.1:$(await_port simulator "$state/simulator.port" "$START_SECONDS")
}

# Sets server_command, all but the flags that differ from one replica to the next.
choose_server_command() {
  server_command=("${binary[genledger]}" --insecure "--upstream_url=$upstream_url")
  if real; then
    server_command+=("--upstream_api_key_file=$api_key_file")
  else
    server_command+=("--upstream_api_key_file=$state/simulator.key" "--upstream_account=simulator")
  fi
}

# One server, on SQLite.
start_server() {
  server_log=$state/server.log
  rm -f "$state/server.port" "$state/server.http_port"
  start server "$server_log" "${server_command[@]}" "--listen=127.0.0.1:$(port_or_free 50051)" \
    "--port_file=$state/server.port" "--http_listen=127.0.0.1:$(port_or_free 8080)" \
    "--http_port_file=$state/server.http_port" "--store=sqlite:$state/$(ledger_name).db"
  server_address=127.0.0.1:$(await_port server "$state/server.port" "$START_SECONDS")
  http_address=127.0.0.1:$(await_port server "$state/server.http_port" "$START_SECONDS")
}

# Several on one PostgreSQL, behind haproxy.
start_cluster() {
  local port http_port url=$store
  server_log="$state/replica-*.log"
  if [[ $store == postgresql ]]; then
    start_postgres "$(postgres_files "$state" "$(ledger_name)")" "$state"
    url=$postgres_url
  fi
  start_replicas "$state" "$state/$(ledger_name)" "${server_command[@]}" "--store=$url"
  port=$(port_from 50051)
  http_port=$(port_from 8080)
  start_haproxy "$state" "$port" "$http_port"
  server_address=127.0.0.1:$port
  http_address=127.0.0.1:$http_port
}

ctl() { "${binary[genledgerctl]}" "--server=$server_address" "$@"; }

# The number of POSTs that the simulator has received since it started.
posts_received() { curl -fsS --max-time 10 "$upstream_url/_control/stats" | jq -e .posts_received; }

# submit_example FILTER: submits the example and prints what jq's filter leaves of the answer. Sets answered_task_id, and
# answered_how to how the ledger found it.
submit_example() {
  local answer
  answer=$(ctl submit --spec_json "$EXAMPLE" --output=json) || fail "the example was not submitted; see $server_log"
  jq "$1" <<<"$answer"
  answered_task_id=$(jq -r '.submission | .task_id // .taskId // empty' <<<"$answer")
  answered_how=$(jq -r '.dedupe // empty' <<<"$answer")
  [[ -n $answered_task_id ]] || fail "the answer has no task_id"
}

show_example() {
  local first_task_id created=false
  echo
  echo "== The upstream's own example ($EXAMPLE), submitted:"
  submit_example .
  first_task_id=$answered_task_id
  if [[ $answered_how == *CREATED ]]; then
    created=true
    echo "== task_id: $first_task_id"
  else
    echo "== task_id: $first_task_id, from the ledger of an earlier run"
  fi

  echo
  echo "== The identical request again:"
  submit_example '{dedupe, submission: .submission | {id, state, task_id, upstream_posts_sent}}'
  [[ $answered_task_id == "$first_task_id" ]] ||
    fail "the second answer's task_id is $answered_task_id, the first one's was $first_task_id"
  [[ $answered_how == *JOINED ]] || fail "the second answer says '$answered_how', not that it joined the first"
  echo "== answered from the ledger (${answered_how#DEDUPE_}), with the same task_id: $answered_task_id"
  if many_replicas; then
    echo "== the first request went to $(answering_replica "$state" 1), the second one to $(answering_replica "$state" 2)"
  fi
  if ! real; then
    check_posts "$created"
  fi
}

# check_posts CREATED: the two submissions are worth one POST, or none if an earlier run has paid for it.
check_posts() {
  local posts
  posts=$(posts_received) || fail "the simulator does not answer"
  if [[ $posts -gt 1 ]] || { $1 && [[ $posts -ne 1 ]]; }; then
    fail "the simulator received $posts POSTs where 1 was right"
  fi
  echo "== POSTs that the upstream received in this run: $posts"
}

serve() {
  cat <<EOF

Genledger serves gRPC on $server_address and JSON on http://$http_address (upstream: $upstream_url); log: $server_log
EOF
  if real; then
    echo "*** Every new request that you submit now is paid for. ***"
  fi
  cat <<EOF
Try, in another terminal:
  ${binary[genledgerctl]#"$PWD"/} --server=$server_address submit --spec_json $EXAMPLE --output=table
  ${binary[genledgerctl]#"$PWD"/} --server=$server_address list
  curl -s http://$http_address/v1/videos/generations -H 'Content-Type: application/json' -d @$EXAMPLE
EOF
  if real; then
    echo "  ${binary[genledgerctl]#"$PWD"/} --help"
  else
    echo "  curl -s $upstream_url/_control/stats"
  fi
  if many_replicas; then
    echo "  kill -9 ${started_pid[replica-1]}        # replica-1 (replica-2: ${started_pid[replica-2]}); the others go on"
  fi
  echo "Ctrl-C ends it."
  trap 'echo && exit 0' INT TERM
  while await_first_end; do
    echo "the other replicas go on"
  done
  return 1
}

main() {
  parse_arguments "$@"
  install_packages "${GENLEDGER_RUN_PACKAGES[@]}"
  if many_replicas; then
    install_packages "${GENLEDGER_CLUSTER_PACKAGES[@]}"
  fi
  clean_up_at_exit
  build
  choose_state
  if real; then
    warn_of_money
  else
    start_simulator
  fi
  choose_server_command
  if many_replicas; then
    start_cluster
  else
    start_server
  fi
  if $submit; then
    show_example
  fi
  if ! $once; then
    serve
  fi
}

main "$@"
