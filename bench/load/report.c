/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/load/load.h"

enum { REPORT_BYTES = 4096, NUMBER_TEXT = 32 };

cJSON *report_new(void)
{
	return cJSON_CreateObject();
}

/* Three digits behind the point: finer is noise. cJSON itself would print 0.1 + 0.2 in full. */
void report_real(cJSON *report, const char *name, double value)
{
	char text[NUMBER_TEXT];

	snprintf(text, sizeof(text), "%.3f", isfinite(value) ? value : 0);
	cJSON_AddRawToObject(report, name, text);
}

void report_count(cJSON *report, const char *name, uint64_t value)
{
	char text[NUMBER_TEXT];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON_AddRawToObject(report, name, text);
}

void report_histogram(cJSON *report, const char *name, const struct histogram *histogram)
{
	static const struct {
		const char *name;
		double quantile;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
	cJSON *part = cJSON_AddObjectToObject(report, name);

	report_count(part, "count", histogram->count);
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		report_count(part, quantiles[i].name,
			histogram_quantile(histogram, quantiles[i].quantile));
	report_count(part, "max", histogram->max);
	report_real(part, "mean", histogram_mean(histogram));
}

int report_print(cJSON *report)
{
	char text[REPORT_BYTES];
	const int whole = report != NULL &&
		cJSON_PrintPreallocated(report, text, sizeof(text), false);

	cJSON_Delete(report);
	if (!whole) {
		fputs("podgate-load: no memory for the report\n", stderr);
		return LOAD_PROBLEM;
	}
	if (puts(text) < 0 || fflush(stdout) != 0) {
		perror("podgate-load: the report can't be written");
		return LOAD_PROBLEM;
	}
	return 0;
}
