/*
 * What a program built on pgo shows to readers outside: other processes and
 * whoever opens its core file.  No DWARF is needed.
 *
 * The program carries an ELF note in a PT_NOTE segment: owner "pgo", type
 * PGO_NOTE_LAYOUT, descriptor 8 bytes: a signed number which, added to the
 * descriptor's own address, gives that of struct pgo_layout.  That survives
 * PIE, static linking, strip and kernel cores.
 *
 * The table describes itself: a reader takes what it knows by name and passes
 * over the rest.  All of it is hostile until checked.
 */
#ifndef PGO_LAYOUT_H
#define PGO_LAYOUT_H

#include <stdint.h>

#define PGO_NOTE_LAYOUT 1
#define PGO_LAYOUT_MAGIC "pgolayt"      /* 8 bytes with its zero */
#define PGO_LAYOUT_VERSION 1

enum { PGO_AGENT_ADDRESS_BYTES = 512 };

/* One thing: a member of a struct ("g.id"), a variable or a place in the code
 * ("sched"), or a struct as a whole ("g"). */
struct pgo_layout_field {
	char name[24];
	uint64_t address;       /* of a variable or a place; else 0 */
	uint32_t offset;        /* of a member; else 0 */
	uint32_t size;          /* bytes */
};

struct pgo_layout {
	char magic[8];
	uint32_t version;       /* PGO_LAYOUT_VERSION; others are unknown */
	uint32_t header_bytes;  /* the fields come after so many */
	uint32_t field_bytes;   /* of one struct pgo_layout_field */
	uint32_t field_count;
	char runtime[24];       /* "pgo 0.1" */
	char agent[PGO_AGENT_ADDRESS_BYTES]; /* where the agent listens, with
				 * commas: "unix:/run/user/0/pgo/7.sock"; ""
				 * while there is none */
};
/* At header_bytes behind the struct's start: field_count times field_bytes. */

#endif
