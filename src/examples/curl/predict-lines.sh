#!/usr/bin/env bash
# Predicts the addresses of standard input, one a line, as one stream, and prints the service's
# lines. A broken stream is sent again as a whole, with the same ids: each prediction is stored once.
#
#   predict-lines.sh http://127.0.0.1:8000 < addresses.txt
set -euo pipefail

# A UUID of version 7: milliseconds of Unix time, then random digits.
new_id() {
  local time random
  printf -v time '%012x' "$(date +%s%3N)"
  random=$(od -An -N9 -tx1 /dev/urandom | tr -d ' \n')
  echo "${time:0:8}-${time:8:4}-7${random:0:3}-8${random:3:3}-${random:6:12}"
}

json_string() { sed -e 's/[\\"]/\\&/g' -e 's/\t/\\t/g' -e 's/\r//g' -e 's/.*/"&"/' <<<"$1"; }

shipments=$(mktemp)
results=$(mktemp)
trap 'rm -f "$shipments" "$results"' EXIT
number=0
while IFS= read -r address || [[ -n $address ]]; do
  printf '{"shipment_id":"%d","prediction_id":"%s","address":%s}\n' \
    $((++number)) "$(new_id)" "$(json_string "$address")"
done >"$shipments"

# Retried: refusals (429), an unavailable service (503), late responses (504), with Retry-After,
# and broken connections. A retry empties the file of results; standard output it couldn't.
curl -sS --fail --retry 10 --retry-all-errors --retry-max-time 60 --max-time 120 -o "$results" \
  -H 'Content-Type: application/x-ndjson' --data-binary "@$shipments" "$1/predict/stream"
cat "$results"
