# Sourced by run.sh: a private PostgreSQL, and replicas on one database behind haproxy. Needs processes.sh and fail().
# shellcheck shell=bash

readonly POSTGRES_PROGRAMS=/usr/lib/postgresql/15/bin
readonly REPLICAS=3
readonly CLUSTER_START_SECONDS=60

# A call of grpc.health.v1.Health/Check in raw HTTP/2 frames (connection preface, SETTINGS, HEADERS, DATA), and what the
# answer SERVING has in it. haproxy's own HTTP check sees status 200 whatever gRPC says.
readonly HEALTH_CALL=(
  505249202a20485454502f322e300d0a0d0a534d0d0a0d0a
  000000040000000000
  "00007c01040000000100073a6d6574686f6404504f535400073a736368656d65046874747000053a706174681c2f677270632e6865616c74\
682e76312e4865616c74682f436865636b000a3a617574686f72697479036861700002746508747261696c657273000c636f6e74656e742d\
74797065106170706c69636174696f6e2f67727063"
  0000050001000000010000000000
)
readonly HEALTH_SERVING=00000000020801
readonly SUBMIT_PATH=/genledger.v1.GenerationService/SubmitGeneration

# PostgreSQL refuses to run as root. The change of user forgets the signal of start().
as_postgres=(env --chdir=/ LC_ALL=C)
if [[ $(id -u) -eq 0 ]]; then
  as_postgres+=(setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig=TERM)
fi

# A directory for PostgreSQL alone.
make_postgres_directory() {
  mkdir -p "$1"
  chmod 700 "$1"
  if [[ $(id -u) -eq 0 ]]; then
    chown postgres:postgres "$1"
  fi
}

# admit_postgres DIRECTORY: lets user postgres enter it, and read nothing.
admit_postgres() {
  if [[ $(id -u) -eq 0 ]]; then
    chgrp postgres "$1"
    chmod g=x "$1"
  fi
}

# postgres_files DIRECTORY NAME: prints where a database of this name is kept: in DIRECTORY, or in PostgreSQL's own place if
# user postgres cannot enter DIRECTORY (below /root, for example).
postgres_files() {
  local directory
  directory=$(realpath "$1")
  if "${as_postgres[@]}" test -x "$directory" 2>/dev/null; then
    echo "$directory/$2-postgres"
  else
    echo "/var/lib/postgresql/genledger-$(cksum <<<"$directory" | cut -d ' ' -f 1)-$2"
  fi
}

# await_no_postmaster FILES: a server that was killed a moment ago may still be there, and would be taken for a running one.
await_no_postmaster() {
  local pid='' deadline=$((SECONDS + 10))
  read -r pid 2>/dev/null <"$1/postmaster.pid" || return 0
  while [[ $(cat "/proc/$pid/comm" 2>/dev/null) == postgres ]] && ((SECONDS < deadline)); do
    sleep 0.1
  done
}

