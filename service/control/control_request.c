/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/text/utf8.h"
#include "service/control/control_command.h"

static int fail(char problem[PROBLEM_SIZE], const char *sentence)
{
	snprintf(problem, PROBLEM_SIZE, "%s", sentence);
	return -EINVAL;
}

/*
 * cJSON ends a text at \u0000, so "shop/web\u0000x" would be taken for shop/web. No name has one.
 */
static int check_text(const char *line, size_t length, char problem[PROBLEM_SIZE])
{
	struct utf8_fault fault;

	if (utf8_check(line, length, true, &fault) != 0) {
		snprintf(problem, PROBLEM_SIZE, "the request is not text: byte %zu is %s",
			fault.offset, fault.problem);
		return -EINVAL;
	}
	for (size_t i = 0; i + 1 < length; i++) {
		if (line[i] != '\\')
			continue;
		if (length - i >= 6 && memcmp(line + i, "\\u0000", 6) == 0)
			return fail(problem,
				"a text of the request has \\u0000 in it, which no name has");
		i++; /* whatever it escapes is no beginning of another escape */
	}
	return 0;
}

static int find_command(const struct control_command **out, const struct control_command *commands,
	const cJSON *json, char problem[PROBLEM_SIZE])
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "command");
	const struct control_command *command;
	size_t used;

	if (!cJSON_IsString(name))
		return fail(problem, "the request has no \"command\", a string");
	for (command = commands; command->name != NULL; command++) {
		if (strcmp(name->valuestring, command->name) != 0)
			continue;
		*out = command;
		return 0;
	}
	used = (size_t)snprintf(problem, PROBLEM_SIZE, "unknown command; there are ");
	for (command = commands; command->name != NULL && used < PROBLEM_SIZE; command++) {
		const struct control_command *next = command + 1;
		const bool is_last = next->name == NULL || next->is_internal;

		if (command->is_internal)
			break; /* these are the last rows */
		used += (size_t)snprintf(problem + used, PROBLEM_SIZE - used, "%s%s",
			command == commands ? ""
				: is_last   ? " and "
					    : ", ",
			command->name);
	}
	return -EINVAL;
}

static bool has_name(const char *const *names, const char *name)
{
	while (names != NULL && *names != NULL && strcmp(*names, name) != 0)
		names++;
	return names != NULL && *names != NULL;
}

/*
 * A misspelt filter would list everything, and its sender would believe it. Of a field that is
 * there twice cJSON gives the first.
 */
static int check_fields(
	const struct control_command *command, const cJSON *json, char problem[PROBLEM_SIZE])
{
	/* At most some ten fields get past the first that is unknown or twice. */
	for (const cJSON *field = json->child; field != NULL; field = field->next) {
		if (strcmp(field->string, "command") != 0 &&
			!has_name(command->filters, field->string) &&
			!has_name(command->fields, field->string)) {
			snprintf(problem, PROBLEM_SIZE, "%s takes no \"%.64s\"", command->name,
				field->string);
			return -EINVAL;
		}
		for (const cJSON *other = json->child; other != field; other = other->next) {
			if (strcmp(other->string, field->string) != 0)
				continue;
			snprintf(problem, PROBLEM_SIZE, "\"%.64s\" is there twice", field->string);
			return -EINVAL;
		}
	}
	return 0;
}

int control_request_parse(struct control_request *out, const struct control_command *commands,
	const char *line, size_t length, char problem[PROBLEM_SIZE])
{
	struct control_request request = {.command = NULL};
	const char *end;
	int err = check_text(line, length, problem);

	if (err != 0)
		return err;
	/*
	 * cJSON stops at the value's end; what follows must be blank, or this is more than one
	 * request.
	 */
	request.json = cJSON_ParseWithLengthOpts(line, length, &end, 0);
	if (request.json == NULL)
		return fail(problem, "the request is not JSON");
	while (end < line + length && strchr(" \t\r\n", *end) != NULL)
		end++;
	if (end != line + length)
		err = fail(problem, "something follows the request on its line");
	else if (!cJSON_IsObject(request.json))
		err = fail(problem, "the request is not a JSON object");
	else
		err = find_command(&request.command, commands, request.json, problem);
	if (err == 0)
		err = check_fields(request.command, request.json, problem);
	if (err == 0 && request.command->filters != NULL)
		err = filter_read(&request.filter, request.command->filters, request.json, problem);
	if (err == 0)
		*out = request;
	else
		cJSON_Delete(request.json);
	return err;
}

void control_request_deinit(struct control_request *request)
{
	cJSON_Delete(request->json);
	request->json = NULL;
}
