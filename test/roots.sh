#!/bin/bash
# roots.sh - does all work on a bare Debian?  Makes a minimal root of RELEASE
# in DIR by debootstrap, clones this repository's HEAD into it, and runs the
# README's two commands there.  Needs root, and network as apt does here.
#
# usage: test/roots.sh RELEASE DIR    RELEASE: bookworm, trixie
#
# PGO_ROOT_GOALS="deps:deps check" runs these makes instead, one a colon.
# A DIR that is there already is used again; only its clone is fresh.
set -euo pipefail

if [ $# -ne 2 ]; then
	echo "usage: test/roots.sh RELEASE DIR" >&2
	exit 2
fi
release=$1
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here" && git rev-parse --show-toplevel)
# shellcheck source=test/root.bash
. "$here/root.bash"
case $release in
bookworm) name=debian12 ;;
trixie) name=debian13 ;;
*) echo "roots: $release: neither bookworm nor trixie" >&2; exit 2 ;;
esac

root_open "$release" "$2"
rm -rf "$root_dir/src"
git clone -q --no-hardlinks "$repository" "$root_dir/src"

IFS=: read -ra makes <<<"${PGO_ROOT_GOALS:-deps demo:deps check}"
for goals in "${makes[@]}"; do
	echo "roots: $release: make $goals"
	# shellcheck disable=SC2086  # goals are words
	root_run PGO_TEST_ENV="$name" make -C /src $goals
	echo "roots: $release: make $goals: done"
done
