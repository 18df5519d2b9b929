/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A rule of nf_tables, fed anything: a message that is accepted has names that end, and is the same
 * rule when read again. The input is a message, but for its length: that is what there is.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/nft_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nft_rule first, second;
	struct nlmsghdr *message;

	if (size < sizeof(*message) || size > 65536)
		return 0;
	message = malloc(size); /* aligned, and it ends where it ends */
	if (message == NULL)
		return 0;
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;
	if (nft_rule_read(&first, message) == 0) {
		if (memchr(first.table, '\0', sizeof(first.table)) == NULL ||
			memchr(first.chain, '\0', sizeof(first.chain)) == NULL ||
			memchr(first.target, '\0', sizeof(first.target)) == NULL)
			abort();
		if (nft_rule_read(&second, message) != 0 || first.digest != second.digest ||
			first.handle != second.handle)
			abort();
	}
	free(message);
	return 0;
}
