/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_FILTER_OPTIONS_H
#define CLI_FILTER_OPTIONS_H

/*
 * Options that are a field of the daemon's filter (service/control/filter.h): each writes that
 * field into the request, which is the row's value. The name of the row is that of the field; "ns"
 * stands for "namespace".
 */

#include <cjson/cJSON.h>

#include "cli/options.h"

extern const struct option_type filter_option, filter_option_flag;
#define OPTION_FILTER (&filter_option)
#define OPTION_FILTER_FLAG (&filter_option_flag)
/* A second name, which no help shows. */
#define OPTION_NAMESPACE(request) \
	{ \
		"namespace", OPTION_FILTER, .value = (request) \
	}

/* {"command": ...}; NULL, said on standard error, when memory is short. */
cJSON *filter_options_request(const char *command);

#endif
