/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/findings.h"

struct fixture {
	struct arena *arena;
	struct diag_list diags;
	struct settings settings;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->arena = arena_create();
	diag_list_init(&fixture->diags, fixture->arena);
	*state = fixture;
	return settings_defaults(&fixture->settings, fixture->arena);
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	arena_unref(fixture->arena);
	free(fixture);
	return 0;
}

static int read_text(struct fixture *fixture, const char *text)
{
	return settings_read(&fixture->settings, "podgate.yaml", text, strlen(text), fixture->arena,
		&fixture->diags);
}

static int set(struct fixture *fixture, const char *name, const char *value)
{
	return settings_set(&fixture->settings, name, value, fixture->arena, &fixture->diags);
}

static void has_defaults(void **state)
{
	const struct fixture *fixture = *state;
	const struct settings *settings = &fixture->settings;

	assert_int_equal(settings->manifest_count, 1);
	assert_string_equal(settings->manifests[0], PODGATE_CONFIG_DIR "/manifests");
	assert_string_equal(settings->node_name, "");
	assert_int_equal(settings->debounce_ms, 100);
	assert_int_equal(settings->queue_base, 8610);
	assert_int_equal(settings->mark_allow, 0x20000000);
	assert_int_equal(settings->mark_deny, 0x40000000);
	assert_int_equal(settings->daemon_away, FAIL_CLOSED);
	assert_int_equal(settings->queue_full, FAIL_CLOSED);
	assert_int_equal(settings->bridge, BRIDGE_SET);
	assert_false(settings->audit);
	assert_string_equal(settings->control_socket, "/run/podgate/control.sock");
	assert_string_equal(settings->metrics_listen, "");
}

static void reads_yaml(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(read_text(fixture,
				 "# ours\nmanifests:\n- /a\n- \"/b c\"\nworkers: 4\nbackend: "
				 "legacy\nipv6: off\n"
				 "mark_allow: 0x1\nmark_deny: 2\naudit: true\nlog_allowed: "
				 "yes\nlog_file: \"-\"\n"),
		0);
	assert_int_equal(fixture->settings.manifest_count, 2);
	assert_string_equal(fixture->settings.manifests[1], "/b c");
	assert_int_equal(fixture->settings.workers, 4);
	assert_int_equal(fixture->settings.backend, BACKEND_LEGACY);
	assert_int_equal(fixture->settings.ipv6, SWITCH_OFF);
	assert_int_equal(fixture->settings.mark_allow, 1);
	assert_int_equal(fixture->settings.mark_deny, 2);
	assert_true(fixture->settings.audit);
	assert_int_equal(fixture->settings.log_allowed, LOG_ALLOWED_YES);
	assert_string_equal(fixture->settings.log_file, "-");
	assert_int_equal(fixture->settings.queue_length, 8192); /* not named: as before */
}

static void reads_json_and_nothing(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(read_text(fixture, "{\"workers\": 2, \"manifests\": \"/one\"}"), 0);
	assert_int_equal(fixture->settings.workers, 2);
	assert_string_equal(fixture->settings.manifests[0], "/one");
	assert_int_equal(read_text(fixture, ""), 0);
	assert_int_equal(read_text(fixture, "# nothing set\n"), 0);
	assert_int_equal(fixture->settings.workers, 2);
}

