/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/state/state_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values/hash.h"

static const char first_line[] = "# podgate state 1\n", of[] = "# of ", content[] = "# content ",
		  tail[] = "# checksum ";
enum { TAIL = sizeof(tail) - 1 + 16 + 1 }; /* 16 digits and the line end */

static void put(void *context, const char *bytes, size_t length)
{
	struct state_writer *writer = context;

	writer->hash = hash_bytes(writer->hash, bytes, length);
	writer->to.put(writer->to.context, bytes, length);
}

static void put_text(struct state_writer *writer, const char *text)
{
	put(writer, text, strlen(text));
}

static bool is_plain(char c)
{
	return c > ' ' && c < 0x7f && c != '%';
}

static void put_name(struct state_writer *writer, const char *name)
{
	char escaped[4];

	for (; *name != '\0'; name++) {
		if (is_plain(*name)) {
			put(writer, name, 1);
			continue;
		}
		snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned int)(unsigned char)*name);
		put_text(writer, escaped);
	}
}

void state_record_begin(struct state_writer *writer, const struct text_sink *to, const char *name,
	const struct store_mark *mark)
{
	char line[128];

	*writer = (struct state_writer){.to = *to, .hash = HASH_START};
	put_text(writer, first_line);
	put_text(writer, of);
	put_name(writer, name);
	snprintf(line, sizeof(line), "\n%s%016" PRIx64 " %" PRIu64 " whole %d at %" PRId64 "\n",
		content, mark->hash, mark->length, mark->whole, mark->at);
	put_text(writer, line);
}

void state_record_add(struct state_writer *writer, const struct kube_object *object)
{
	put_text(writer, "---\n");
	object_text_write(object, &(struct text_sink){put, writer});
}

void state_record_end(struct state_writer *writer)
{
	char line[TAIL + 1];

	snprintf(line, sizeof(line), "%s%016" PRIx64 "\n", tail, writer->hash);
	writer->to.put(writer->to.context, line, TAIL);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False when it is too long, or not written as it should be. */
static bool parse_name(char out[STATE_RECORD_NAME], const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '%') {
			if (length - i < 3 || hex_digit(text[i + 1]) < 0 ||
				hex_digit(text[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
			i += 2;
		} else if (!is_plain(c)) {
			return false;
		}
		if (c == '\0' || used + 1 == STATE_RECORD_NAME)
			return false;
		out[used++] = c;
	}
	out[used] = '\0';
	return used > 0;
}

/* The line at *at, which then is behind it; NULL when there is none that begins so. */
static const char *next_line(const char **at, const char *end, const char *begin, size_t *length)
{
	const size_t prefix = strlen(begin);
	const char *line = *at, *line_end = memchr(line, '\n', (size_t)(end - line));

	if (line_end == NULL || (size_t)(line_end - line) < prefix ||
		memcmp(line, begin, prefix) != 0)
		return NULL;
	*at = line_end + 1;
	*length = (size_t)(line_end - line) - prefix;
	return line + prefix;
}

static bool parse_content(struct store_mark *out, const char *text, size_t length)
{
	char line[128];
	int whole, used = 0;

	if (length >= sizeof(line))
		return false;
	memcpy(line, text, length);
	line[length] = '\0';
	if (sscanf(line, "%16" SCNx64 " %" SCNu64 " whole %d at %" SCNd64 "%n", &out->hash,
		    &out->length, &whole, &out->at, &used) != 4 ||
		used < 0 || (size_t)used != length)
		return false;
	out->whole = whole == 1;
	return true;
}

int state_record_parse(
	struct state_record *out, const char *bytes, size_t length, const char **problem)
{
	const char *at = bytes, *end = bytes + length, *line;
	char checksum[TAIL + 1];
	size_t line_length;

	*problem = "it is not a record of podgate's, or of another version";
	if (length < sizeof(first_line) - 1 + TAIL ||
		memcmp(bytes, first_line, sizeof(first_line) - 1) != 0)
		return -EINVAL;
	*problem = "its checksum is wrong: it is damaged, or cut off";
	snprintf(checksum, sizeof(checksum), "%s%016" PRIx64 "\n", tail,
		hash_bytes(HASH_START, bytes, length - TAIL));
	if (memcmp(end - TAIL, checksum, TAIL) != 0)
		return -EINVAL;
	*problem = "its head can't be read";
	at += sizeof(first_line) - 1;
	line = next_line(&at, end, of, &line_length);
	if (line == NULL || !parse_name(out->name, line, line_length))
		return -EINVAL;
	line = next_line(&at, end, content, &line_length);
	return line != NULL && parse_content(&out->mark, line, line_length) ? 0 : -EINVAL;
}
