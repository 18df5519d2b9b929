/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool journal; /* set once, before there are threads */

/*
 * The lowest free number is taken each time: the first above standard error shows that all three
 * are.
 */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * Whether standard error leads to systemd's journal, which reads the prefix: JOURNAL_STREAM has the
 * device and the inode of what does (systemd.exec(5)). It is inherited by whoever a service starts,
 * also with its standard error elsewhere.
 */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat found;
	char text[64];

	if (stream == NULL || fstat(STDERR_FILENO, &found) != 0)
		return false;
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)found.st_dev, (uintmax_t)found.st_ino);
	return strcmp(stream, text) == 0;
}

void log_begin(void)
{
	fill_standard_fds();
	journal = is_journal();
}

static const char *prefix(enum log_level level, bool to_journal)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return to_journal ? "<3>" : "podgate: error: ";
	case LOG_LEVEL_WARNING:
		return to_journal ? "<4>" : "podgate: warning: ";
	default:
		return to_journal ? "<6>" : "podgate: ";
	}
}

unsigned int log_format_line(
	char line[LOG_LINE], enum log_level level, bool to_journal, const char *message)
{
	/* Room is kept for the longest thing that may still follow: "..." and a newline. */
	const size_t last = LOG_LINE - sizeof("...\n");
	size_t length = (size_t)snprintf(line, LOG_LINE, "%s", prefix(level, to_journal));

	for (const unsigned char *byte = (const unsigned char *)message; *byte != '\0'; byte++) {
		if (length + sizeof("\\x00") > last) {
			length += (size_t)sprintf(line + length, "...");
			break;
		}
		if (*byte < 0x20 || *byte == 0x7f)
			length += (size_t)sprintf(line + length, "\\x%02x", *byte);
		else
			line[length++] = (char)*byte;
	}
	line[length++] = '\n';
	return (unsigned int)length;
}

static void emit(enum log_level level, const char *message)
{
	const int saved = errno;
	char line[LOG_LINE];
	const unsigned int length = log_format_line(line, level, journal, message);

	/* Nobody is left to be told when standard error is gone. */
	if (write(STDERR_FILENO, line, length) < 0)
		errno = 0;
	errno = saved;
}

static void emit_format(enum log_level level, const char *reason, const char *format, va_list args)
{
	const int saved = errno;
	char message[LOG_LINE];
	const int length = vsnprintf(message, sizeof(message), format, args);

	if (reason != NULL && length >= 0 && (size_t)length < sizeof(message))
		snprintf(message + length, sizeof(message) - (size_t)length, ": %s", reason);
	emit(level, message);
	errno = saved;
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(LOG_LEVEL_ERROR, NULL, format, args);
	va_end(args);
}

void log_warn(const char *format, ...)
{
	char buffer[128];
	va_list args;

	va_start(args, format);
	emit_format(LOG_LEVEL_WARNING, strerror_r(errno, buffer, sizeof(buffer)), format, args);
	va_end(args);
}

void log_warnx(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(LOG_LEVEL_WARNING, NULL, format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(LOG_LEVEL_INFO, NULL, format, args);
	va_end(args);
}
