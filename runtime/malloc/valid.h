/* The walk over everything, for tests. */
#ifndef PGO_RUNTIME_MALLOC_VALID_H
#define PGO_RUNTIME_MALLOC_VALID_H

/*
 * NULL, or what does not hold:
 *   spans cover the pages without gap or overlap, and rows name them;
 *   free ones lie in the bin of their length, with no neighbour of their sort;
 *   small ones: used + |free| == carved <= objects, and are on their class's
 *   list just when they have something to give;
 *   batches, magazines: lists of the length they say, of marked objects of
 *   their class;
 *   mallocs - frees of a class == objects out of spans - those in batches and
 *   magazines.
 * Nobody else may use the heap meanwhile.  [any but g]
 */
const char *heap_wrong(void);

#endif
