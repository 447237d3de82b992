# Sourced: starts programs in the background, waits for them, and ends exactly those, whatever happens.
# shellcheck shell=bash

declare -A started_pid=()
declare -A started_log=()
directories_to_remove=()
readonly STOP_SECONDS=15

# Ends what start() started and removes what remove_at_exit() named, on every way out of the script.
clean_up_at_exit() {
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}

clean_up() {
  local status=$? name
  trap '' INT TERM HUP
  # The server first: it may still have something to tell its upstream.
  for name in server "${!started_pid[@]}"; do
    stop "$name"
  done
  if [[ ${#directories_to_remove[@]} -gt 0 ]]; then
    rm -rf -- "${directories_to_remove[@]}"
  fi
  exit "$status"
}

remove_at_exit() { directories_to_remove+=("$1"); }

# start NAME LOG COMMAND...: runs the command in the background, its output in LOG.
start() {
  local name=$1 log=$2
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  started_pid[$name]=$!
  started_log[$name]=$log
}

running() { [[ -n ${started_pid[$1]:-} ]] && kill -0 "${started_pid[$1]}" 2>/dev/null; }

# stop NAME: asks, waits STOP_SECONDS, insists.
stop() {
  local name=$1 deadline=$((SECONDS + STOP_SECONDS))
  if running "$name"; then
    kill -TERM "${started_pid[$name]}" 2>/dev/null || true
    while running "$name" && ((SECONDS < deadline)); do
      sleep 0.05
    done
    if running "$name"; then
      echo "$name did not end within $STOP_SECONDS s and is killed" >&2
      kill -KILL "${started_pid[$name]}" 2>/dev/null || true
    fi
    wait "${started_pid[$name]}" 2>/dev/null || true
  fi
  unset "started_pid[$name]"
}

# await_port NAME FILE SECONDS: prints the port that NAME writes into FILE once it serves.
await_port() {
  local name=$1 file=$2 deadline=$((SECONDS + $3))
  while [[ ! -s $file ]]; do
    if ! running "$name"; then
      echo "the $name did not start: $(tail -n 3 "${started_log[$name]}")" >&2
      return 1
    fi
    if ((SECONDS >= deadline)); then
      echo "the $name does not serve after $3 s; see ${started_log[$name]}" >&2
      return 1
    fi
    sleep 0.05
  done
  cat "$file"
}

# Prints the port if nothing listens on it, else 0: a free one.
port_or_free() {
  if (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    echo "note: port $1 is taken; a free one is used instead" >&2
    echo 0
  else
    echo "$1"
  fi
}

# Waits until one of the started programs ends, which none should do by itself.
await_first_end() {
  local status=0 name
  wait -n "${started_pid[@]}" || status=$?
  for name in "${!started_pid[@]}"; do
    if ! running "$name"; then
      echo "the $name ended by itself (status $status): $(tail -n 3 "${started_log[$name]}")" >&2
    fi
  done
  return 1
}
