/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_HASH_H
#define POLICY_VALUES_HASH_H

/*
 * FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): tells texts apart, and withstands
 * no forger. Records on the disk have its values.
 */

#include <stddef.h>
#include <stdint.h>

#define HASH_START 0xcbf29ce484222325ULL

/* The hash of what `hash` is of, and of these bytes behind it. */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ULL;
	return hash;
}

#endif
