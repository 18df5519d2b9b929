/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a settings file, and its first line as an option: settings that come out are in
 * their ranges.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings/listen_address.h"
#include "config/settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held)
{
	if (!held)
		abort();
}

static uint32_t get_uint(const struct settings *settings, const struct setting *row)
{
	uint32_t value;

	memcpy(&value, (const char *)settings + row->offset, sizeof(value));
	return value;
}

static void check_row(const struct settings *settings, const struct setting *row)
{
	struct listen_address address;
	uint32_t value, choices = 0;
	const char *text;

	switch (row->type) {
	case SETTING_UINT:
		value = get_uint(settings, row);
		must(value >= row->least && value <= row->most);
		break;
	case SETTING_MARK:
		value = get_uint(settings, row);
		must(value != 0 && (value & (value - 1)) == 0);
		break;
	case SETTING_ENUM:
		while (row->choices[choices] != NULL)
			choices++;
		must(get_uint(settings, row) < choices);
		break;
	case SETTING_STRING:
		memcpy(&text, (const char *)settings + row->offset, sizeof(text));
		must(text != NULL && strlen(text) < SIZE_MAX);
		break;
	case SETTING_STRING_LIST:
		must(settings->manifest_count > 0 && settings->manifests[0] != NULL);
		break;
	case SETTING_LISTEN:
		memcpy(&text, (const char *)settings + row->offset, sizeof(text));
		must(*text == '\0' ||
			(listen_address_parse(&address, text) == 0 && address.port != 0));
		break;
	case SETTING_BOOL:
		break;
	}
}

static void check_settings(const struct settings *settings)
{
	size_t count;
	const struct setting *table = settings_table(&count);

	for (size_t i = 0; i < count; i++)
		check_row(settings, &table[i]);
}

/* "name=value" up to the end of the line. */
static int set_option(struct settings *settings, const char *bytes, size_t size,
	struct arena *arena, struct diag_list *diags)
{
	const char *newline = memchr(bytes, '\n', size);
	char *line = arena_strndup(
		arena, bytes, newline == NULL ? size : (size_t)(newline - bytes));
	char *equals = strchr(line, '=');

	if (equals == NULL)
		return -EINVAL;
	*equals = '\0';
	return settings_set(settings, line, equals + 1, arena, diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create();
	struct settings settings, before;
	struct diag_list diags;
	int err;

	if (arena == NULL || settings_defaults(&settings, arena) != 0)
		abort();
	diag_list_init(&diags, arena);
	before = settings;
	err = settings_read(&settings, "f", (const char *)data, size, arena, &diags);
	must(err == 0 || err == -EINVAL);
	must((err == 0) == (diags.errors == 0));
	must(err == 0 || memcmp(&before, &settings, sizeof(before)) == 0);
	check_settings(&settings);
	set_option(&settings, (const char *)data, size, arena, &diags);
	check_settings(&settings);
	settings_check(&settings, &diags);
	arena_unref(arena);
	return 0;
}
