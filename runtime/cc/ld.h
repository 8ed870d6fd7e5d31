#ifndef PGO_CC_LD_H
#define PGO_CC_LD_H
/* pgo-cc as the linker. */

/* Links as GNU ld does, with thunks, and checks what was linked. */
int ld_main(int argc, char **argv);

#endif
