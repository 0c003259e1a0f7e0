#!/bin/sh
# Runs PostgreSQL. Creates the cluster and the database on the first start. Settings are environment variables:
# POSTGRES_PROGRAMS, POSTGRES_DATA, POSTGRES_PORT, POSTGRES_DB, POSTGRES_PASSWORD.
set -eu
umask 077
cluster=$POSTGRES_DATA/cluster
mkdir -p "$POSTGRES_DATA"

# PostgreSQL refuses to run as root.
as_user=
if [ "$(id -u)" = 0 ]; then
  as_user='setpriv --reuid=postgres --regid=postgres --init-groups --'
  chown postgres: "$POSTGRES_DATA"
fi
cd "$POSTGRES_DATA"

# Create the cluster under another name and rename it, so that a crash leaves no incomplete cluster.
if [ ! -d "$cluster" ]; then
  rm -rf "$cluster.new"
  printf '%s' "$POSTGRES_PASSWORD" >password
  if [ -n "$as_user" ]; then chown postgres: password; fi
  $as_user "$POSTGRES_PROGRAMS/initdb" -D "$cluster.new" --username=postgres --pwfile=password --auth=scram-sha-256 --encoding=UTF8 --locale=C --data-checksums
  rm password
  echo "CREATE DATABASE \"$POSTGRES_DB\"" | $as_user "$POSTGRES_PROGRAMS/postgres" --single -D "$cluster.new" postgres
  mv "$cluster.new" "$cluster"
fi
unset POSTGRES_PASSWORD

# Stop a server that is still running from an earlier AppHost. Its command line has its cluster, so a process id that now belongs
# to another program is left alone. The file itself stays: PostgreSQL uses it to wait for the processes of a killed server.
if [ -f "$cluster/postmaster.pid" ]; then
  command -v ps >/dev/null || { echo "ps is missing: install procps." >&2; exit 1; }
  case $(ps -o args= -p "$(head -n 1 "$cluster/postmaster.pid")" || true) in
    *"$cluster"*) $as_user "$POSTGRES_PROGRAMS/pg_ctl" stop -D "$cluster" -m fast ;;
  esac
fi

$as_user "$POSTGRES_PROGRAMS/postgres" -D "$cluster" -p "$POSTGRES_PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 &
server=$!

# Aspire stops a process with SIGTERM. PostgreSQL would then wait until every client has disconnected; SIGINT is its fast clean shutdown.
trap 'kill -INT "$server"' INT TERM
status=0
wait "$server" || status=$?
while kill -0 "$server" 2>/dev/null; do
  status=0
  wait "$server" || status=$?
done
exit "$status"
