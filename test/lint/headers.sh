#!/bin/sh
# Every header compiles alone.
#
# usage: headers.sh CFLAGS PUBLIC... -- PRIVATE...
#
# PRIVATE ones as the project's C (CFLAGS); PUBLIC ones, which users include,
# also as C11, C++11 and C++20, by gcc and by clang where there is one.  An
# asm.h is for .S files, and is assembled.
cflags=$1
shift
rc=0

# check COMPILER LANGUAGE HEADER FLAG...
check()
{
	compiler=$1 language=$2 header=$3
	shift 3
	# A declaration besides, for C forbids a file of macros only.
	if ! printf '#include "%s"\nextern int alone;\n' "$header" |
	    "$compiler" "$@" -I. -Iinclude \
	    -Wall -Wextra -Werror -fsyntax-only -x "$language" -; then
		echo "$header: does not compile alone: $compiler $*" >&2
		rc=1
	fi
}

while [ $# -gt 0 ] && [ "$1" != -- ]; do
	check "${CC:-gcc}" c "$1" -std=gnu11
	check "${CC:-gcc}" c "$1" -std=c11 -Wpedantic
	for cc in g++ clang++; do
		command -v $cc >/dev/null || continue
		check $cc c++ "$1" -std=c++11 -Wpedantic
		check $cc c++ "$1" -std=c++20 -Wpedantic
	done
	if command -v clang >/dev/null; then
		check clang c "$1" -std=c11 -Wpedantic
	fi
	shift
done
shift
for header; do
	case $header in
	*/asm.h)
		if ! echo "#include \"$header\"" | "${CC:-gcc}" -I. -Iinclude \
		    -c -o /dev/null -x assembler-with-cpp -; then
			echo "$header: does not assemble alone" >&2
			rc=1
		fi
		continue ;;
	esac
	# shellcheck disable=SC2086  # flags are words
	check "${CC:-gcc}" c "$header" $cflags
done
exit $rc
