/*
 * What Go linked a program with: its build info.
 *
 * Source: src/debug/buildinfo/buildinfo.go, src/cmd/link/internal/ld/data.go.
 */
#ifndef LIB_TARGET_GO_BUILDINFO_H
#define LIB_TARGET_GO_BUILDINFO_H

#include <stddef.h>

#include "lib/target/go/image.h"

/* Copies the version of Go ("go1.26.8", "devel go1.27-4d3c2b1 ...") to OUT,
 * cut at MAX - 1 bytes.  0; -ENOENT when it is no Go program; -ENOTSUP when
 * another compiler's Go made it, and which in E; as space_read(). */
int go_buildinfo(const struct image *im, char *out, size_t max,
		 struct err *e);

/* 26 of "go1.26.8" or "devel go1.26-..."; -1 when it makes no sense. */
int go_version_minor(const char *version);

/* 8 of "go1.26.8"; 0 of "go1.26" and of what comes before it. */
int go_version_patch(const char *version);

#endif
