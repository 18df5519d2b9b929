/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/metrics/exposition.h"

#include <inttypes.h>

#define NS_PER_S 1000000000ULL

/* In help \ and line feeds are escaped, in a label's value quotes as well. */
static void write_escaped(FILE *to, const char *text, const char *quote)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\\n", to);
		else if (*text == '\\' || *text == *quote)
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
	}
}

void exposition_begin(
	struct exposition *out, enum exposition_kind kind, const char *name, const char *help)
{
	static const char *const kinds[] = {[EXPOSITION_COUNTER] = "counter",
		[EXPOSITION_GAUGE] = "gauge",
		[EXPOSITION_HISTOGRAM] = "histogram"};

	out->family = name;
	fprintf(out->to, "# HELP %s ", name);
	write_escaped(out->to, help, "");
	fprintf(out->to, "\n# TYPE %s %s\n", name, kinds[kind]);
}

static void write_name(
	const struct exposition *out, const char *suffix, const struct figure_label *labels)
{
	fprintf(out->to, "%s%s", out->family, suffix);
	if (labels == NULL || labels[0].name == NULL)
		return;
	for (size_t i = 0; labels[i].name != NULL; i++) {
		fprintf(out->to, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
		write_escaped(out->to, labels[i].value, "\"");
		fputc('"', out->to);
	}
	fputc('}', out->to);
}

void exposition_integer(struct exposition *out, uint64_t value, const struct figure_label *labels)
{
	write_name(out, "", labels);
	fprintf(out->to, " %" PRIu64 "\n", value);
}

static void write_seconds(FILE *to, uint64_t nanoseconds)
{
	fprintf(to, "%" PRIu64 ".%09" PRIu64, (uint64_t)(nanoseconds / NS_PER_S),
		(uint64_t)(nanoseconds % NS_PER_S));
}

void exposition_seconds(
	struct exposition *out, uint64_t nanoseconds, const struct figure_label *labels)
{
	write_name(out, "", labels);
	fputc(' ', out->to);
	write_seconds(out->to, nanoseconds);
	fputc('\n', out->to);
}

static void write_bucket(const struct exposition *out, const char *bound, uint64_t count)
{
	write_name(out, "_bucket", LABELS({"le", bound}));
	fprintf(out->to, " %" PRIu64 "\n", count);
}

void exposition_durations(struct exposition *out, const struct histogram *histogram)
{
	uint64_t count = 0;
	char bound[32];

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += histogram->counts[i];
		snprintf(bound, sizeof(bound), "%g",
			(double)histogram_bounds_ns[i] / (double)NS_PER_S);
		write_bucket(out, bound, count);
	}
	write_bucket(out, "+Inf", histogram_count(histogram));
	write_name(out, "_sum", NULL);
	fputc(' ', out->to);
	write_seconds(out->to, histogram->sum_ns);
	fputc('\n', out->to);
	write_name(out, "_count", NULL);
	fprintf(out->to, " %" PRIu64 "\n", histogram_count(histogram));
}
