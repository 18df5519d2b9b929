/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_CLAIM_H
#define DAEMON_CLAIM_H

/*
 * One daemon in a network namespace: two would repair each other's rules for ever, and share the
 * sets. A daemon listens at an abstract UNIX address, "\0podgate". Such addresses belong to the
 * network namespace and go when their last descriptor is closed, so nothing is left behind by a
 * crash (unix(7), abstract sockets). A client that connects gets the path of the daemon's control
 * socket, in one line; the kernel says which process that line is from (SO_PASSCRED), and which
 * user listens (SO_PEERCRED). Any user may take such an address, so a stranger's does not count.
 */

#include <sys/types.h>
#include <sys/un.h>

#include <uv.h>

#include "process/problem.h"

struct claim_holder {
	pid_t pid; /* 0: in a PID namespace that we do not see */
	char control_socket[sizeof(
		((struct sockaddr_un *)0)->sun_path)]; /* ""; its bytes are whatever the holder sent
							*/
};

/*
 * Looks who holds the address. 0: it is free; -EADDRINUSE and *out: a daemon, that is a process of
 * root, of our own user or of `user`; -EPERM: a stranger; or another -errno when that can't be
 * found out. Waits a second at most. Any thread.
 */
int claim_look(uid_t user, struct claim_holder *out);
/*
 * Takes the address. Returns a descriptor, which listens, or -errno: -EADDRINUSE when it is
 * taken. Any thread.
 */
int claim_take(void);
/* Whether a descriptor that was handed over is such a one. */
int claim_check(int fd); /* 0 or -EINVAL */

/*
 * Before a start: -EADDRINUSE with a sentence that names the daemon which runs already. Else 0;
 * then `problem`, when it is not "", is a warning: that could not be found out.
 */
int claim_refuse_second(uid_t user, char problem[PROBLEM_SIZE]);

struct claim;
/*
 * Takes the address and answers at it on the loop; `inherited`, when it is not -1, is a
 * predecessor's claim_check()ed descriptor, and the callee's. 0, or -EADDRINUSE, as above; *out
 * stays as it is where the address could not be had.
 */
int claim_hold(struct claim **out, uv_loop_t *loop, int inherited, uid_t user,
	const char *control_socket, char problem[PROBLEM_SIZE]);
/*
 * Answers on the loop, and holds the address until claim_stop(). The descriptor is the callee's,
 * also on failure. 0 or -errno.
 */
int claim_serve(struct claim **out, uv_loop_t *loop, int fd, const char *control_socket);
int claim_descriptor(const struct claim *claim); /* for handing it on; -1 for NULL */
void claim_stop(struct claim *claim);		 /* on the loop's thread; NULL is allowed */

#endif
