/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Records of the state directory: whatever is in its files, their heads are read within their
 * bounds, or refused with a reason.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/state/state_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

struct copy {
	char *bytes;
	size_t length;
};

static void put(void *context, const char *bytes, size_t length)
{
	struct copy *copy = context;

	memcpy(copy->bytes + copy->length, bytes, length);
	copy->length += length;
}

/* What is accepted is what would be written of it, but for the objects. */
static void check_head(const struct state_record *record, const char *bytes, size_t size)
{
	struct copy copy = {.bytes = malloc(4 * STATE_RECORD_NAME)};
	const struct text_sink sink = {put, &copy};
	struct state_record again;
	struct state_writer writer;
	const char *problem;

	(void)bytes;
	must(copy.bytes != NULL && strlen(record->name) > 0 &&
		strlen(record->name) < STATE_RECORD_NAME && size > 0);
	state_record_begin(&writer, &sink, record->name, &record->mark);
	state_record_end(&writer);
	must(state_record_parse(&again, copy.bytes, copy.length, &problem) == 0);
	must(strcmp(again.name, record->name) == 0 && again.mark.hash == record->mark.hash &&
		again.mark.length == record->mark.length &&
		again.mark.whole == record->mark.whole && again.mark.at == record->mark.at);
	free(copy.bytes);
}

/* With the right checksum, which no mutation would find. */
static void with_checksum(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size + 64);
	struct copy copy = {.bytes = bytes};
	const struct text_sink sink = {put, &copy};
	struct state_writer writer = {.to = sink, .hash = 0xcbf29ce484222325};
	struct state_record record;
	const char *problem = NULL;

	must(bytes != NULL);
	for (size_t i = 0; i < size; i++)
		writer.hash = (writer.hash ^ data[i]) * 0x100000001b3;
	put(&copy, (const char *)data, size);
	state_record_end(&writer);
	if (state_record_parse(&record, copy.bytes, copy.length, &problem) == 0)
		check_head(&record, copy.bytes, copy.length);
	else
		must(problem != NULL);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state_record record;
	const char *problem = NULL;

	if (state_record_parse(&record, (const char *)data, size, &problem) == 0)
		check_head(&record, (const char *)data, size);
	else
		must(problem != NULL);
	with_checksum(data, size);
	return 0;
}
