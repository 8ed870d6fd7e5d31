/* What every public header needs: linkage and two attributes. */
#ifndef PGO_CDEFS_H
#define PGO_CDEFS_H

#ifdef __cplusplus
#define PGO_BEGIN extern "C" {
#define PGO_END }
#else
#define PGO_BEGIN
#define PGO_END
#endif

#define PGO_API __attribute__((visibility("default")))
#define PGO_NORETURN __attribute__((noreturn))

#endif
