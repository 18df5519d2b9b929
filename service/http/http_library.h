/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_HTTP_HTTP_LIBRARY_H
#define SERVICE_HTTP_HTTP_LIBRARY_H

/*
 * libmicrohttpd, loaded when it is asked for. It brings GnuTLS and what that needs, together more
 * than half of what podgate takes by itself, and most gateways serve no metrics: so it is no
 * library that the program is linked with. The types of the functions are its header's own.
 */

#include <microhttpd.h>

#include "process/problem.h"

struct http_library {
	__typeof__(&MHD_start_daemon) start_daemon;
	__typeof__(&MHD_stop_daemon) stop_daemon;
	__typeof__(&MHD_run) run;
	__typeof__(&MHD_get_timeout) get_timeout;
	__typeof__(&MHD_get_daemon_info) get_daemon_info;
	__typeof__(&MHD_get_connection_info) get_connection_info;
	__typeof__(&MHD_create_response_from_buffer) create_response_from_buffer;
	__typeof__(&MHD_add_response_header) add_response_header;
	__typeof__(&MHD_queue_response) queue_response;
	__typeof__(&MHD_destroy_response) destroy_response;
};

/* It stays loaded. 0; or -ENOENT with a sentence and its remedy in `problem`. */
int http_library_load(struct http_library *out, char problem[PROBLEM_SIZE]);

#endif
