/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * podgate-fill-flows COUNT ADDRESS PORT: so many TCP connections to one end in the flow table of
 * the network namespace it is run in, which nobody ever made: 10.0.0.0:1024 and the addresses above
 * it are their sources. For tests of what podgate does with a long table.
 */

#include <err.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/support/flow_table.h"

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(2, "usage: podgate-fill-flows COUNT ADDRESS PORT");
	flow_table_here();
	flow_table_fill(
		strtoul(argv[1], NULL, 10), argv[2], (uint16_t)strtoul(argv[3], NULL, 10), 0);
	return 0;
}
