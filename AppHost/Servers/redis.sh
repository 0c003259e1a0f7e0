#!/bin/sh
# Runs Redis. Settings are environment variables: REDIS_SERVER, REDIS_DATA, REDIS_PORT, REDIS_PASSWORD,
# REDIS_USERS (lines of the configuration, for the users of services) and REDIS_ARGS (arguments of the server).
set -eu
umask 077
mkdir -p "$REDIS_DATA"
cd "$REDIS_DATA"

# Stop a server that is still running from an earlier AppHost: two servers must not write the same files.
# Its command line has its port, so a process id that now belongs to another server is left alone.
if [ -f redis.pid ] && [ -f port ]; then
  previous=$(cat redis.pid)
  command -v ps >/dev/null || { echo "ps is missing: install procps." >&2; exit 1; }
  case $(ps -o args= -p "$previous" || true) in
    *redis-server*":$(cat port)"* | *valkey-server*":$(cat port)"*)
      kill "$previous"
      while kill -0 "$previous" 2>/dev/null; do sleep 0.1; done
      ;;
  esac
fi

echo "$REDIS_PORT" >port

# Redis reads passwords from standard input, because every user of the machine can read a command line.
password=$REDIS_PASSWORD
users=$REDIS_USERS
unset REDIS_PASSWORD REDIS_USERS
exec "$REDIS_SERVER" - --port "$REDIS_PORT" $REDIS_ARGS <<EOF
bind 127.0.0.1
requirepass $password
pidfile redis.pid
save ""
$users
EOF
