/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/kube/decode.h"
#include "config/settings/listen_address.h"
#include "config/text/scalar.h"
#include "policy/values/suggest.h"

static void put_uint(struct settings *settings, const struct setting *row, uint32_t value)
{
	memcpy((char *)settings + row->offset, &value, sizeof(value));
}

static void read_string(struct decoder *decoder, const struct setting *row, const struct node *node,
	struct settings *out)
{
	const char *text = decode_string(decoder, node, row->name);
	const char *copy;

	if (text == NULL)
		return;
	copy = decode_intern(decoder, text);
	memcpy((char *)out + row->offset, &copy, sizeof(copy));
}

/* A list, or one string. The count follows the pointer in the struct. */
static void read_string_list(struct decoder *decoder, const struct setting *row,
	const struct node *node, struct settings *out)
{
	const size_t count = node->kind == NODE_SCALAR ? 1 : decode_list(decoder, node, row->name);
	const char **items = decode_alloc(decoder, count, sizeof(const char *));

	if (items == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct node *item = node->kind == NODE_SCALAR ? node : node->entries[i].value;
		const char *text = decode_string(decoder, item, row->name);

		items[i] = decode_intern(decoder, text != NULL ? text : "");
	}
	if (count == 0)
		decode_error(decoder, node->pos, "bad-value", NULL, "%s needs at least one item",
			row->name);
	out->manifests = items;
	out->manifest_count = count;
}

/*
 * Numbers that are written so that readers differ about them are refused: nobody but podgate reads
 * its settings.
 */
static bool read_number(const struct node *node, int64_t *out)
{
	return node->kind == NODE_SCALAR && scalar_is_plain_number(node) &&
		scalar_integer(node, out) == 0;
}

static void read_uint(struct decoder *decoder, const struct setting *row, const struct node *node,
	struct settings *out)
{
	int64_t value;

	if (!read_number(node, &value))
		decode_error(decoder, node->pos, "wrong-type",
			"write a whole number without quotes",
			"%s must be a whole number from %u to %u, and this is %s", row->name,
			row->least, row->most,
			node->kind == NODE_SCALAR ? node->text : decode_kind_name(node));
	else if (value < row->least || value > row->most)
		decode_error(decoder, node->pos, "out-of-range", NULL,
			"%s is %s, and must be from %u to %u", row->name, node->text, row->least,
			row->most);
	else
		put_uint(out, row, (uint32_t)value);
}

static void read_mark(struct decoder *decoder, const struct setting *row, const struct node *node,
	struct settings *out)
{
	int64_t value = 0;

	if (!read_number(node, &value))
		decode_error(decoder, node->pos, "wrong-type",
			"write it as 0x20000000, without quotes",
			"%s must be a number, and this is %s", row->name, decode_kind_name(node));
	else if (value <= 0 || value > UINT32_MAX || (value & (value - 1)) != 0)
		decode_error(decoder, node->pos, "bad-mark",
			"write one of 0x1, 0x2, 0x4, 0x8 ... 0x80000000",
			"%s must be a single bit of 32, and %s is not", row->name, node->text);
	else
		put_uint(out, row, (uint32_t)value);
}

static void read_boolean(struct decoder *decoder, const struct setting *row,
	const struct node *node, struct settings *out)
{
	const bool value = decode_boolean(decoder, node, row->name, false);

	memcpy((char *)out + row->offset, &value, sizeof(value));
}

/* yes, no, on and off are booleans to YAML, and choices here: the text as it was written counts. */
static void read_choice(struct decoder *decoder, const struct setting *row, const struct node *node,
	struct settings *out)
{
	char text[128] = "";
	size_t used = 0;

	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (node->kind == NODE_SCALAR && strcmp(node->text, row->choices[i]) == 0) {
			put_uint(out, row, (uint32_t)i);
			return;
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
			i == 0 ? "" : ", ", row->choices[i]);
	}
	if (node->kind == NODE_SCALAR)
		decode_error(decoder, node->pos, "bad-value", NULL,
			"%s is '%s', and must be one of: %s", row->name, node->text, text);
	else
		decode_error(decoder, node->pos, "wrong-type", NULL,
			"%s must be one of %s, and this is %s", row->name, text,
			decode_kind_name(node));
}

static void read_listen(struct decoder *decoder, const struct setting *row, const struct node *node,
	struct settings *out)
{
	struct listen_address address;

	if (node->kind == NODE_SCALAR && node->text[0] != '\0' &&
		listen_address_parse(&address, node->text) != 0)
		decode_error(decoder, node->pos, "bad-address",
			"write 127.0.0.1:9477 or, in quotes, \"[::1]:9477\"; \"\" is nowhere",
			"%s must be an IP address and a port, and '%s' is not", row->name,
			node->text);
	else
		read_string(decoder, row, node, out);
}

