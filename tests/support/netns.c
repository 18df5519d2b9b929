/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/netns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define USUAL_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

static char impostors[32]; /* the folder of a program that is found before the real one */

int netns_enter(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) != 0)
		fail_msg("no network namespace: %s; the tests of the kernel edge run as root",
			strerror(errno));
	return 0;
}

static char *format_text(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		fail_msg("out of memory");
	return text;
}

int netns_run(const char *format, ...)
{
	va_list args;
	char *command;
	int status;

	va_start(args, format);
	command = format_text(format, args);
	va_end(args);
	status = system(command);
	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

char *netns_read(const char *format, ...)
{
	char buffer[4096], *command, *text = NULL;
	size_t length, n;
	va_list args;
	FILE *pipe, *to;

	va_start(args, format);
	command = format_text(format, args);
	va_end(args);
	pipe = popen(command, "re");
	to = open_memstream(&text, &length);
	if (pipe == NULL || to == NULL)
		fail_msg("could not run %s", command);
	while ((n = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
		fwrite(buffer, 1, n, to);
	fclose(to);
	if (pclose(pipe) != 0)
		fail_msg("failed: %s", command);
	free(command);
	return text;
}

void netns_refuse_rules(const char *word)
{
	char search[128];

	strcpy(impostors, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(impostors));
	assert_int_equal(
		netns_run("cat >%s/iptables-nft-restore <<'END' && chmod 755 "
			  "%s/iptables-nft-restore\n#!/bin/sh\n"
			  "text=$(cat; echo x)\ncase \"$text\" in *'%s'*) echo "
			  "\"iptables-nft-restore v1.8.9 (nf_tables): Couldn't load match\" >&2; "
			  "exit 2;; esac\n"
			  "printf %%s \"${text%%x}\" | /usr/sbin/iptables-nft-restore \"$@\"\nEND",
			impostors, impostors, word),
		0);
	snprintf(search, sizeof(search), "%s:" USUAL_PATH, impostors);
	setenv("PATH", search, 1);
}

void netns_refuse_none(void)
{
	setenv("PATH", USUAL_PATH, 1);
	assert_int_equal(netns_run("rm -r %s", impostors), 0);
}
