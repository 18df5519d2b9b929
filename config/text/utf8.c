/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/utf8.h"

#include <errno.h>

size_t utf8_length(unsigned char lead)
{
	return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xC0) == 0x80;
}

/*
 * The code point at `at` and its length, or length 0 when these bytes are none. RFC 3629, section
 * 4.
 */
static uint32_t decode(const unsigned char *at, size_t left, size_t *length)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const size_t want = utf8_length(at[0]);
	uint32_t code = at[0];

	*length = 0;
	if (want > 1) {
		if (at[0] < 0xC2 || at[0] > 0xF4 || left < want)
			return 0;
		code = at[0] & (0x7FU >> want);
	}
	for (size_t i = 1; i < want; i++) {
		if (!is_continuation(at[i]))
			return 0;
		code = code << 6 | (at[i] & 0x3FU);
	}
	if (code < least[want] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	*length = want;
	return code;
}

static bool is_printable(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return code < 0x7F || code == 0x85 || (code >= 0xA0 && code != 0xFFFE && code != 0xFFFF);
}

int utf8_check(const char *bytes, size_t length, bool printable, struct utf8_fault *fault)
{
	const unsigned char *text = (const unsigned char *)bytes;
	const char *problem = NULL;
	size_t at = 0, step;
	uint32_t code;

	while (at < length) {
		if (text[at] >= 0x20 && text[at] < 0x7F) {
			at++;
			continue;
		}
		code = decode(text + at, length - at, &step);
		if (step == 0)
			problem = "not UTF-8";
		else if (printable && !is_printable(code))
			problem = code == 0 ? "a NUL byte" : "a control character";
		if (problem != NULL) {
			*fault = (struct utf8_fault){.offset = at, .problem = problem};
			return -EILSEQ;
		}
		at += step;
	}
	return 0;
}

size_t utf8_encode(uint32_t code, char out[4])
{
	const size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};

	for (size_t i = length - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	out[0] = (char)(leads[length] | code);
	return length;
}

void utf8_position(const char *bytes, size_t offset, uint32_t *line, uint32_t *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < offset; i++) {
		if (bytes[i] == '\n') {
			(*line)++;
			*column = 1;
		} else if (!is_continuation((unsigned char)bytes[i])) {
			(*column)++;
		}
	}
}

void utf8_mend(char *bytes, size_t length)
{
	struct utf8_fault fault;
	size_t at = 0;

	while (utf8_check(bytes + at, length - at, false, &fault) != 0) {
		at += fault.offset;
		bytes[at++] = '?';
	}
}
