/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Build-time tool: copies a page, its line ".\" @OPTIONS@" replaced by the options of the settings
 * table.
 */

#include <stdio.h>
#include <string.h>

#include "config/settings/settings.h"

static int copy_page(FILE *from, FILE *to)
{
	char line[1024];
	int places = 0;

	while (fgets(line, sizeof(line), from) != NULL) {
		if (strcmp(line, ".\\\" @OPTIONS@\n") != 0) {
			fputs(line, to);
			continue;
		}
		settings_print_man(to);
		places++;
	}
	return places == 1 && !ferror(from) ? 0 : 1;
}

int main(int argc, char **argv)
{
	FILE *from = argc == 3 ? fopen(argv[1], "r") : NULL;
	FILE *to = from != NULL ? fopen(argv[2], "w") : NULL;

	if (to == NULL || copy_page(from, to) != 0 || fclose(to) != 0) {
		fprintf(stderr,
			"usage: podgate-settings-man PAGE OUT, the page with one line .\\\" "
			"@OPTIONS@\n");
		return 1;
	}
	fclose(from);
	return 0;
}
