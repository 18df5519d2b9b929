/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's commands are those that podgate-control(7) describes, with the same fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/answers.h"

static const char page_path[] = "docs/man/podgate-control.7.mdoc";

/* Parses the requests that head the page's items. Counts those of one command. */
static int count_requests(const char *command)
{
	static const char head[] = ".It Li ";
	FILE *page = fopen(page_path, "r");
	char line[1024], problem[PROBLEM_SIZE];
	struct control_request request;
	int count = 0;

	assert_non_null(page);
	while (fgets(line, sizeof(line), page) != NULL) {
		const char *text = line + sizeof(head) - 1;
		char *quote;

		if (strncmp(line, head, sizeof(head) - 1) != 0 || *text != '{')
			continue;
		while ((quote = strstr(line, "\\(dq")) != NULL) { /* mdoc(7)'s word for it */
			*quote = '"';
			memmove(quote + 1, quote + 4, strlen(quote + 4) + 1);
		}
		if (control_request_parse(
			    &request, answers_commands, text, strcspn(text, "\n"), problem) != 0)
			fail_msg("%s%s", line, problem);
		count += strcmp(request.command->name, command) == 0;
		control_request_deinit(&request);
	}
	fclose(page);
	return count;
}

static void the_page_has_each_command_once(void **state)
{
	(void)state;
	for (const struct control_command *command = answers_commands; command->name != NULL;
		command++)
		if (count_requests(command->name) != 1)
			fail_msg("%s", command->name);
}

/* Each field of a filter is described, and each command is answered in one way. */
static void the_table_is_whole(void **state)
{
	(void)state;
	for (const struct control_command *command = answers_commands; command->name != NULL;
		command++) {
		for (size_t i = 0; command->filters != NULL && command->filters[i] != NULL; i++)
			assert_non_null(filter_field_find(command->filters[i]));
		assert_int_equal((command->answer != NULL) + (command->open != NULL) +
				(command->watch != NULL) + (command->hand_over != NULL),
			1);
		assert_true(
			!command->is_internal || command[1].name == NULL || command[1].is_internal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_has_each_command_once),
		cmocka_unit_test(the_table_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
