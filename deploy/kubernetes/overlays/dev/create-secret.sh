#!/usr/bin/env bash
# Creates the namespace and the secret of this overlay, with random passwords. Keeps them if they exist.
set -euo pipefail
namespace=${1:-fanout}

kubectl get namespace "$namespace" >/dev/null 2>&1 || kubectl create namespace "$namespace"
if kubectl --namespace "$namespace" get secret fanout-connections >/dev/null 2>&1; then
  echo "The secret fanout-connections is there already."
  exit 0
fi

redis=$(openssl rand -hex 24)
postgres=$(openssl rand -hex 24)
kubectl --namespace "$namespace" create --filename - <<SECRET
apiVersion: v1
kind: Secret
metadata:
  name: fanout-connections
stringData:
  redis-password: $redis
  postgres-password: $postgres
  redis: redis:6379,password=$redis
  fanout: Host=postgres;Username=fanout;Password=$postgres;Database=fanout;Maximum Pool Size=40
SECRET
