#!/usr/bin/env bash
# Creates the namespace and the secrets of this overlay, with random passwords. Keeps them if they exist.
set -euo pipefail
namespace=${1:-fanout}
services='order-api webhook-worker analytics-worker notification-worker reclaimer stream-console'
rules=$(dirname "${BASH_SOURCE[0]}")/../../../redis/users.acl

kubectl get namespace "$namespace" >/dev/null 2>&1 || kubectl create namespace "$namespace"
if kubectl --namespace "$namespace" get secret migrator-connections >/dev/null 2>&1; then
  echo "The secrets are there already."
  exit 0
fi

administrator=$(openssl rand -hex 24)
owner=$(openssl rand -hex 24)
users="user default on >$administrator ~* &* +@all"
connections=
roles=
for service in $services; do
  password=$(openssl rand -hex 24)
  redis=
  user=$(sed -n "s/^user fanout-$service on >PASSWORD /user fanout-$service on >$password /p" "$rules")
  # The console does not use Redis.
  if [ -n "$user" ]; then
    users+=$'\n'$user
    redis=$'\n'"  redis: redis:6379,user=fanout-$service,password=$password"
  fi
  roles+=$'\n'"  $service: $password"
  connections+="
---
apiVersion: v1
kind: Secret
metadata:
  name: $service-connections
stringData:$redis
  fanout: Host=postgres;Username=fanout_${service//-/_};Password=$password;Database=fanout;Maximum Pool Size=40"
done

# The last one is the migrator's: it is there only if all are.
kubectl --namespace "$namespace" create --filename - <<SECRETS
apiVersion: v1
kind: Secret
metadata:
  name: redis-users
stringData:
  password: $administrator
  users.acl: |
${users//user /    user }
---
apiVersion: v1
kind: Secret
metadata:
  name: postgres-owner
stringData:
  password: $owner$connections
---
apiVersion: v1
kind: Secret
metadata:
  name: migrator-connections
stringData:
  fanout: Host=postgres;Username=fanout;Password=$owner;Database=fanout$roles
SECRETS
