/*
 * A doubly linked list through the members of what it links.
 *
 * The head is a node too: an empty list is one node that points at itself, so
 * nothing has a special case.  A node is on at most one list.  No locks, no
 * allocation.  [any] [sig]
 */
#ifndef LIB_BASE_LIST_H
#define LIB_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next;
	struct list *prev;
};

/* The struct of type TYPE whose member MEMBER is the node NODE. */
#define list_entry(node, type, member) \
	((type *)((char *)(node) - offsetof(type, member)))

/* NODE runs over the nodes of HEAD, NEXT ahead of it: NODE may be removed. */
#define list_for_each(node, after, head)                              \
	for ((node) = (head)->next, (after) = (node)->next;           \
	     (node) != (head); (node) = (after), (after) = (node)->next)

static inline void list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts NODE right after WHERE; after the head, that is first. */
static inline void list_add(struct list *where, struct list *node)
{
	node->prev = where;
	node->next = where->next;
	where->next->prev = node;
	where->next = node;
}

/* Puts NODE right before WHERE; before the head, that is last. */
static inline void list_add_tail(struct list *where, struct list *node)
{
	list_add(where->prev, node);
}

/* Takes NODE off its list; afterwards it is a list of its own, so that doing
 * it again does nothing. */
static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* The first node taken off, or NULL. */
static inline struct list *list_pop(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_del(node);
	return node;
}

#endif
