/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_MANIFEST_PRINT_H
#define TESTS_SUPPORT_MANIFEST_PRINT_H

/*
 * A cluster written as the manifests it might have been read from: what a failing random test
 * shows, and what `podgate explain -f` then reads. Values are always quoted, so the text is YAML
 * whatever a label holds.
 */

#include <stdio.h>

#include "policy/values/cluster.h"
#include "policy/values/flow.h"

void manifest_print_cluster(FILE *out, const struct cluster *cluster);
void manifest_print_flow(
	FILE *out, const struct flow *flow); /* "10.0.0.1 -> 10.0.0.2:80/TCP", no line end */

#endif
