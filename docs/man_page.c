/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Build-time tool: copies a page, with tables in the place of some lines. `.\" @OPTIONS@` becomes
 * the options of the settings table, `.\" @METRICS TITLE@` the metrics of a group of
 * service/views/figure_rows.h. A page has the options once, or each group of metrics once.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config/settings/settings.h"

/* A group, which has a title, or a metric of the group before it. */
static const struct {
	const char *title, *metric, *kind, *label_names, *help;
} metrics[] = {
#define COUNTER "counter"
#define GAUGE "gauge"
#define TRUTH "gauge"
#define COUNTER_NS "counter"
#define GAUGE_NS "gauge"
#define GROUP(title_) {.title = title_},
#define FIGURE(section, key, kind_, metric_, value, help_) FAMILY(kind_, metric_, NULL, help_)
#define FAMILY(kind_, metric_, labels_, help_) {NULL, #metric_, kind_, labels_, help_},
#define SAMPLE(...)
#define EACH(...)
#define INFO(...)
#define DURATIONS(metric_, place, help_) {NULL, #metric_, "histogram", NULL, help_},
#define STATUS(...)
#include "service/views/figure_rows.h"
};

enum { ROWS = sizeof(metrics) / sizeof(metrics[0]) };

/* A sentence a line, as mdoc(7) wants it. No help begins a line with a dot or has a backslash. */
static void print_sentences(FILE *to, const char *text)
{
	for (; *text != '\0'; text++)
		fputc(*text == ' ' && text[-1] == '.' ? '\n' : *text, to);
	fputc('\n', to);
}

/* Returns how many groups have this title. */
static int print_group(FILE *to, const char *title, size_t length)
{
	bool inside = false;
	int found = 0;

	for (size_t i = 0; i < ROWS; i++) {
		if (metrics[i].title != NULL) {
			inside = strlen(metrics[i].title) == length &&
				memcmp(metrics[i].title, title, length) == 0;
			found += inside;
		} else if (inside) {
			fprintf(to, ".It Va %s Pq %s", metrics[i].metric, metrics[i].kind);
			if (metrics[i].label_names != NULL)
				fprintf(to, " by Va %s", metrics[i].label_names);
			fputc('\n', to);
			print_sentences(to, metrics[i].help);
		}
	}
	return found;
}

static int copy_page(FILE *from, FILE *to)
{
	static const char group[] = ".\\\" @METRICS ";
	const size_t begin = sizeof(group) - 1;
	int options = 0, groups = 0, wanted = 0;
	char line[1024];

	while (fgets(line, sizeof(line), from) != NULL) {
		if (strcmp(line, ".\\\" @OPTIONS@\n") == 0) {
			settings_print_man(to);
			options++;
		} else if (strncmp(line, group, begin) == 0 && strstr(line, "@\n") != NULL) {
			groups += print_group(to, line + begin, strlen(line) - begin - 2);
		} else {
			fputs(line, to);
		}
	}
	for (size_t i = 0; i < ROWS; i++)
		wanted += metrics[i].title != NULL;
	return !ferror(from) && (options == 1 ? groups == 0 : groups == wanted) ? 0 : 1;
}

int main(int argc, char **argv)
{
	FILE *from = argc == 3 ? fopen(argv[1], "r") : NULL;
	FILE *to = from != NULL ? fopen(argv[2], "w") : NULL;

	if (to == NULL || copy_page(from, to) != 0 || fclose(to) != 0) {
		fprintf(stderr,
			"usage: podgate-man-page PAGE OUT, the page with one line .\\\" @OPTIONS@, "
			"or with a line .\\\" @METRICS TITLE@ for each group\n");
		return 1;
	}
	fclose(from);
	return 0;
}
