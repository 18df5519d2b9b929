/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json_get [KEY]...: standard input must hold exactly one JSON document; prints what KEYs lead to
 * (object keys and list indices, "#" for a length): texts bare, the rest as JSON. Exit code: 0; 1
 * nothing is there; 2 no JSON. For test_cli.sh, which must not need jq or python to be a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static char *read_all(FILE *from)
{
	size_t used = 0, capacity = 65536;
	char *text = malloc(capacity);

	while (text != NULL) {
		used += fread(text + used, 1, capacity - used - 1, from);
		if (used < capacity - 1)
			break;
		capacity *= 2;
		text = realloc(text, capacity);
	}
	if (text != NULL)
		text[used] = '\0';
	return text;
}

static const cJSON *step(const cJSON *at, const char *key)
{
	if (cJSON_IsArray(at))
		return cJSON_GetArrayItem(at, atoi(key));
	return cJSON_GetObjectItemCaseSensitive(at, key);
}

static int print(const cJSON *value)
{
	char *text;

	if (cJSON_IsString(value)) {
		puts(value->valuestring);
		return 0;
	}
	text = cJSON_PrintUnformatted(value);
	if (text == NULL)
		return 2;
	puts(text);
	free(text);
	return 0;
}

int main(int argc, char **argv)
{
	char *text = read_all(stdin);
	cJSON *document = text != NULL ? cJSON_ParseWithOpts(text, NULL, 1) : NULL;
	const cJSON *at = document;
	int code = 1;

	if (document == NULL) {
		fprintf(stderr, "json_get: no JSON document, or more than one\n");
		free(text);
		return 2;
	}
	for (int i = 1; i < argc && at != NULL; i++) {
		if (strcmp(argv[i], "#") == 0) {
			printf("%d\n", cJSON_GetArraySize(at));
			code = 0;
			at = NULL;
		} else {
			at = step(at, argv[i]);
		}
	}
	if (at != NULL)
		code = print(at);
	cJSON_Delete(document);
	free(text);
	return code;
}