static void sees_mistakes_where_they_are(void **state)
{
	static const struct finding_case cases[] = {
		{"a misspelt name", "worker: 2\n", "1:1 unknown-setting\n"},
		{"a name with dashes", "queue-length: 100\n", "1:1 unknown-setting\n"},
		{"a text for a number", "workers: many\n", "1:10 wrong-type\n"},
		{"a quoted number", "workers: \"2\"\n", "1:10 wrong-type\n"},
		{"a number beyond its range", "a: 1\nworkers: 65\n",
			"1:1 unknown-setting\n2:10 out-of-range\n"},
		{"a number below its range", "queue_length: 1\n", "1:15 out-of-range\n"},
		{"a negative number", "log_keep: -1\n", "1:11 out-of-range\n"},
		{"a choice that is none", "backend: ipfw\n", "1:10 bad-value\n"},
		{"a list for a choice", "backend: [nft]\n", "1:10 wrong-type\n"},
		{"a text for a boolean", "audit: maybe\n", "1:8 wrong-type\n"},
		{"a mark of two bits", "mark_allow: 0x3\n", "1:13 bad-mark\n"},
		{"a mark of no bit", "mark_allow: 0\n", "1:13 bad-mark\n"},
		{"a mark beyond 32 bits", "mark_allow: 0x100000000\n", "1:13 bad-mark\n"},
		{"a text for a mark", "mark_allow: high\n", "1:13 wrong-type\n"},
		{"a number for a text", "node_name: 5\n", "1:12 not-a-string\n"},
		{"a mapping for a list", "manifests: {a: b}\n",
			"1:12 wrong-type\n1:12 bad-value\n"},
		{"a port without an address", "metrics_listen: \":9477\"\n", "1:17 bad-address\n"},
		{"a name for an address", "metrics_listen: localhost:9477\n", "1:17 bad-address\n"},
		{"a number for an address", "metrics_listen: 9477\n", "1:17 bad-address\n"},
		{"a list for an address", "metrics_listen: [a]\n", "1:17 not-a-string\n"},
		{"an empty list", "manifests: []\n", "1:12 bad-value\n"},
		{"no value", "workers:\n", "1:9 missing-value\n"},
		{"twice", "workers: 1\nworkers: 2\n", "2:1 duplicate-key\n"},
		{"a list of settings", "- workers: 1\n", "1:1 wrong-type\n"},
		{"two documents", "workers: 1\n---\nworkers: 2\n", "3:1 second-document\n"},
		{"no YAML", "workers: [\n", "2:1 yaml-syntax\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *fixture = *state;
		char out[FINDINGS_TEXT];

		diag_list_init(&fixture->diags, fixture->arena);
		assert_int_equal(read_text(fixture, cases[i].input), -EINVAL);
		findings_format(&fixture->diags, out);
		assert_string_equal(out, cases[i].expected);
		assert_string_equal(fixture->diags.items[0].pos.file, "podgate.yaml");
	}
}

static void reads_where_to_listen(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(read_text(fixture, "metrics_listen: 127.0.0.1:9477\n"), 0);
	assert_string_equal(fixture->settings.metrics_listen, "127.0.0.1:9477");
	assert_int_equal(read_text(fixture, "metrics_listen: \"[::1]:9477\"\n"), 0);
	assert_string_equal(fixture->settings.metrics_listen, "[::1]:9477");
	assert_int_equal(read_text(fixture, "metrics_listen: \"\"\n"), 0);
	assert_string_equal(fixture->settings.metrics_listen, "");
	assert_int_equal(set(fixture, "metrics-listen", "[::]:9477"), 0);
	assert_string_equal(fixture->settings.metrics_listen, "[::]:9477");
	assert_int_equal(set(fixture, "metrics-listen", "::1:9477"), -EINVAL);
	assert_string_equal(fixture->settings.metrics_listen, "[::]:9477");
}

static void changes_nothing_when_it_fails(void **state)
{
	struct fixture *fixture = *state;
	const struct settings before = fixture->settings;

	assert_int_equal(read_text(fixture, "queue_length: 100\nworkers: 1000\n"), -EINVAL);
	assert_memory_equal(&before, &fixture->settings, sizeof(before));
}

static void suggests_the_nearest(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(read_text(fixture, "log_alowed: yes\n"), -EINVAL);
	assert_string_equal(fixture->diags.items[0].hint, "did you mean 'log_allowed'?");
}

static void takes_options(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(set(fixture, "queue-length", "128"), 0);
	assert_int_equal(fixture->settings.queue_length, 128);
	assert_int_equal(set(fixture, "queue_length", "256"), 0);
	assert_int_equal(fixture->settings.queue_length, 256);
	assert_int_equal(set(fixture, "manifests", "/a,/b"), 0);
	assert_int_equal(fixture->settings.manifest_count, 2);
	assert_string_equal(fixture->settings.manifests[0], "/a");
	assert_int_equal(set(fixture, "node-name", "123"), 0);
	assert_string_equal(fixture->settings.node_name, "123");
	assert_int_equal(set(fixture, "audit", "true"), 0);
	assert_true(fixture->settings.audit);
	assert_int_equal(fixture->diags.count, 0);

	assert_int_equal(set(fixture, "queue-lenght", "128"), -EINVAL);
	assert_string_equal(fixture->diags.items[0].pos.file, "--queue-lenght");
	assert_string_equal(fixture->diags.items[0].hint, "did you mean 'queue_length'?");
	assert_int_equal(set(fixture, "queue-length", ""), -EINVAL);
	assert_int_equal(set(fixture, "manifests", ""), -EINVAL);
	assert_int_equal(fixture->diags.count, 3);
	assert_int_equal(fixture->settings.queue_length, 256);
}

static void checks_them_together(void **state)
{
	struct fixture *fixture = *state;
	char out[FINDINGS_TEXT];

	assert_int_equal(settings_check(&fixture->settings, &fixture->diags), 0);
	fixture->settings.mark_deny = fixture->settings.mark_allow;
	fixture->settings.queue_base = 65535;
	assert_int_equal(settings_check(&fixture->settings, &fixture->diags), -EINVAL);
	findings_format(&fixture->diags, out);
	assert_string_equal(out, "0:0 marks-overlap\n0:0 queues-past-end\n");
	fixture->settings.mark_deny = 1;
	fixture->settings.queue_base = 65535 - 5; /* four workers, replies, floods */
	fixture->settings.workers = 4;
	assert_int_equal(settings_queues(&fixture->settings), 6);
	assert_int_equal(settings_check(&fixture->settings, &fixture->diags), 0);
	fixture->settings.queue_base++;
	assert_int_equal(settings_check(&fixture->settings, &fixture->diags), -EINVAL);
	fixture->settings.flood_rate = 0;
	assert_int_equal(settings_queues(&fixture->settings), 5);
	assert_int_equal(settings_check(&fixture->settings, &fixture->diags), 0);
}

/* Too low a rate would take everybody for a flood. */
static void checks_the_rate_of_floods(void **state)
{
	static const struct {
		uint32_t rate;
		int err;
	} cases[] = {{0, 0}, {1, -EINVAL}, {SETTINGS_FLOOD_RATE_LEAST - 1, -EINVAL},
		{SETTINGS_FLOOD_RATE_LEAST, 0}, {SETTINGS_FLOOD_RATE_MOST, 0}};
	struct fixture *fixture = *state;
	char out[FINDINGS_TEXT];

	assert_int_equal(fixture->settings.flood_rate, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture->settings.flood_rate = cases[i].rate;
		assert_int_equal(settings_check(&fixture->settings, &fixture->diags), cases[i].err);
	}
	findings_format(&fixture->diags, out);
	assert_string_equal(out, "0:0 flood-rate-too-low\n0:0 flood-rate-too-low\n");
	assert_int_equal(set(fixture, "flood-rate", "50001"), -EINVAL);
}

/* What one function prints, for free() to free. */
static char *printed(void (*print)(FILE *to))
{
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);

	print(to);
	fclose(to);
	return text;
}

