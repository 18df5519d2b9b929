/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_VECTOR_H
#define POLICY_VALUES_VECTOR_H

/*
 * A growing array of plain values, for what is gathered while compiling and not known in number
 * beforehand. Zeroed memory is an empty vector. One vector holds items of one type; whoever
 * declares it says which.
 */

#include <stddef.h>
#include <stdint.h>

struct vector {
	void *items;
	size_t count, capacity;
};

/* Room for one more item of `size` bytes at the end, uninitialised; or NULL when out of memory. */
void *vector_push(struct vector *vector, size_t size);
/* The same for `count` items in a row. */
void *vector_push_many(struct vector *vector, size_t count, size_t size);
void vector_clear(struct vector *vector); /* empties it, keeps the memory */
void vector_deinit(struct vector *vector);

/* Adds a number to a vector of uint32_t. Returns 0 or -ENOMEM. */
int vector_push_number(struct vector *vector, uint32_t number);

#endif
