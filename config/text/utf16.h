/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_UTF16_H
#define CONFIG_TEXT_UTF16_H

/* UTF-16 text with its byte order mark, as some Windows programs write files. RFC 2781. Pure. */

#include <stdbool.h>
#include <stddef.h>

bool utf16_has_mark(const char *bytes, size_t length);

/*
 * The text behind the mark as UTF-8, in `out`, which has room for length / 2 * 3 bytes. Half a pair
 * becomes U+FFFD, and so does half a unit at the end. Returns the length.
 */
size_t utf16_to_utf8(const char *bytes, size_t length, char *out);

#endif
