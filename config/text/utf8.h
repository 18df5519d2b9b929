/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_UTF8_H
#define CONFIG_TEXT_UTF8_H

/* UTF-8 text: whether it is any, and where in it something stands. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct utf8_fault {
	size_t offset;	     /* of the first byte that does not belong */
	const char *problem; /* "not UTF-8", "a NUL byte", "a control character" */
};

/*
 * Finds the first byte that is no part of well-formed UTF-8 (no overlong forms, no surrogates).
 * With `printable`, control characters other than tab, line feed and carriage return are faults,
 * too: what YAML demands. Returns 0, or -EILSEQ with *fault filled.
 */
int utf8_check(const char *bytes, size_t length, bool printable, struct utf8_fault *fault);

/* Puts a '?' in the place of each byte that is no part of well-formed UTF-8. */
void utf8_mend(char *bytes, size_t length);

/* Bytes of the well-formed character that begins with `lead`. */
size_t utf8_length(unsigned char lead);

/*
 * Writes the UTF-8 form of `code` (at most 0x10FFFF, no surrogate) and returns its 1-4 bytes'
 * count.
 */
size_t utf8_encode(uint32_t code, char out[4]);

/* Line and column of `offset`, counted from 1; columns are characters. */
void utf8_position(const char *bytes, size_t offset, uint32_t *line, uint32_t *column);

#endif
