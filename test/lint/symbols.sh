#!/bin/sh
# libpgo.a exports pgo_* and, beside that, only what the linker must find:
# the __wrap_NAME of the wraps that pgo-cc lists, and __morestack*.
#
# usage: symbols.sh LIBRARY PGO-CC
set -eu
library=$1 pgocc=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$pgocc" --print-wraps | tr ' ' '\n' | sed -n 's/.*--wrap[=,]//p' |
	sed 's/^/__wrap_/' | sort -u >"$tmp/wraps"
nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' |
	sort -u >"$tmp/exported"
if ! [ -s "$tmp/exported" ]; then
	echo "$library: exports nothing" >&2
	exit 1
fi
grep -v -e '^pgo_' -e '^__morestack' "$tmp/exported" |
	comm -23 - "$tmp/wraps" >"$tmp/wrong" || :
if [ -s "$tmp/wrong" ]; then
	sed "s|.*|$library: exports &, which is neither pgo_* nor a wrap|" \
	    "$tmp/wrong" >&2
	exit 1
fi
