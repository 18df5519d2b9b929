/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/syscall_lists.h"

#include <stddef.h>

/* clang-format off: lists of words */

/*
 * Found by tracing the whole of the tests (docs/ARCHITECTURE.md says how to repeat that), with what
 * other versions of the C library, other architectures and an abort() take in addition. Missing on
 * purpose: connect() and listen(), as all that is listened on is open before, and podgate calls
 * nobody.
 */
const char *const syscalls_daemon[] = {
	/* memory; mmap(), mmap2() and mprotect() are looked at more closely */
	"brk", "madvise", "mremap", "munmap",
	/*
	 * threads, waiting for each other, and letting others go first; clone() is looked at more
	 * closely
	 */
	"exit", "exit_group", "futex", "futex_time64", "futex_waitv", "getcpu", "getpid", "getppid",
	"gettid", "membarrier", "restart_syscall", "rseq", "sched_getaffinity", "sched_getattr",
	"sched_setaffinity", "sched_setattr", "sched_yield", "set_robust_list", "set_tid_address",
	/* signals */
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend",
	"rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaltstack", "sigreturn",
	/* time */
	"clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "gettimeofday", "nanosleep", "time",
	/* descriptors; ioctl() is looked at more closely */
	"close", "close_range", "dup", "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "fcntl", "fcntl64",
	"lseek", "_llseek", "pipe", "pipe2", "poll", "ppoll", "ppoll_time64", "pread64", "preadv",
	"pwrite64", "pwritev", "read", "readv", "timerfd_create", "timerfd_gettime",
	"timerfd_gettime64", "timerfd_settime", "timerfd_settime64", "write", "writev",
	/* files: manifests, the log, /proc */
	"access", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fdatasync", "fstat",
	"fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64",
	"getcwd", "getdents", "getdents64", "inotify_add_watch", "inotify_init", "inotify_init1",
	"inotify_rm_watch", "lstat", "lstat64", "newfstatat", "open", "openat", "openat2",
	"readlink", "readlinkat", "rename", "renameat", "renameat2", "stat", "stat64", "statfs",
	"statfs64", "statx", "unlink", "unlinkat",
	/* sockets; socket() is looked at more closely */
	"accept", "accept4", "bind", "getpeername", "getsockname", "getsockopt", "recv", "recvfrom",
	"recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto",
	"setsockopt", "shutdown",
	/* who we are and what there is; prctl() and tgkill() are looked at more closely */
	"capget", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
	"getgroups32", "getrandom", "getresgid", "getresgid32", "getresuid", "getresuid32",
	"getrlimit", "getrusage", "getuid", "getuid32", "prlimit64", "sysinfo", "ugetrlimit",
	"uname",
	/* the end of the helper; and filters that narrow this one */
	"seccomp", "wait4", "waitid", "waitpid",
	NULL,
};

/*
 * What a worker calls is recvmmsg(), sendto(), clock_gettime() where the vDSO does not do, futex(),
 * nanosleep() and write() to an eventfd. The rest is for its end, and for an assertion that fails.
 */
const char *const syscalls_worker[] = {
	"brk", "clock_gettime", "clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64",
	"exit", "exit_group", "futex", "futex_time64", "getpid", "gettid", "madvise", "membarrier",
	"munmap", "nanosleep", "recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg",
	"restart_syscall", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"sched_getaffinity", "sched_yield", "sendmsg", "sendto", "sigreturn", "write",
	NULL,
};

/* All of them have to do with more than one process or with the whole system. */
const char *const syscalls_hostile[] = {
	/* other programs, and becoming another */
	"execve", "execveat", "fork", "vfork", "capset", "setfsgid", "setfsgid32", "setfsuid",
	"setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setregid", "setregid32",
	"setresgid", "setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32", "setuid",
	"setuid32", "personality", "setns", "unshare",
	/* other processes */
	"kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
	"rt_sigqueueinfo", "rt_tgsigqueueinfo",
	/* the kernel's inside */
	"add_key", "bpf", "delete_module", "finit_module", "init_module", "kexec_file_load",
	"kexec_load", "keyctl", "perf_event_open", "request_key", "userfaultfd",
	/* the system */
	"acct", "adjtimex", "chroot", "clock_adjtime", "clock_adjtime64", "clock_settime",
	"clock_settime64", "fsconfig", "fsmount", "fsopen", "fspick", "ioperm", "iopl", "mknod",
	"mknodat", "modify_ldt", "mount", "mount_setattr", "move_mount", "open_by_handle_at",
	"open_tree", "pivot_root", "quotactl", "quotactl_fd", "reboot", "sethostname",
	"setdomainname", "settimeofday", "stime", "swapoff", "swapon", "syslog", "umount",
	"umount2", "vhangup",
	NULL,
};

/*
 * No version of the iptables programs, nor modprobe without its capability, gets anywhere with any
 * of these.
 */
const char *const syscalls_helper_refused[] = {
	"acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime", "clock_settime",
	"delete_module", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module",
	"io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp",
	"kexec_file_load", "kexec_load", "keyctl", "mknod", "mknodat", "mount", "mount_setattr",
	"move_mount", "open_by_handle_at", "open_tree", "perf_event_open", "personality",
	"pidfd_getfd", "pivot_root", "process_madvise", "process_vm_readv", "process_vm_writev",
	"ptrace", "quotactl", "quotactl_fd", "reboot", "request_key", "setdomainname",
	"sethostname", "setns", "settimeofday", "stime", "swapoff", "swapon", "syslog", "umount",
	"umount2", "unshare", "userfaultfd", "vhangup",
	NULL,
};
