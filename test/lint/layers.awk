# No include points upwards.
#
# usage: awk -f layers.awk TABLE SOURCE...
#
# TABLE says which parts each part may include.  Headers of ours are included
# by their full path ("lib/base/buf.h", <pgo/chan.h>), so the path is enough.

function fail(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what
	bad = 1
}

# The longest part that PATH begins with, "" when none does.
function part_of(path,    p, best)
{
	best = ""
	for (p in may)
		if (index(path, p "/") == 1 && length(p) > length(best))
			best = p
	return best
}

function allowed(from, header,    n, i, list)
{
	if (part_of(header) == from)
		return 1
	n = split(may[from], list, " ")
	for (i = 1; i <= n; i++)
		if (list[i] == header || list[i] == part_of(header))
			return 1
	return 0
}

FILENAME == ARGV[1] {
	if ($0 !~ /^#/ && NF) {
		name = $1
		sub(/:$/, "", name)
		$1 = ""
		may[name] = $0
	}
	next
}

/^[ \t]*#[ \t]*include[ \t]*("|<pgo\/)/ {
	header = $0
	sub(/^[^"<]*["<]/, "", header)
	sub(/[">].*/, "", header)
	if (header ~ /^pgo\//)
		header = "include/" header
	from = part_of(FILENAME)
	if (from == "")
		fail("in no part of " ARGV[1])
	else if (part_of(header) == "")
		fail("\"" header "\": name the header by its full path")
	else if (!allowed(from, header))
		fail(from " may not include \"" header "\"")
}

END { exit bad }
