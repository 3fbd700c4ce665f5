#!/bin/sh
# Measures the HTTP API of the built program on SQLite with 100,000 measures.
# Needs wrk and python3. Prints one line per figure.
set -eu

program=${1:-bin/followthrough}
seconds=${SECONDS_EACH:-8}
folder=$(mktemp -d "${TMPDIR:-/tmp}/followthrough-bench.XXXXXX")
export FOLLOWTHROUGH_DATA="$folder" FOLLOWTHROUGH_LISTEN=127.0.0.1:18080 FOLLOWTHROUGH_LOG=error
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

python3 - "$folder" <<'PY'
import csv, datetime, sys
folder = sys.argv[1]
day = datetime.date.today()
with open(folder + "/incidents.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["incident_id", "title", "severity", "started"])
    for n in range(900):
        w.writerow([f"X-{n}", f"Incident {n}", f"SEV{1 + n % 5}", f"{day - datetime.timedelta(days=1 + n)}T09:00:00Z"])
for part in range(2):
    with open(f"{folder}/measures-{part}.csv", "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(["action_id", "incident_id", "title", "kind", "priority", "status", "due_date"])
        for n in range(part * 50_000, (part + 1) * 50_000):
            status = "open" if n % 10 == 0 else "done"
            w.writerow([f"A-{n}", f"X-{n % 900}", f"Measure {n} against a cause", "prevent", f"P{n % 5}", status, day + datetime.timedelta(days=n % 60 - 30)])
PY
"$program" import "$folder/incidents.csv" "$folder/measures-0.csv" >/dev/null 2>&1
"$program" import "$folder/incidents.csv" "$folder/measures-1.csv" >/dev/null 2>&1 || "$program" import "$folder/measures-1.csv" >/dev/null 2>&1
token=$("$program" token create --name bench --role admin | grep -o 'ft_[A-Z0-9]*' | head -1)
"$program" serve >"$folder/out" 2>&1 &
server=$!
base=http://127.0.0.1:18080
until curl -fs "$base/readyz" >/dev/null; do sleep 0.2; done
auth="Authorization: Bearer $token"
total=$(curl -fs -H "$auth" "$base/api/v1/measures?limit=1&total=true" | python3 -c 'import json,sys; print(json.load(sys.stdin)["total"])')
echo "measures: $total"

read_load() {
	echo "== $1"
	wrk -t2 -c4 -d"${seconds}s" --latency -H "$auth" "$base$2" | grep -E "Requests/sec|99%|Non-2xx" || true
}
read_load "overdue list of 50, 4 clients" "/api/v1/measures?overdue=true&sort=due_on&limit=50"
read_load "one measure by key, 4 clients" "/api/v1/measures/M-4711"

cat >"$folder/create.lua" <<'LUA'
local n = 0
request = function()
  n = n + 1
  return wrk.format("POST", "/api/v1/measures", nil, '{"title":"Made under load ' .. n .. '","kind":"prevent","priority":"P2","incident":"INC-1"}')
end
LUA
cat >"$folder/patch.lua" <<'LUA'
local n = math.random(1, 90000)
request = function()
  n = n % 90000 + 1
  return wrk.format("PATCH", "/api/v1/measures/M-" .. n, nil, '{"title":"Changed under load ' .. math.random(1, 1000000000) .. '"}')
end
LUA
echo "== create, 16 clients, synchronous=FULL"
wrk -t2 -c16 -d"${seconds}s" --latency -H "$auth" -H "Content-Type: application/json" -s "$folder/create.lua" "$base" | grep -E "Requests/sec|99%|Non-2xx" || true
echo "== patch, 16 clients, synchronous=FULL"
wrk -t2 -c16 -d"${seconds}s" --latency -H "$auth" -H "Content-Type: application/merge-patch+json" -H "If-Match: *" -s "$folder/patch.lua" "$base" | grep -E "Requests/sec|99%|Non-2xx" || true
echo "== memory and size"
grep -E "VmHWM|VmRSS" "/proc/$server/status"
ls -l "$program" | awk '{print "binary", $5/1048576, "MiB"}'
