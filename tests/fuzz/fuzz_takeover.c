/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any text as what a running daemon offers, with three descriptors: each is closed or has an owner,
 * and an offer that is refused leaves a sentence and nothing open.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/takeover.h"

enum { DESCRIPTORS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held)
{
	if (!held)
		abort();
}

static unsigned int count_open(const int *descriptors)
{
	unsigned int open = 0;

	for (size_t i = 0; i < DESCRIPTORS; i++)
		open += fcntl(descriptors[i], F_GETFD) >= 0;
	return open;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inheritance inheritance = {.count = 0};
	struct takeover takeover;
	char problem[PROBLEM_SIZE] = "", *text = malloc(size + 1);
	int descriptors[DESCRIPTORS], err;

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < DESCRIPTORS; i++)
		must((descriptors[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0);
	takeover_init(&takeover);
	err = takeover_read_offer(&takeover, text, descriptors, DESCRIPTORS,
		"/run/podgate/control.sock", "127.0.0.1:9477", &inheritance, problem);
	must(err == 0 ? takeover.from > 0 : *problem != '\0');
	/*
	 * None of them listens anywhere, so only queues' sockets are kept: who takes one of those
	 * looks at it then.
	 */
	must(count_open(descriptors) == inheritance.count && (err == 0 || inheritance.count == 0));
	inheritance_deinit(&inheritance);
	takeover_deinit(&takeover);
	must(count_open(descriptors) == 0);
	free(text);
	return 0;
}
