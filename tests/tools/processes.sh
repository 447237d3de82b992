# Sourced: starts programs in the background, waits for them, and ends exactly those, whatever happens.
# shellcheck shell=bash

declare -A started_pid=()
declare -A started_log=()
declare -A stop_signal=()
# In the order in which they were started.
started_names=()
directories_to_remove=()
# Longer than a server waits for POSTs that are out (--drain_timeout).
readonly STOP_SECONDS=80

# Ends what start() started and removes what remove_at_exit() named, on every way out of the script.
clean_up_at_exit() {
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
}

clean_up() {
  local status=$? i name other
  local -a together
  trap '' INT TERM HUP
  # The youngest first: it uses the others, and may still have something to tell them. replica-1 and its like end together, or
  # one of them would take up the work of another.
  for ((i = ${#started_names[@]} - 1; i >= 0; i--)); do
    name=${started_names[i]}
    together=()
    for other in "${!started_pid[@]}"; do
      if [[ ${other%-*} == "${name%-*}" ]]; then
        together+=("$other")
      fi
    done
    stop "${together[@]}"
  done
  if [[ ${#directories_to_remove[@]} -gt 0 ]]; then
    rm -rf -- "${directories_to_remove[@]}"
  fi
  exit "$status"
}

remove_at_exit() { directories_to_remove+=("$1"); }

# start NAME LOG COMMAND...: runs the command in the background, its output in LOG. Ctrl-C does not reach it, so that stop()
# decides about the order; kill -9 of this script does, as a SIGTERM.
start() {
  local name=$1 log=$2
  shift 2
  setsid setpriv --pdeathsig=TERM "$@" >"$log" 2>&1 </dev/null &
  started_pid[$name]=$!
  started_log[$name]=$log
  started_names+=("$name")
}

# stop_by NAME SIGNAL: how NAME is asked to end, if not by SIGTERM.
stop_by() { stop_signal[$1]=$2; }

running() { [[ -n ${started_pid[$1]:-} ]] && kill -0 "${started_pid[$1]}" 2>/dev/null; }

# stop NAME...: asks all, waits STOP_SECONDS, insists.
stop() {
  local name deadline=$((SECONDS + STOP_SECONDS))
  for name in "$@"; do
    if running "$name"; then
      kill -"${stop_signal[$name]:-TERM}" "${started_pid[$name]}" 2>/dev/null || true
    fi
  done
  for name in "$@"; do
    await_stopped "$name" "$deadline"
    unset "started_pid[$name]"
  done
}

# await_stopped NAME DEADLINE: until it has ended, in seconds since the script's start; then it is killed.
await_stopped() {
  local name=$1 told=false note_at=$((SECONDS + 3))
  while running "$name" && ((SECONDS < $2)); do
    if ! $told && ((SECONDS >= note_at)); then
      echo "waiting for the $name to end, at most $(($2 - SECONDS)) s" >&2
      told=true
    fi
    sleep 0.05
  done
  if running "$name"; then
    echo "the $name did not end within $STOP_SECONDS s and is killed" >&2
    kill -KILL "${started_pid[$name]}" 2>/dev/null || true
  fi
  wait "${started_pid[$name]:-}" 2>/dev/null || true
}

# await NAME SECONDS COMMAND...: until the command succeeds. Fails if NAME ends first.
await() {
  local name=$1 seconds=$2 deadline=$((SECONDS + $2))
  shift 2
  until "$@"; do
    if ! running "$name"; then
      echo "the $name did not start: $(tail -n 3 "${started_log[$name]}")" >&2
      return 1
    fi
    if ((SECONDS >= deadline)); then
      echo "the $name does not serve after $seconds s; see ${started_log[$name]}" >&2
      return 1
    fi
    sleep 0.05
  done
}

# await_port NAME FILE SECONDS: prints the port that NAME writes into FILE once it serves.
await_port() {
  await "$1" "$3" test -s "$2" && cat "$2"
}

listens() { (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints the port if nothing listens on it, else 0: a free one.
port_or_free() {
  if listens "$1"; then
    echo "note: port $1 is taken; a free one is used instead" >&2
    echo 0
  else
    echo "$1"
  fi
}

# port_from PORT: prints the first one from there on that nothing listens on, for programs that take no 0.
port_from() {
  local port=$1
  while listens "$port"; do
    port=$((port + 1))
  done
  if [[ $port -ne $1 ]]; then
    echo "note: port $1 is taken; $port is used instead" >&2
  fi
  echo "$port"
}

# Waits until one of the started programs ends, which none should do by itself, and tells which. Succeeds if it was one of
# several replicas: the others go on.
await_first_end() {
  local status=0 name left=0 essential=false
  wait -n "${started_pid[@]}" || status=$?
  for name in "${!started_pid[@]}"; do
    if running "$name"; then
      [[ $name != replica-* ]] || left=$((left + 1))
      continue
    fi
    echo "the $name ended by itself (status $status): $(tail -n 3 "${started_log[$name]}")" >&2
    [[ $name == replica-* ]] || essential=true
    unset "started_pid[$name]"
  done
  ! $essential && [[ $left -gt 0 ]]
}
