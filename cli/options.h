/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/*
 * The options of one command: a table row per option, which names its type and where its value
 * goes. An option that is not given leaves its value as it is: the caller puts the default there.
 * Long names may be shortened, and options may stand behind arguments. Not for two threads at once
 * (getopt_long(3)).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPTIONS_MOST = 32, OPTIONS_PROBLEM = 256, OPTIONS_HELP = 1 };

struct option_row;

struct option_type {
	const char *form; /* of the value, in help and problems; NULL: a flag, which has none */
	bool may_lack_value;
	/*
	 * Stores at row->value what `text` says; NULL when there is no value. 0; or -EINVAL, with a
	 * sentence in `problem`, or "" for the usual one.
	 */
	int (*take)(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM]);
};

struct option_row {
	const char *name; /* "pod" for --pod; NULL: only a letter */
	const struct option_type *type;
	char letter; /* 'f' for -f; 0: only a name */
	bool required;
	void *value;
	uint64_t least, most; /* of a number */
	const char *words;    /* "udp|tcp" */
	const char *form;     /* instead of the type's */
	const char *wanted;   /* for the problem: "a number of lines"; NULL: the form */
	const char *help;     /* NULL: no help shows it; a second line follows '\n' */
};

extern const struct option_type option_flag, option_text, option_number, option_word;
#define OPTION_FLAG (&option_flag)     /* bool */
#define OPTION_TEXT (&option_text)     /* const char *, which stays argv's */
#define OPTION_NUMBER (&option_number) /* uint64_t, within least and most */
#define OPTION_WORD (&option_word)     /* const char *, one of `words` */

/*
 * 0, with the arguments moved behind the options and the first of them at argv[*first];
 * OPTIONS_HELP when --help or -h was among them; or -EINVAL with a sentence in `problem`.
 */
int options_parse(const struct option_row *rows, size_t count, int argc, char **argv, int *first,
	char problem[OPTIONS_PROBLEM]);
/* The rows' part of a help text, on standard output. */
void options_print(const struct option_row *rows, size_t count);
/* How the help shows the value of a row; "" for a flag. */
const char *options_form(const struct option_row *row);

#endif
