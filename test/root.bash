# root.bash - a minimal Debian in a folder, for the scripts that try things
# there.  Sourced; the mirror, and how apt reaches it, are this machine's own.
#
#   root_open RELEASE DIR    makes the root unless it is there, and mounts what
#                            a machine has; all is unmounted when the script ends
#   root_run [NAME=VALUE]... COMMAND...    runs it there

root_mounted=()

root_cleanup()
{
	local i
	for ((i = ${#root_mounted[@]} - 1; i >= 0; i--)); do
		umount "${root_mounted[i]}" || umount -l "${root_mounted[i]}" ||
			:
	done
	root_mounted=()
}

# The first Debian mirror apt uses here, in either notation.
root_mirror()
{
	find /etc/apt/sources.list /etc/apt/sources.list.d -type f \
	    \( -name '*.list' -o -name '*.sources' \) -exec cat {} + \
	    2>/dev/null | awk '
		$1 == "URIs:" { print $2 }
		$1 == "deb" { for (i = 2; i <= NF; i++)
			if ($i ~ /:\/\//) print $i }' |
		sed -n '/\/debian\/*$/p' | head -n 1
}

# root_attach PATH MOUNT-ARGUMENTS...
root_attach()
{
	local path=$root_dir/$1
	shift
	mkdir -p "$path"
	mount "$@" "$path"
	root_mounted+=("$path")
}

root_make()
{
	local mirror f
	mirror=$(root_mirror || :)
	if [ -z "$mirror" ]; then
		echo "$0: no Debian mirror in /etc/apt/sources.list*" >&2
		exit 1
	fi
	if [ ! -e "$root_dir/etc/debian_version" ]; then
		debootstrap --variant=minbase \
		    --include=make,git,ca-certificates \
		    "$1" "$root_dir" "$mirror"
	fi
	echo "deb $mirror $1 main" >"$root_dir/etc/apt/sources.list"
	# Proxies and the like, but nothing that names programs this root lacks.
	for f in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
		if [ -f "$f" ] && ! grep -q '/usr/' "$f"; then
			cp "$f" "$root_dir$f"
		fi
	done
	cp -L /etc/resolv.conf /etc/hosts "$root_dir/etc/"
}

root_open()
{
	if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
		echo "$0: needs root and debootstrap" >&2
		exit 1
	fi
	mkdir -p "$2"
	root_dir=$(cd "$2" && pwd)
	root_make "$1"
	trap root_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# A root of its own, as a machine's is: unshare -m wants a mount there.
	root_attach "" --bind "$root_dir"
	root_attach proc -t proc proc
	root_attach sys -t sysfs -o ro sysfs
	root_attach dev -t tmpfs -o mode=755 tmpfs
	for node in null zero full random urandom tty; do
		cp -a "/dev/$node" "$root_dir/dev/"
	done
	ln -s /proc/self/fd "$root_dir/dev/fd"
	ln -s pts/ptmx "$root_dir/dev/ptmx"
	root_attach dev/pts -t devpts -o newinstance,ptmxmode=666,mode=620 \
	    devpts
	root_attach dev/shm -t tmpfs tmpfs
}

root_run()
{
	chroot "$root_dir" env -i HOME=/root TERM=linux LANG=C.UTF-8 \
	    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	    "$@" </dev/null
}
