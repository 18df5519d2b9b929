/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_CLI_SHOWN_H
#define TESTS_CLI_SHOWN_H

/*
 * What a function writes to standard output, for a test to hold against golden text. Failures fail
 * the test.
 */

#include <stddef.h>

enum { SHOWN_MOST = 8192 };

void shown_begin(void);		       /* from here on standard output goes elsewhere */
void shown_end(char text[SHOWN_MOST]); /* and this is what came there */

#endif