static void prints_every_row(void **state)
{
	char *help = printed(settings_print_help), *man = printed(settings_print_man);
	size_t count;
	const struct setting *table = settings_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		char option[64] = "--";

		for (size_t j = 0; table[i].name[j] != '\0'; j++)
			option[2 + j] = table[i].name[j] == '_' ? '-' : table[i].name[j];
		assert_non_null(strstr(help, option));
		assert_non_null(strstr(man, table[i].name));
	}
	for (const char *line = help; *line != '\0';) {
		const size_t length = strcspn(line, "\n");

		assert_true(length <= 100);
		line += length + 1;
	}
	assert_non_null(strstr(help, "--backend auto|nft|legacy"));
	assert_non_null(strstr(man, ".It Ic queue_length : Ar NUMBER\n"));
	free(help);
	free(man);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(has_defaults, begin, end),
		cmocka_unit_test_setup_teardown(reads_yaml, begin, end),
		cmocka_unit_test_setup_teardown(reads_json_and_nothing, begin, end),
		cmocka_unit_test_setup_teardown(sees_mistakes_where_they_are, begin, end),
		cmocka_unit_test_setup_teardown(reads_where_to_listen, begin, end),
		cmocka_unit_test_setup_teardown(changes_nothing_when_it_fails, begin, end),
		cmocka_unit_test_setup_teardown(suggests_the_nearest, begin, end),
		cmocka_unit_test_setup_teardown(takes_options, begin, end),
		cmocka_unit_test_setup_teardown(checks_them_together, begin, end),
		cmocka_unit_test_setup_teardown(checks_the_rate_of_floods, begin, end),
		cmocka_unit_test(prints_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
