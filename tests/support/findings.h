/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_FINDINGS_H
#define TESTS_SUPPORT_FINDINGS_H

/*
 * What reading a text finds, as a text to compare with: "3:5 missing-colon\n4:1 warning
 * host-bits\n", in order.
 */

#include <stddef.h>

#include "config/text/document.h"

enum { FINDINGS_TEXT = 4096 };

/* One case of a golden table. */
struct finding_case {
	const char *title, *input, *expected;
};

void findings_format(struct diag_list *diags, char out[FINDINGS_TEXT]); /* sorts them */

/* What document_read() says of the text, or that and what kube_decode() says of its documents. */
void findings_of_document(const char *text, size_t length, char out[FINDINGS_TEXT]);
void findings_of_manifest(const char *text, size_t length, char out[FINDINGS_TEXT]);

/* Runs a table; names every case that differs, and aborts if there was one. */
void findings_check(const struct finding_case *cases, size_t count,
	void (*find)(const char *text, size_t length, char out[FINDINGS_TEXT]));

/* The only finding's "text (hint)" of a manifest, for the cases where the words matter. */
void findings_words(const char *text, char out[FINDINGS_TEXT]);

#endif
