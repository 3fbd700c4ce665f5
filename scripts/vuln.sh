#!/bin/sh
# Looks for known vulnerabilities with the given govulncheck. The database is
# on the network; where it cannot be reached the check is skipped with a line.
set -u

out=$("$1" ./... 2>&1)
status=$?
printf '%s\n' "$out"
[ "$status" -eq 0 ] && exit 0
case $out in
*"dial tcp"* | *"no such host"* | *"connection refused"* | *"i/o timeout"* | *"fetching vulnerabilities"*)
	echo "vulnerability check skipped: its database cannot be reached"
	exit 0
	;;
esac
exit "$status"
