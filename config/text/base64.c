/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/base64.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

int base64_decode(const char *text, size_t length, char *out, size_t *out_length)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t count = 0, padding = 0, digits = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < length; i++) {
		const char *digit;

		if (text[i] == '\n' || text[i] == '\r')
			continue;
		digits++;
		if (text[i] == '=') {
			padding++;
			continue;
		}
		digit = text[i] == '\0' ? NULL : strchr(alphabet, text[i]);
		if (digit == NULL || padding > 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		/* The second, third and fourth digit of each four complete a byte. */
		if (digits % 4 != 1)
			out[count++] = (char)(bits >> (2 * (3 - (digits + 3) % 4)) & 0xFF);
	}
	if (digits % 4 != 0 || padding > 2)
		return -EINVAL;
	*out_length = count;
	return 0;
}
