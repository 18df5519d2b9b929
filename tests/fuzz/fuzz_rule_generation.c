/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The entries of a legacy table, fed anything: the first byte chooses the family. What is taken for
 * entries is the same number again.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/rule_generation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t first = 0, second = 0;
	enum ip_family family;
	uint8_t *copy;

	if (size < 2 || size > 65536)
		return 0;
	family = data[0] % 2 != 0 ? IP_FAMILY_V6 : IP_FAMILY_V4;
	copy = malloc(size - 1); /* aligned, and it ends where it ends */
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (rule_generation_hash(family, copy, size - 1, &first) == 0 &&
		(rule_generation_hash(family, copy, size - 1, &second) != 0 || first != second))
		abort();
	free(copy);
	return 0;
}
