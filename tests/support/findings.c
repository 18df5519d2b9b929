/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/kube/kube.h"

void findings_format(struct diag_list *diags, char out[FINDINGS_TEXT])
{
	size_t used = 0;

	diag_sort(diags);
	out[0] = '\0';
	for (size_t i = 0; i < diags->count && used < FINDINGS_TEXT; i++) {
		const struct diag *diag = &diags->items[i];

		used += (size_t)snprintf(out + used, FINDINGS_TEXT - used, "%u:%u %s%s\n",
			diag->pos.line, diag->pos.column,
			diag->severity == DIAG_WARNING ? "warning " : "", diag->code);
	}
}

struct reading {
	struct arena *arena;
	struct diag_list diags;
	struct document_list documents;
	struct kube_objects objects;
	char *bytes;
};

/* Reads a copy that ends where the text ends, so that AddressSanitizer sees a step too far. */
static void read_text(struct reading *reading, const char *text, size_t length)
{
	struct byte_source source;

	reading->arena = arena_create();
	reading->bytes = malloc(length > 0 ? length : 1);
	if (reading->arena == NULL || reading->bytes == NULL)
		abort();
	memcpy(reading->bytes, text, length);
	source = byte_source_of_text(reading->bytes, length);
	diag_list_init(&reading->diags, reading->arena);
	if (document_read(
		    &reading->documents, "f", &source, NULL, reading->arena, &reading->diags) != 0)
		abort();
}

static void read_manifest(struct reading *reading, const char *text, size_t length)
{
	read_text(reading, text, length);
	if (kube_decode(&reading->objects, &reading->documents, reading->arena, &reading->diags) !=
		0)
		abort();
}

static void finish(struct reading *reading)
{
	arena_unref(reading->arena);
	free(reading->bytes);
}

void findings_of_document(const char *text, size_t length, char out[FINDINGS_TEXT])
{
	struct reading reading;

	read_text(&reading, text, length);
	findings_format(&reading.diags, out);
	finish(&reading);
}

void findings_of_manifest(const char *text, size_t length, char out[FINDINGS_TEXT])
{
	struct reading reading;

	read_manifest(&reading, text, length);
	findings_format(&reading.diags, out);
	finish(&reading);
}

void findings_words(const char *text, char out[FINDINGS_TEXT])
{
	struct reading reading;

	read_manifest(&reading, text, strlen(text));
	if (reading.diags.count == 1)
		snprintf(out, FINDINGS_TEXT, "%s (%s)", reading.diags.items[0].text,
			reading.diags.items[0].hint != NULL ? reading.diags.items[0].hint : "");
	else
		snprintf(out, FINDINGS_TEXT, "%zu findings", reading.diags.count);
	finish(&reading);
}

void findings_check(const struct finding_case *cases, size_t count,
	void (*find)(const char *text, size_t length, char out[FINDINGS_TEXT]))
{
	char out[FINDINGS_TEXT];
	int failed = 0;

	for (size_t i = 0; i < count; i++) {
		find(cases[i].input, strlen(cases[i].input), out);
		if (strcmp(out, cases[i].expected) == 0)
			continue;
		fprintf(stderr, "%s: expected\n%sfound\n%s\n", cases[i].title, cases[i].expected,
			out);
		failed++;
	}
	if (failed > 0)
		abort();
}