static void read_value(struct decoder *decoder, const struct setting *row, const struct node *node,
	struct settings *out)
{
	static void (*const readers[])(struct decoder *, const struct setting *,
		const struct node *, struct settings *) = {
		[SETTING_STRING] = read_string,
		[SETTING_STRING_LIST] = read_string_list,
		[SETTING_UINT] = read_uint,
		[SETTING_MARK] = read_mark,
		[SETTING_BOOL] = read_boolean,
		[SETTING_ENUM] = read_choice,
		[SETTING_LISTEN] = read_listen,
	};

	if (node->kind == NODE_NULL)
		decode_error(decoder, node->pos, "missing-value",
			"write a value, or remove the line", "%s has no value", row->name);
	else
		readers[row->type](decoder, row, node, out);
}

/* Whether they are one name, in which dashes are underscores. */
static bool is_name(const char *written, const char *name)
{
	while (*written != '\0' && (*written == *name || (*written == '-' && *name == '_'))) {
		written++;
		name++;
	}
	return *written == '\0' && *name == '\0';
}

/* NULL: no setting has that name. */
static const struct setting *find_row(const char *name)
{
	size_t count;
	const struct setting *table = settings_table(&count);

	for (size_t i = 0; i < count; i++)
		if (is_name(name, table[i].name))
			return &table[i];
	return NULL;
}

/* For names of settings that other programs have, and podgate has not, or calls otherwise. */
static const char *find_pointer(const char *name)
{
	static const char config[] = "write --config FILE",
			  no_levels[] =
				  "the daemon's own log has no levels; log_allowed says which "
				  "verdicts are logged",
			  foreground[] = "podgate stays in the foreground; let systemd run it",
			  manifests[] = "manifests names files and folders";
	static const struct {
		const char *name, *text;
	} pointers[] = {
		{"conf", config},
		{"config_file", config},
		{"configuration", config},
		{"settings", config},
		{"log_level", no_levels},
		{"loglevel", no_levels},
		{"verbose", no_levels},
		{"debug",
			"the daemon's own log has no levels; podgate watch shows verdicts as they "
			"are made"},
		{"dry_run",
			"-n checks and exits; audit: true enforces nothing and logs what would be "
			"denied"},
		{"daemon", foreground},
		{"daemonize", foreground},
		{"socket", "control_socket is where this daemon answers"},
		{"listen", "metrics_listen is for metrics, control_socket for commands"},
		{"policies", manifests},
		{"file", manifests},
		{"interface", "podgate goes by addresses, on all interfaces"},
	};

	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
		if (is_name(name, pointers[i].name))
			return pointers[i].text;
	return NULL;
}

static void report_unknown(struct decoder *decoder, const char *name, struct source_pos pos)
{
	size_t count;
	const struct setting *table = settings_table(&count);
	const char *names[64] = {NULL};
	const char *nearest, *pointer = find_pointer(name);
	char hint[96];

	for (size_t i = 0; i < count && i < sizeof(names) / sizeof(names[0]) - 1; i++)
		names[i] = table[i].name;
	nearest = suggestion_among(names, name);
	snprintf(hint, sizeof(hint), "did you mean '%s'?", nearest != NULL ? nearest : "");
	decode_error(decoder, pos, "unknown-setting",
		pointer != NULL		  ? pointer
			: nearest != NULL ? hint
					  : "see podgate.conf(5) for all of them",
		"there is no setting '%s'", name);
}

static void read_mapping(struct decoder *decoder, const struct node *root, struct settings *out)
{
	if (root->kind != NODE_MAPPING) {
		decode_error(decoder, root->pos, "wrong-type", "write 'name: value' lines",
			"the settings must be a mapping, and this is %s", decode_kind_name(root));
		return;
	}
	for (size_t i = 0; i < root->count; i++) {
		const struct node_entry *entry = &root->entries[i];
		const struct setting *row = find_row(entry->key->text);

		/* In a file there is one way to write a name; dashes are for the command line. */
		if (row == NULL || strcmp(row->name, entry->key->text) != 0)
			report_unknown(decoder, entry->key->text, entry->key->pos);
		else
			read_value(decoder, row, entry->value, out);
	}
}

/* Returns the result of a reading, and puts the new values into *settings when it is 0. */
static int finish(struct decoder *decoder, size_t errors_before, const struct settings *read,
	struct settings *settings)
{
	const bool out_of_memory = decoder->out_of_memory;
	const bool failed = decoder->diags->errors > errors_before;

	decoder_deinit(decoder);
	if (out_of_memory)
		return -ENOMEM;
	if (failed)
		return -EINVAL;
	*settings = *read;
	return 0;
}

int settings_defaults(struct settings *out, struct arena *arena)
{
	size_t count;
	const struct setting *table = settings_table(&count);
	struct settings settings = {0};
	struct diag_list none;

	diag_list_init(&none, arena);
	for (size_t i = 0; i < count; i++) {
		const int err = settings_set(
			&settings, table[i].name, table[i].default_text, arena, &none);

		if (err != 0)
			return err;
	}
	*out = settings;
	return 0;
}

