/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_LOG_H
#define PROCESS_LOG_H

/*
 * The daemon's own log: what happens to podgate itself, one line a message on standard error. (What
 * happens to packets is the verdict log's.) Where that is systemd's journal each line begins with
 * its priority, "<4>"; elsewhere with "podgate: warning: ". Control characters are written as \xNN,
 * so a file name can't forge a line. Any thread; each line is one write; errno is preserved.
 */

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6 };

/*
 * To be called first of all, and once. Finds out whether standard error leads to systemd's journal.
 * Standard input, output and error become /dev/null where we were started without them: else a
 * socket or the rules of iptables would take their number, and messages would be written into it.
 */
void log_begin(void);

/*
 * One message, without a newline. log_warn() appends ": " and strerror(errno), log_warnx() does
 * not.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum { LOG_LINE = 1024 }; /* a longer message ends in "..." */
/* What log_*() write, newline included: returns its length. Pure; for log.c and its test. */
unsigned int log_format_line(
	char line[LOG_LINE], enum log_level level, bool to_journal, const char *message);

#endif
