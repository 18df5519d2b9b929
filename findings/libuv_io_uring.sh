#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# libuv 1.50.0 (Debian 13: libuv1t64 1.50.0-2) makes an io_uring in uv_loop_init(), and UV_USE_IO_URING=0 does not keep it from that.
#
# Its documentation knows one use of io_uring, for files, which a loop has to be configured for (UV_LOOP_ENABLE_IO_URING_SQPOLL) and
# the variable switches on; so without both a program seems to have no ring. But the ring that batches epoll_ctl() asks nobody:
# "linux: always use io_uring for epoll batching" (ChangeLog, 1.50.0). It is made on all but 32-bit ARM, PowerPC and Android
# (uv__use_io_uring() in src/unix/linux.c). A program that filters its own system calls has to refuse io_uring_setup() before it
# makes the loop: then libuv does without. Later is too late (docs/PRIVILEGE.md).
#
# Seen, Linux 6.18:
#   libuv 1.50.0, UV_USE_IO_URING=0: rings 1, the loop runs
#   libuv 1.50.0, UV_USE_IO_URING=0, io_uring_setup() answered with ENOSYS: rings 0, the loop runs
#
# Builds libuv from Debian's source package in a temporary folder; needs cmake, gcc and the archive. Exit: 0 as above, 1 it behaves
# otherwise, 2 it could not be tried.

set -eu
VERSION=1.50.0
SHA256=ec9de6ecf2a780fd2afb3b007947d2cd57c3bb17f3b9e721a66774980d35cd4d
WORK=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
chmod 755 "$WORK"
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"

archive=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' | awk '$2 == "Debian" { print $1; exit }')
/usr/lib/apt/apt-helper download-file "${archive%/}/pool/main/libu/libuv1/libuv1_$VERSION.orig.tar.gz" libuv.tar.gz "SHA256:$SHA256" >/dev/null ||
	{ echo "NOT RUN: Debian's archive does not have or give libuv1_$VERSION.orig.tar.gz"; exit 2; }
mkdir source && tar -C source --strip-components=1 -xzf libuv.tar.gz
{ cmake -S source -B build -DLIBUV_BUILD_SHARED=OFF -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Release &&
	cmake --build build -j "$(nproc)"; } >log 2>&1 || { tail log; echo "NOT RUN: libuv does not build here"; exit 2; }

cat >rings.c <<'SOURCE'
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

static int rings(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;
	char path[300], target[300] = "";
	int count = 0;

	while ((entry = readdir(folder)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "io_uring") != NULL)
			count++;
	}
	closedir(folder);
	return count;
}

static void refuse(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog filter = {.len = 4, .filter = code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		perror("seccomp");
}

static void fired(uv_timer_t *timer)
{
	*(int *)timer->data = 1;
	uv_close((uv_handle_t *)timer, NULL);
}

int main(int argc, char **argv)
{
	uv_loop_t loop;
	uv_timer_t timer;
	int ran = 0;

	(void)argv;
	if (argc > 1)
		refuse();
	if (uv_loop_init(&loop) != 0)
		return 1;
	printf("rings %d", rings());
	uv_timer_init(&loop, &timer);
	timer.data = &ran;
	uv_timer_start(&timer, fired, 1, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	puts(ran ? ", the loop runs" : ", the loop does not run");
	return uv_loop_close(&loop) != 0;
}
SOURCE
gcc -O1 -Wall -I source/include -o rings rings.c build/libuv*.a -lpthread -ldl -lrt

can_have_rings=$(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null || echo 0)
[ "$can_have_rings" = 0 ] || { echo "NOT RUN: kernel.io_uring_disabled is $can_have_rings"; exit 2; }
with=$(UV_USE_IO_URING=0 ./rings) without=$(UV_USE_IO_URING=0 ./rings refuse)
echo "libuv $VERSION, UV_USE_IO_URING=0: $with"
echo "libuv $VERSION, UV_USE_IO_URING=0, io_uring_setup() answered with ENOSYS: $without"
[ "$with" = "rings 1, the loop runs" ] && [ "$without" = "rings 0, the loop runs" ]
