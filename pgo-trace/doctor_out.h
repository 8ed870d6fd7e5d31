/* What the doctor found, written down. */
#ifndef PGO_TRACE_DOCTOR_OUT_H
#define PGO_TRACE_DOCTOR_OUT_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/target/doctor.h"

void doctor_text(struct buf *out, const struct doctor_finding *at, size_t n);
void doctor_json(struct buf *out, const struct doctor_finding *at, size_t n);

#endif
