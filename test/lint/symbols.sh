#!/bin/sh
# libpgo.a exports pgo_* and, beside that, only what the linker must find:
# the __wrap_NAME of the generated list of wraps, [__wrap_]__morestack*, and the
# NAMEs given.
#
# usage: symbols.sh LIBRARY WRAPS NAME...    WRAPS: lines like --wrap=NAME
set -eu
library=$1 wraps=$2
shift 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sed -n 's/^--wrap=/__wrap_/p' "$wraps" | sort -u >"$tmp/wraps"
nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' |
	sort -u >"$tmp/exported"
if ! [ -s "$tmp/exported" ]; then
	echo "$library: exports nothing" >&2
	exit 1
fi
for name; do echo "$name"; done | sort - "$tmp/wraps" >"$tmp/allowed"
grep -v -e '^pgo_' -e '^__morestack' -e '^__wrap___morestack' "$tmp/exported" |
	comm -23 - "$tmp/allowed" >"$tmp/wrong" || :
if [ -s "$tmp/wrong" ]; then
	sed "s|.*|$library: exports &, which is neither pgo_* nor a wrap|" \
	    "$tmp/wrong" >&2
	exit 1
fi