# start_postgres FILES LOGS: serves the database in FILES, which is made if it is not there, on a socket that only this user
# and root can reach: there is no port, and no password. Sets postgres_url.
start_postgres() {
  local files=$1 socket
  make_postgres_directory "$files"
  if [[ $files != "$(realpath "$2")"/* ]]; then
    echo "note: the database is in $files, because user postgres cannot enter $2" >&2
  fi
  # The path of a socket has at most 107 bytes, which the ledger's directory may exceed.
  socket=$(mktemp -d)
  remove_at_exit "$socket"
  make_postgres_directory "$socket"
  if ! "${as_postgres[@]}" test -s "$files/PG_VERSION"; then
    "${as_postgres[@]}" "$POSTGRES_PROGRAMS/initdb" -D "$files" -A trust -U postgres --no-locale -E UTF8 >"$2/initdb.log" 2>&1 ||
      fail "no database could be made in $files: $(tail -n 3 "$2/initdb.log")"
  fi
  await_no_postmaster "$files"
  # "fast": without it a psql that somebody has open would hold up the end.
  stop_by postgresql INT
  start postgresql "$2/postgresql.log" "${as_postgres[@]}" "$POSTGRES_PROGRAMS/postgres" -D "$files" \
    -c listen_addresses= -c "unix_socket_directories=$socket"
  await postgresql "$CLUSTER_START_SECONDS" "$POSTGRES_PROGRAMS/pg_isready" -q -U postgres -h "$socket"
  # shellcheck disable=SC2034  # used by run.sh
  postgres_url="postgresql:///postgres?host=$socket&user=postgres"
}

# start_replicas DIRECTORY RECEIPTS COMMAND...: servers named replica-N, each with a receipt journal RECEIPTS-replica-N.receipts
# of its own. Sets replica_ports (gRPC) and replica_http_ports (JSON).
start_replicas() {
  local directory=$1 receipts=$2 name number
  shift 2
  replica_ports=()
  replica_http_ports=()
  for ((number = 1; number <= REPLICAS; number++)); do
    name=replica-$number
    rm -f "$directory/$name.port" "$directory/$name.http_port"
    start "$name" "$directory/$name.log" "$@" --listen=127.0.0.1:0 "--port_file=$directory/$name.port" \
      --http_listen=127.0.0.1:0 "--http_port_file=$directory/$name.http_port" "--replica=$name" \
      "--receipt_journal=$receipts-$name.receipts"
  done
  for ((number = 1; number <= REPLICAS; number++)); do
    name=replica-$number
    replica_ports+=("$(await_port "$name" "$directory/$name.port" "$CLUSTER_START_SECONDS")")
    replica_http_ports+=("$(await_port "$name" "$directory/$name.http_port" "$CLUSTER_START_SECONDS")")
  done
}

# haproxy_configuration PORT HTTP_PORT: HTTP/2 in and out, a call at a time to the next replica that says SERVING, and
# HTTP/1.1 to the next one that is ready. A call is sent again only if it never left. Each submit leaves a line "submit NAME" that names its replica.
haproxy_configuration() {
  local number
  cat <<EOF
global
  maxconn 4096
  log stdout format raw local0
defaults
  mode http
  log global
  option dontlognull
  timeout connect 2s
  timeout client 120s
  timeout server 120s
frontend grpc
  bind 127.0.0.1:$1 proto h2
  log-format "submit %s"
  http-request set-log-level silent unless { path $SUBMIT_PATH }
  default_backend replicas
backend replicas
  balance roundrobin
  option tcp-check
$(printf '  tcp-check send-binary %s\n' "${HEALTH_CALL[@]}")
  tcp-check expect binary $HEALTH_SERVING
  option redispatch 1
  retries 3
  retry-on conn-failure
  default-server check inter 500ms fall 2 rise 1
EOF
  for ((number = 1; number <= REPLICAS; number++)); do
    echo "  server replica-$number 127.0.0.1:${replica_ports[number - 1]} proto h2"
  done
  cat <<EOF
frontend json
  bind 127.0.0.1:$2
  http-request set-log-level silent
  default_backend json_replicas
backend json_replicas
  balance roundrobin
  option httpchk GET /readyz
  option redispatch 1
  retries 3
  retry-on conn-failure
  default-server check inter 500ms fall 2 rise 1
EOF
  for ((number = 1; number <= REPLICAS; number++)); do
    echo "  server replica-$number 127.0.0.1:${replica_http_ports[number - 1]}"
  done
}

# start_haproxy DIRECTORY PORT HTTP_PORT: before the replicas of replica_ports.
start_haproxy() {
  haproxy_configuration "$2" "$3" >"$1/haproxy.conf"
  start haproxy "$1/haproxy.log" /usr/sbin/haproxy -db -f "$1/haproxy.conf"
  await haproxy "$CLUSTER_START_SECONDS" listens "$2"
  await haproxy "$CLUSTER_START_SECONDS" listens "$3"
}

# answering_replica DIRECTORY N: prints the replica to which haproxy gave the Nth submit.
answering_replica() {
  await haproxy 10 has_submits "$1/haproxy.log" "$2"
  grep '^submit replica-' "$1/haproxy.log" | sed -n "$2s/^submit //p"
}

has_submits() { [[ $(grep -c '^submit replica-' "$1") -ge $2 ]]; }
