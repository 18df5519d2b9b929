/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/metrics/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct page {
	struct exposition out;
	char *text;
	size_t length;
};

static int begin(void **state)
{
	struct page *page = calloc(1, sizeof(*page));

	page->out.to = open_memstream(&page->text, &page->length);
	*state = page;
	return page->out.to == NULL;
}

static int end(void **state)
{
	struct page *page = *state;

	fclose(page->out.to);
	free(page->text);
	free(page);
	return 0;
}

static void expect(struct page *page, const char *text)
{
	fflush(page->out.to);
	assert_string_equal(page->text, text);
}

static void writes_families(void **state)
{
	struct page *page = *state;

	exposition_begin(&page->out, EXPOSITION_GAUGE, "a_pods", "Pods known.");
	exposition_integer(&page->out, 7, LABELS({NULL, NULL}));
	exposition_begin(&page->out, EXPOSITION_COUNTER, "a_packets_total", "Packets.");
	exposition_integer(&page->out, UINT64_MAX, LABELS({"queue", "1"}, {"verdict", "deny"}));
	exposition_integer(&page->out, 0, LABELS({"queue", "2"}, {"verdict", "deny"}));
	exposition_begin(&page->out, EXPOSITION_COUNTER, "a_cpu_seconds_total", "CPU.");
	exposition_seconds(&page->out, 1234567890012345678ULL, NULL);
	exposition_seconds(&page->out, 5, LABELS({"cpu", "0"}));
	expect(page,
		"# HELP a_pods Pods known.\n# TYPE a_pods gauge\na_pods 7\n"
		"# HELP a_packets_total Packets.\n# TYPE a_packets_total counter\n"
		"a_packets_total{queue=\"1\",verdict=\"deny\"} 18446744073709551615\n"
		"a_packets_total{queue=\"2\",verdict=\"deny\"} 0\n"
		"# HELP a_cpu_seconds_total CPU.\n# TYPE a_cpu_seconds_total counter\n"
		"a_cpu_seconds_total 1234567890.012345678\n"
		"a_cpu_seconds_total{cpu=\"0\"} 0.000000005\n");
}

static void escapes_what_would_break_out(void **state)
{
	struct page *page = *state;

	exposition_begin(&page->out, EXPOSITION_GAUGE, "a", "one\ntwo \\ \"three\"");
	exposition_integer(&page->out, 1, LABELS({"l", "x\"} 9\nb{l=\"\\"}));
	exposition_integer(&page->out, 2, LABELS({"l", ""}));
	exposition_integer(&page->out, 3, LABELS({"l", "\xc3\xa4"}));
	expect(page,
		"# HELP a one\\ntwo \\\\ \"three\"\n# TYPE a gauge\n"
		"a{l=\"x\\\"} 9\\nb{l=\\\"\\\\\"} 1\n"
		"a{l=\"\"} 2\n"
		"a{l=\"\xc3\xa4\"} 3\n");
}

static void writes_histograms(void **state)
{
	struct page *page = *state;
	struct histogram histogram = {0};

	histogram_add(&histogram, 0);
	histogram_add(&histogram, 500000); /* a bound belongs below it */
	histogram_add(&histogram, 500001);
	histogram_add(&histogram, 10000000000ULL);
	histogram_add(&histogram, 10000000001ULL);
	assert_int_equal(histogram_count(&histogram), 5);
	exposition_begin(&page->out, EXPOSITION_HISTOGRAM, "a_seconds", "Time.");
	exposition_durations(&page->out, &histogram);
	expect(page,
		"# HELP a_seconds Time.\n# TYPE a_seconds histogram\n"
		"a_seconds_bucket{le=\"0.0005\"} 2\n"
		"a_seconds_bucket{le=\"0.001\"} 3\n"
		"a_seconds_bucket{le=\"0.0025\"} 3\n"
		"a_seconds_bucket{le=\"0.005\"} 3\n"
		"a_seconds_bucket{le=\"0.01\"} 3\n"
		"a_seconds_bucket{le=\"0.025\"} 3\n"
		"a_seconds_bucket{le=\"0.05\"} 3\n"
		"a_seconds_bucket{le=\"0.1\"} 3\n"
		"a_seconds_bucket{le=\"0.25\"} 3\n"
		"a_seconds_bucket{le=\"0.5\"} 3\n"
		"a_seconds_bucket{le=\"1\"} 3\n"
		"a_seconds_bucket{le=\"2.5\"} 3\n"
		"a_seconds_bucket{le=\"5\"} 3\n"
		"a_seconds_bucket{le=\"10\"} 4\n"
		"a_seconds_bucket{le=\"+Inf\"} 5\n"
		"a_seconds_sum 20.001000002\n"
		"a_seconds_count 5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_families, begin, end),
		cmocka_unit_test_setup_teardown(escapes_what_would_break_out, begin, end),
		cmocka_unit_test_setup_teardown(writes_histograms, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
