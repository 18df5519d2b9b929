/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/counting_filter.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The map's one value: the program writes it, we read it through mmap(2). */
struct counters {
	_Atomic uint64_t packets, first_ns, last_ns;
};

struct counting_filter {
	int map, program;
	struct counters *counters;
	size_t mapped; /* bytes: a page */
};

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	const long answer = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return answer < 0 ? -errno : (int)answer;
}

static int create_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct counters),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};

	return bpf(BPF_MAP_CREATE, &attr);
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

#define INSN(operation, to, from, offset, value) \
	{ \
		.code = (operation), .dst_reg = (to), .src_reg = (from), .off = (offset), \
		.imm = (value) \
	}
#define MEMBER(name) ((int16_t)offsetof(struct counters, name))

/*
 * In C:	now = bpf_ktime_get_ns();
 *		atomic add: packets += 1;
 *		if (first_ns == 0) first_ns = now;
 *		last_ns = now;
 *		return 0;	none of the packet is kept
 * Two CPUs at once may swap their last_ns: by less than the time between the two packets.
 */
static int load_program(int map)
{
	const struct bpf_insn code[] = {
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, map),
		/* the other half of that address: the first byte of the value */
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 1),
		INSN(BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_1, BPF_REG_2, MEMBER(packets), BPF_ADD),
		INSN(BPF_LDX | BPF_DW | BPF_MEM, BPF_REG_2, BPF_REG_1, MEMBER(first_ns), 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 1, 0),
		INSN(BPF_STX | BPF_DW | BPF_MEM, BPF_REG_1, BPF_REG_0, MEMBER(first_ns), 0),
		INSN(BPF_STX | BPF_DW | BPF_MEM, BPF_REG_1, BPF_REG_0, MEMBER(last_ns), 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = address(code),
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = address("GPL"),
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

static int map_counters(struct counting_filter *filter)
{
	void *mapped;

	filter->mapped = (size_t)sysconf(_SC_PAGESIZE);
	mapped = mmap(NULL, filter->mapped, PROT_READ, MAP_SHARED, filter->map, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	filter->counters = mapped;
	return 0;
}

int counting_filter_create(struct counting_filter **out)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	struct counting_filter *filter = calloc(1, sizeof(*filter));
	int err;

	if (filter == NULL)
		return -ENOMEM;
	setrlimit(RLIMIT_MEMLOCK, &all); /* before Linux 5.11 maps counted against it */
	filter->program = -1;
	err = filter->map = create_map();
	if (err >= 0)
		err = map_counters(filter);
	if (err >= 0)
		err = filter->program = load_program(filter->map);
	if (err < 0) {
		counting_filter_free(filter);
		return err;
	}
	*out = filter;
	return 0;
}

void counting_filter_free(struct counting_filter *filter)
{
	if (filter == NULL)
		return;
	if (filter->counters != NULL)
		munmap(filter->counters, filter->mapped);
	if (filter->program >= 0)
		close(filter->program);
	if (filter->map >= 0)
		close(filter->map);
	free(filter);
}

int counting_filter_attach(const struct counting_filter *filter, int socket)
{
	const int *program = &filter->program;

	return setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, program, sizeof(*program)) != 0
		? -errno
		: 0;
}

struct counting_filter_state counting_filter_read(const struct counting_filter *filter)
{
	return (struct counting_filter_state){
		.packets = atomic_load(&filter->counters->packets),
		.first_ns = atomic_load(&filter->counters->first_ns),
		.last_ns = atomic_load(&filter->counters->last_ns),
	};
}
