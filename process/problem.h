/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_PROBLEM_H
#define PROCESS_PROBLEM_H

/*
 * The size of a sentence that says what went wrong and what to do about it. A function that may
 * fail takes `char problem[PROBLEM_SIZE]` and writes the sentence there, cut if need be: so a
 * caller can hand it on as it is. (policy/ has its own, QUERY_PROBLEM: it knows no process.)
 */
enum { PROBLEM_SIZE = 512 };

#endif
