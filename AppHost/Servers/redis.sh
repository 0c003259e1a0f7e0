#!/bin/sh
# Runs Redis. Settings come as environment variables (REDIS_SERVER, REDIS_DATA, REDIS_PORT, REDIS_PASSWORD,
# and REDIS_ARGS: arguments of the server).
set -eu
umask 077
mkdir -p "$REDIS_DATA"
cd "$REDIS_DATA"

# Stop a server that outlived its AppHost: two servers must never write the same files.
if [ -f redis.pid ]; then
  previous=$(cat redis.pid)
  case $(ps -o comm= -p "$previous" || true) in
    *redis-server* | *valkey-server*)
      kill "$previous"
      while kill -0 "$previous" 2>/dev/null; do sleep 0.1; done
      ;;
  esac
fi

# Redis reads its password from standard input, because everyone on the machine can read a command line.
password=$REDIS_PASSWORD
unset REDIS_PASSWORD
exec "$REDIS_SERVER" - --port "$REDIS_PORT" $REDIS_ARGS <<EOF
bind 127.0.0.1
requirepass $password
pidfile redis.pid
save ""
EOF
