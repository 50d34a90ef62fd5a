#!/usr/bin/env bash
# Starts two workers on this machine, runs the shell on them with the arguments that are given, and stops them again:
#   scripts/cluster.sh --file sql/cdnow.sql
set -euo pipefail

folder=$(mktemp -d)
workers=()
stop() {
    kill "${workers[@]}" 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT

# Each writes the address that it found free as its first line.
for number in 1 2; do
    ziln-cluster worker --listen 127.0.0.1:0 >"$folder/$number" &
    workers+=($!)
done
urls=()
for number in 1 2; do
    until grep -qs '^worker on ' "$folder/$number"; do
        kill -0 "${workers[$((number - 1))]}" || exit 1
        sleep 0.1
    done
    urls+=("$(sed -n 's/^worker on //p' "$folder/$number")")
done
echo "workers: ${urls[*]}"
ziln --cluster "$(IFS=,; echo "${urls[*]}")" "$@"
