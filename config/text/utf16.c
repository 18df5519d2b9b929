/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/utf16.h"

#include <stdint.h>
#include <string.h>

#include "config/text/utf8.h"

bool utf16_has_mark(const char *bytes, size_t length)
{
	return length >= 2 &&
		(memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0);
}

static uint32_t unit(const char *at, bool big_endian)
{
	const unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];

	return big_endian ? (uint32_t)first << 8 | second : (uint32_t)second << 8 | first;
}

size_t utf16_to_utf8(const char *bytes, size_t length, char *out)
{
	const bool big_endian = (unsigned char)bytes[0] == 0xFE;
	const char *end = bytes + length, *at = bytes + 2;
	size_t used = 0;

	while (end - at >= 2) {
		uint32_t code = unit(at, big_endian), low;

		at += 2;
		if (code >= 0xD800 && code <= 0xDBFF && end - at >= 2) {
			low = unit(at, big_endian);
			if (low >= 0xDC00 && low <= 0xDFFF) {
				code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
				at += 2;
			}
		}
		if (code >= 0xD800 && code <= 0xDFFF)
			code = 0xFFFD;
		used += utf8_encode(code, out + used);
	}
	if (at < end)
		used += utf8_encode(0xFFFD, out + used);
	return used;
}
