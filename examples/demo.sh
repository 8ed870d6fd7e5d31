#!/bin/bash
# demo.sh - the server example under load, looked at for ten seconds: its
# scheduler lines, its goroutines, the top of its CPU profile.
#
# usage: make demo
#
# Leaves nothing running and no file, also when it is interrupted.
set -euo pipefail
B=${B:-build}
seconds=10
tmp=$(mktemp -d)

cleanup()
{
	trap '' INT TERM
	trap - EXIT
	# Also one whose number nobody has taken down yet.
	kill $(jobs -p) 2>/dev/null || :
	wait || :
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT
trap 'cleanup; exit 143' TERM

fail()
{
	echo "demo: $*" >&2
	cat "$tmp/err" >&2 2>/dev/null || :
	exit 1
}

# A command that a signal to this script ends at once: bash looks at signals
# while it waits, not while a command is in the foreground.
run()
{
	"$@" &
	wait $!
}

# Does nobody listen on localhost:$1?
is_free()
{
	! (: <>"/dev/tcp/localhost/$1") 2>/dev/null
}

# until_listens PORT: waits, at most five seconds
until_listens()
{
	local i
	for ((i = 0; i < 50; i++)); do
		is_free "$1" || return 0
		sleep 0.1
	done
	return 1
}

# until_seen PATTERN FILE PID: waits, at most five seconds
until_seen()
{
	local i
	for ((i = 0; i < 50; i++)); do
		grep -q "$1" "$2" 2>/dev/null && return 0
		kill -0 "$3" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

agent=6060
while ! is_free $agent; do
	agent=$((agent + 1))
done
[ $agent -eq 6060 ] || echo "Port 6060 is taken; the agent gets $agent."
port=8080
is_free $port || port=0

echo "Starting $B/examples/server, its agent on localhost:$agent."
SCHEDTRACE=1000 PGO_AGENT=unix,localhost:$agent \
    "$B/examples/server" -p $port >"$tmp/out" 2>"$tmp/err" &
server=$!
until_seen 'http://' "$tmp/out" $server || fail "the server does not start"
# The agent begins with pgo_run(), a moment later.
until_listens $agent || fail "the agent does not answer on port $agent"
url=$(sed -n 's|.*\(http://[^ ]*\).*|\1|p' "$tmp/out")

echo "Loading $url for $seconds seconds: eight connections, kept alive."
curl -s --parallel --parallel-max 8 -o /dev/null \
    "${url}[1-1000000]" >/dev/null 2>&1 &
load=$!
begun=$SECONDS

run "$B/bin/pgo-trace" record -t cpu -s $((seconds / 2)) -f \
    -o "$tmp/cpu.pb.gz" "localhost:$agent" >/dev/null || fail "no CPU profile"

printf '\nThe goroutines (pgo-top -b -n 2 %s), the second frame:\n\n' $server
run "$B/bin/pgo-top" -b -n 2 $server >"$tmp/frames" || fail "pgo-top failed"
awk '/^pgo-top/ { frame++ } frame == 2 { print }' "$tmp/frames" | head -n 40

left=$((begun + seconds - SECONDS))
run sleep $((left > 0 ? left : 0))
kill $load 2>/dev/null || :
wait $load || :
printf '\nThe scheduler, a line a second (SCHEDTRACE=1000):\n\n'
grep '^SCHED' "$tmp/err" | tail -n 4 || fail "no scheduler lines"

printf '\nWhere the CPU time went (pgo-trace record, pgo-trace top):\n\n'
run "$B/bin/pgo-trace" top -n 10 --cum "$tmp/cpu.pb.gz" || fail "no report"

cat <<END

To try next, with a server of your own:
    PGO_AGENT=unix,localhost:6060 $B/examples/server &
    $B/bin/pgo-top \$!
    go tool pprof -top 'http://localhost:6060/debug/pprof/profile?seconds=5'
    curl 'http://localhost:6060/debug/pprof/goroutine?debug=2'
    SCHEDTRACE=200,gs $B/examples/sleepers
END
