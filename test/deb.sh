#!/bin/bash
# deb.sh - do the packages of `make deb` work where there is nothing else of
# pgo?  Makes a minimal root of this machine's release in DIR, installs them
# there by apt, builds the examples with the pgo-cc of /usr, looks at one with
# the tools, and purges the packages.  Needs root, and network as apt does here.
#
# usage: test/deb.sh PACKAGES DIR    PACKAGES: the folder, build/deb
#
# A DIR that is there already is used again.
set -euo pipefail

if [ $# -ne 2 ]; then
	echo "usage: test/deb.sh PACKAGES DIR" >&2
	exit 2
fi
# shellcheck source=test/root.bash
. "$(dirname "$0")/root.bash"
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

root_open "$release" "$2"
rm -rf "$root_dir/packages" "$root_dir/try"
mkdir "$root_dir/packages" "$root_dir/try"
for package in libpgo-dev pgo-tools; do
	cp "$1/$package"_*.deb "$root_dir/packages/$package.deb"
done

apt()
{
	root_run DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

# try NAME COMMAND: the root's shell runs it, in a folder with the examples.
try()
{
	echo "deb: $1"
	root_run bash -euo pipefail -c "cd /try; $2" || {
		echo "deb: failed: $2" >&2
		exit 1
	}
}

apt update
apt install -y --no-install-recommends --reinstall \
    /packages/libpgo-dev.deb /packages/pgo-tools.deb
cp "$root_dir"/usr/share/doc/libpgo-dev/examples/*.[ch] "$root_dir/try/"

try 'the examples build' \
    'for f in *.c; do pgo-cc -Wall -Wextra -Werror -O2 -o "${f%.c}" "$f"; done'
try 'and run' './fib 20 && ./ten && ./sieve 3 && ./pipeline *.c'
try 'a program without pgo-cc' \
    'cc -O2 ten.c -o plain $(pgo-cc --cflags) $(pgo-cc --libs) && ./plain'
try 'the tools see one' './leak 5 >/dev/null & sleep 1
    pgo-trace dump --group $! | grep -q send_answer
    pgo-top -b -n 1 $! | grep -q send_answer; kill $!'
try 'the agent is found' 'PGO_AGENT=unix:/try/sock ./leak 5 >/dev/null & sleep 1
    pgo-trace record -t goroutine -o g.pb.gz unix:/try/sock
    pgo-trace top g.pb.gz | grep -q send_answer; kill $!'
apt purge -y libpgo-dev pgo-tools
try 'nothing is left' '! find /usr /etc /var/lib -name "*pgo*" \
    -not -path "/var/lib/dpkg/*" -not -path "/var/lib/apt/*" | grep .'
echo "deb: $release: all is well"