int settings_read(struct settings *settings, const char *file, const char *bytes, size_t length,
	struct arena *arena, struct diag_list *diags)
{
	static const struct document_limits limits = {.unique_keys = true};
	const size_t errors = diags->errors;
	struct arena *tree = arena_create();
	struct document_list documents = {0};
	struct settings read = *settings;
	struct decoder decoder;
	const struct byte_source source = byte_source_of_text(bytes, length);
	const char *name = arena_strdup(arena, file);
	int err = tree == NULL || name == NULL
		? -ENOMEM
		: document_read(&documents, name, &source, &limits, tree, diags);

	if (err != 0) {
		arena_unref(tree);
		return err;
	}
	decoder_init(&decoder, arena, diags);
	if (documents.count > 0)
		read_mapping(&decoder, documents.roots[0], &read);
	if (documents.count > 1)
		decode_error(&decoder, documents.roots[1]->pos, "second-document",
			"remove the line with ---", "a settings file has one document");
	err = finish(&decoder, errors, &read, settings);
	arena_unref(tree);
	return err;
}

/* "a,b" as the list it means. */
static struct node *make_list(struct decoder *decoder, const char *value, struct source_pos pos)
{
	struct node *list = decode_alloc(decoder, 1, sizeof(*list));
	struct node_entry *entries;
	size_t count = 1;

	for (const char *at = value; *at != '\0'; at++)
		count += *at == ',';
	entries = decode_alloc(decoder, count, sizeof(*entries));
	if (list == NULL || entries == NULL)
		return NULL;
	*list = (struct node){.kind = NODE_SEQUENCE, .pos = pos, .text = "", .entries = entries};
	for (;;) {
		const size_t length = strcspn(value, ",");
		struct node *item = decode_alloc(decoder, 1, sizeof(*item));
		const char *text = arena_strndup(decoder->arena, value, length);

		if (item == NULL || text == NULL)
			return NULL;
		*item = (struct node){
			.kind = NODE_SCALAR, .quoted = true, .pos = pos, .text = text};
		if (length > 0)
			entries[list->count++].value = item;
		if (value[length] == '\0')
			return list;
		value += length + 1;
	}
}

int settings_set(struct settings *settings, const char *name, const char *value,
	struct arena *arena, struct diag_list *diags)
{
	const struct setting *row = find_row(name);
	const struct source_pos pos = {.file = arena_printf(arena, "--%s", name)};
	const size_t errors = diags->errors;
	struct settings read = *settings;
	struct node text = {.kind = NODE_SCALAR, .pos = pos, .text = value};
	const struct node *node = &text;
	struct decoder decoder;

	if (pos.file == NULL)
		return -ENOMEM;
	decoder_init(&decoder, arena, diags);
	if (row == NULL) {
		report_unknown(&decoder, name, pos);
		return finish(&decoder, errors, &read, settings);
	}
	text.quoted = row->type == SETTING_STRING || row->type == SETTING_LISTEN;
	if (row->type == SETTING_STRING_LIST)
		node = make_list(&decoder, value, pos);
	if (node == NULL)
		decoder.out_of_memory = true;
	else
		read_value(&decoder, row, node, &read);
	return finish(&decoder, errors, &read, settings);
}

struct annotation_trust settings_annotation_trust(const struct settings *settings)
{
	return (struct annotation_trust){
		settings->address_annotations, settings->audit_annotations};
}

unsigned int settings_workers(const struct settings *settings)
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings->workers != 0)
		return settings->workers;
	return cpus < 1 ? 1 : cpus > 64 ? 64 : (unsigned int)cpus;
}

unsigned int settings_queues(const struct settings *settings)
{
	return settings_workers(settings) + 1 + (settings->flood_rate > 0);
}

int settings_check(const struct settings *settings, struct diag_list *diags)
{
	const struct source_pos pos = {.file = "settings"};
	const size_t errors = diags->errors;

	if ((settings->mark_allow & settings->mark_deny) != 0)
		diag_add(diags, DIAG_ERROR, pos, "marks-overlap", "choose two different bits",
			"mark_allow and mark_deny are both 0x%x", settings->mark_allow);
	if (settings->queue_base + settings_queues(settings) - 1 > 65535)
		diag_add(diags, DIAG_ERROR, pos, "queues-past-end", "choose a smaller queue_base",
			"queue_base %u leaves no room below 65536 for %u queues: of %u workers, of "
			"replies%s",
			settings->queue_base, settings_queues(settings), settings_workers(settings),
			settings->flood_rate > 0 ? " and of floods" : "");
	if (settings->flood_rate > 0 && settings->flood_rate < SETTINGS_FLOOD_RATE_LEAST)
		diag_add(diags, DIAG_ERROR, pos, "flood-rate-too-low",
			"0 switches the queue for floods off",
			"flood_rate %u would take ordinary pods for floods: at least %d is "
			"possible",
			settings->flood_rate, SETTINGS_FLOOD_RATE_LEAST);
	return diags->errors > errors ? -EINVAL : 0;
}

bool settings_has(const char *name)
{
	return find_row(name) != NULL;
}
