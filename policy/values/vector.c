/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/vector.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 16 };

void *vector_push(struct vector *vector, size_t size)
{
	if (vector->count == vector->capacity) {
		const size_t capacity = vector->capacity == 0 ? CAPACITY_MIN : vector->capacity * 2;
		void *items = capacity <= SIZE_MAX / 2 ? reallocarray(vector->items, capacity, size)
						       : NULL;

		if (items == NULL)
			return NULL;
		vector->items = items;
		vector->capacity = capacity;
	}
	return (char *)vector->items + vector->count++ * size;
}

void *vector_push_many(struct vector *vector, size_t count, size_t size)
{
	size_t capacity = vector->capacity == 0 ? CAPACITY_MIN : vector->capacity, wanted;
	void *items;

	if (__builtin_add_overflow(vector->count, count, &wanted) || wanted > SIZE_MAX / 2)
		return NULL;
	while (capacity < wanted)
		capacity *= 2;
	if (vector->items == NULL || capacity > vector->capacity) {
		items = reallocarray(vector->items, capacity, size);
		if (items == NULL)
			return NULL;
		vector->items = items;
		vector->capacity = capacity;
	}
	vector->count = wanted;
	return (char *)vector->items + (wanted - count) * size;
}

void vector_clear(struct vector *vector)
{
	vector->count = 0;
}

void vector_deinit(struct vector *vector)
{
	free(vector->items);
	*vector = (struct vector){0};
}

int vector_push_number(struct vector *vector, uint32_t number)
{
	uint32_t *pushed = vector_push(vector, sizeof(*pushed));

	if (pushed == NULL)
		return -ENOMEM;
	*pushed = number;
	return 0;
}
