#ifndef PGO_CC_FOLDER_H
#define PGO_CC_FOLDER_H
/* The temporary folder of this command, gone with all its files when it
 * exits, dying included. */

/* The path of the file NAME in it, for the caller to write. */
const char *folder_file(const char *name);

/* The folder; NULL while it has no file. */
const char *folder_path(void);

#endif
