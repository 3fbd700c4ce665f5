#!/bin/sh
# Runs a command with a throw-away PostgreSQL server beside it.
#
#   scripts/with-postgres.sh go test ./store/...
#
# The server lives in a temporary folder, listens on a unix socket and on a
# loopback port of its own, and is gone when the command ends. Tests find it
# through FOLLOWTHROUGH_TEST_POSTGRES; they may create databases on it.
set -eu

if [ $# -eq 0 ]; then
	echo "usage: $0 COMMAND [ARGUMENT...]" >&2
	exit 2
fi

# Debian keeps the server's programs out of the PATH.
find_programs() {
	for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
		if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
			echo "$folder"
			return
		fi
	done
	if command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1; then
		dirname "$(command -v initdb)"
	fi
}

programs=$(find_programs)
if [ -z "$programs" ]; then
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "$0: no PostgreSQL server found; install the package postgresql" >&2
		exit 1
	fi
	apt-get update -qq >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2
	programs=$(find_programs)
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/followthrough-pg.XXXXXX")
server=

cleanup() {
	status=$?
	trap - EXIT INT TERM
	if [ -n "$server" ]; then
		kill -INT "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$folder"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The server refuses to run as root.
as_user=
if [ "$(id -u)" -eq 0 ]; then
	user=nobody
	if id postgres >/dev/null 2>&1; then
		user=postgres
	fi
	chown "$user" "$folder"
	as_user="setpriv --reuid $user --regid $(id -g "$user") --clear-groups"
fi

cd "$folder"
$as_user "$programs/initdb" -D "$folder/data" -U test -A trust -E UTF8 --locale=C.UTF-8 >"$folder/initdb.log" 2>&1 || {
	cat "$folder/initdb.log" >&2
	exit 1
}
cd - >/dev/null

# A free port: the server says so when another one was faster.
: >"$folder/server.log"
port=$((20000 + $$ % 20000))
tries=0
while :; do
	$as_user "$programs/postgres" -D "$folder/data" -p "$port" -k "$folder" -c listen_addresses=127.0.0.1 \
		-c shared_buffers=64MB -c max_connections=100 -c fsync="${FOLLOWTHROUGH_TEST_FSYNC:-off}" \
		>"$folder/server.log" 2>&1 &
	server=$!
	while kill -0 "$server" 2>/dev/null && ! grep -q "ready to accept connections" "$folder/server.log"; do
		sleep 0.1
	done
	if kill -0 "$server" 2>/dev/null; then
		break
	fi
	server=
	tries=$((tries + 1))
	if [ "$tries" -ge 5 ] || ! grep -q "could not bind\|already in use" "$folder/server.log"; then
		cat "$folder/server.log" >&2
		exit 1
	fi
	port=$((port + 1))
done

FOLLOWTHROUGH_TEST_POSTGRES="postgres://test@127.0.0.1:$port/postgres?sslmode=disable"
export FOLLOWTHROUGH_TEST_POSTGRES
"$@"
