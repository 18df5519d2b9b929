/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_BASE64_H
#define CONFIG_TEXT_BASE64_H

/* Base64 (RFC 4648, section 4), as a YAML text with the tag !!binary is written. Pure. */

#include <stddef.h>

/*
 * Decodes `length` characters into `out`, which has room for as many bytes; line ends are skipped.
 * Returns 0; or -EINVAL: a character outside the alphabet, or padding that does not fit.
 */
int base64_decode(const char *text, size_t length, char *out, size_t *out_length);

#endif
