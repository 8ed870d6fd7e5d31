#ifndef PGO_CC_CC_H
#define PGO_CC_CC_H
/* pgo-cc as the compiler driver: adds its flags and becomes gcc. */

/* Runs gcc, or g++ when CXX; never returns but for a question answered. */
int cc_main(int argc, char **argv, int cxx);

#endif
