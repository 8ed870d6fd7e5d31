#!/bin/bash
# roots.sh - does all work on a bare Debian?  Makes a minimal root of RELEASE
# in DIR by debootstrap, clones this repository's HEAD into it, and runs the
# README's two commands there.  Needs root, and network as apt does here.
#
# usage: test/roots.sh RELEASE DIR    RELEASE: bookworm, trixie
#
# PGO_ROOT_GOALS="deps:deps check" runs these makes instead, one a colon.
# A DIR that is there already is used again; only its clone is fresh.
# The mirror, and how apt reaches it, are this machine's own.
set -euo pipefail

if [ $# -ne 2 ]; then
	echo "usage: test/roots.sh RELEASE DIR" >&2
	exit 2
fi
release=$1
repository=$(cd "$(dirname "$0")/.." && git rev-parse --show-toplevel)
case $release in
bookworm) name=debian12 ;;
trixie) name=debian13 ;;
*) echo "roots: $release: neither bookworm nor trixie" >&2; exit 2 ;;
esac
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
	echo "roots: needs root and debootstrap" >&2
	exit 1
fi
mkdir -p "$2"
dir=$(cd "$2" && pwd)

# The first Debian mirror apt uses here, in either notation.
mirror()
{
	find /etc/apt/sources.list /etc/apt/sources.list.d -type f \
	    \( -name '*.list' -o -name '*.sources' \) -exec cat {} + \
	    2>/dev/null | awk '
		$1 == "URIs:" { print $2 }
		$1 == "deb" { for (i = 2; i <= NF; i++)
			if ($i ~ /:\/\//) print $i }' |
		sed -n '/\/debian\/*$/p' | head -n 1
}

mounted=()
cleanup()
{
	local i
	for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do
		umount "${mounted[i]}" || umount -l "${mounted[i]}" || :
	done
	mounted=()
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# attach PATH MOUNT-ARGUMENTS...
attach()
{
	local path=$dir/$1
	shift
	mkdir -p "$path"
	mount "$@" "$path"
	mounted+=("$path")
}

mirror=$(mirror || :)
if [ -z "$mirror" ]; then
	echo "roots: no Debian mirror in /etc/apt/sources.list*" >&2
	exit 1
fi
if [ ! -e "$dir/etc/debian_version" ]; then
	debootstrap --variant=minbase --include=make,git,ca-certificates \
	    "$release" "$dir" "$mirror"
fi
echo "deb $mirror $release main" >"$dir/etc/apt/sources.list"
# Proxies and the like, but nothing that names programs this root lacks.
for f in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
	if [ -f "$f" ] && ! grep -q '/usr/' "$f"; then
		cp "$f" "$dir${f}"
	fi
done
cp -L /etc/resolv.conf /etc/hosts "$dir/etc/"

rm -rf "$dir/src"
git clone -q --no-hardlinks "$repository" "$dir/src"

# A root of its own, as a machine's is: unshare -m wants a mount there.
attach "" --bind "$dir"
attach proc -t proc proc
attach sys -t sysfs -o ro sysfs
attach dev -t tmpfs -o mode=755 tmpfs
for node in null zero full random urandom tty; do
	cp -a "/dev/$node" "$dir/dev/"
done
ln -s /proc/self/fd "$dir/dev/fd"
ln -s pts/ptmx "$dir/dev/ptmx"
attach dev/pts -t devpts -o newinstance,ptmxmode=666,mode=620 devpts
attach dev/shm -t tmpfs tmpfs

IFS=: read -ra makes <<<"${PGO_ROOT_GOALS:-deps demo:deps check}"
for goals in "${makes[@]}"; do
	echo "roots: $release: make $goals"
	# shellcheck disable=SC2086  # goals are words
	chroot "$dir" env -i HOME=/root TERM=linux LANG=C.UTF-8 \
	    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	    PGO_TEST_ENV="$name" make -C /src $goals </dev/null
	echo "roots: $release: make $goals: done"
done
