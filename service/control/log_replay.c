/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/log_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "enforcer/log/record_time.h"

/*
 * Every line begins with its time and its number, which is all that is looked at in most of them:
 *
 *	{"time":"2026-11-24T10:00:00.123456Z","seq":811,...
 */
static const char line_start[] = "{\"time\":\"", seq_start[] = "\",\"seq\":";

enum {
	START_LENGTH = sizeof(line_start) - 1,
	SEQ_LENGTH = sizeof(seq_start) - 1,
	HEAD_LENGTH = START_LENGTH + RECORD_TIME_LENGTH + SEQ_LENGTH,
	BUFFER_BYTES = 64 * 1024, /* a line that is longer is none of ours */
	READS_MOST = 16,	  /* of a buffer each, for one piece: a millisecond or two */
	TRIES_MOST = 1000,   /* a millisecond each, to see the end of a line or of a rotation */
	TRIES_FOR_NEXT = 50, /* to see the file that follows in its place */
};

struct log_replay {
	struct replay base;
	struct log_replay_options options;
	char since[RECORD_TIME_TEXT];
	int fd;			 /* the file in hand; -1: none yet */
	off_t at;		 /* where in it the next line begins */
	bool partial;		 /* that line had no end yet, when last looked at */
	bool skips;		 /* `at` is in the middle of a line that is too long */
	unsigned int tries;	 /* in a row without success */
	uint64_t last;		 /* number of the last line read; 0: none */
	bool jumped;		 /* lines may be missing behind that */
	struct json_writer *out; /* of the call under way */
	char buffer[BUFFER_BYTES];
};

/* ---- lines ---- */

/* The number in a line's head; 0 when it is no line of the log's. */
static uint64_t read_seq(const char *line, size_t length)
{
	const char *at = line + START_LENGTH + RECORD_TIME_LENGTH;
	uint64_t seq = 0;

	if (length <= HEAD_LENGTH || memcmp(line, line_start, START_LENGTH) != 0 ||
		memcmp(at, seq_start, SEQ_LENGTH) != 0)
		return 0;
	for (at += SEQ_LENGTH; at < line + length && *at >= '0' && *at <= '9'; at++)
		seq = seq * 10 + (uint64_t)(*at - '0');
	return seq;
}

/* A number that is not higher than the last one is that of another run. */
static void tell_missing(struct log_replay *replay, uint64_t seq)
{
	const uint64_t before = seq > replay->last ? replay->last : 0;
	replay->jumped = false;
	if (seq == before + 1)
		return;
	json_begin_object(replay->out, NULL);
	json_text(replay->out, "event", "lost");
	json_number(replay->out, "count", seq - before - 1);
	json_end_object(replay->out);
	json_end_line(replay->out);
}

static void take_line(struct log_replay *replay, const char *line, size_t length)
{
	const uint64_t seq = read_seq(line, length);
	cJSON *record;

	if (seq == 0)
		return;
	if (replay->jumped)
		tell_missing(replay, seq);
	replay->last = seq;
	if (memcmp(line + START_LENGTH, replay->since, RECORD_TIME_LENGTH) < 0)
		return;
	record = cJSON_ParseWithLength(line, length);
	if (record != NULL && filter_matches(&replay->options.filter, record)) {
		json_raw(replay->out, line, length);
		json_raw(replay->out, "\n", 1);
	}
	cJSON_Delete(record);
}

/*
 * Takes the whole lines in the buffer, and passes over one that is longer than that. Returns the
 * bytes done with.
 */
static size_t take_lines(struct log_replay *replay, size_t length)
{
	const char *line = replay->buffer, *end = replay->buffer + length, *newline;

	while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		if (!replay->skips)
			take_line(replay, line, (size_t)(newline - line));
		replay->skips = false;
		line = newline + 1;
	}
	if (line == replay->buffer && length == sizeof(replay->buffer)) {
		replay->skips = true;
		line = end;
	}
	return (size_t)(line - replay->buffer);
}

/* ---- files ---- */

/* FILE for 0, else FILE.1, FILE.2... False when that is too long for a name. */
static bool name_file(const struct log_replay *replay, unsigned int index, char name[PATH_MAX])
{
	const int length = index == 0
		? snprintf(name, PATH_MAX, "%s", replay->options.path)
		: snprintf(name, PATH_MAX, "%s.%u", replay->options.path, index);

	return length >= 0 && length < PATH_MAX;
}

static bool stat_file(const struct log_replay *replay, unsigned int index, struct stat *out)
{
	char name[PATH_MAX];

	return name_file(replay, index, name) && stat(name, out) == 0 && S_ISREG(out->st_mode);
}

static int open_name(const struct log_replay *replay, unsigned int index)
{
	char name[PATH_MAX];

	return name_file(replay, index, name)
		? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
		: -1;
}

static void take_in_hand(struct log_replay *replay, int fd)
{
	if (replay->fd >= 0)
		close(replay->fd);
	replay->fd = fd;
	replay->at = 0;
	replay->tries = 0;
	replay->partial = replay->skips = false;
}

/* In whole seconds: a file's time may be that of a clock tick before a line was written. */
static struct timespec first_second(const struct log_replay *replay)
{
	return (struct timespec){.tv_sec = (time_t)(replay->options.filter.since_ns / 1000000000)};
}

/* Of the rotated files the oldest that was written to at this time or after it; else FILE. */
static unsigned int find_oldest(const struct log_replay *replay, struct timespec since)
{
	struct stat found;

	for (unsigned int index = replay->options.keep; index > 0; index--) {
		if (!stat_file(replay, index, &found))
			continue;
		if (found.st_mtim.tv_sec > since.tv_sec ||
			(found.st_mtim.tv_sec == since.tv_sec &&
				found.st_mtim.tv_nsec >= since.tv_nsec))
			return index;
	}
	return 0;
}

/*
 * Opens that one. Whether it did: a rotation may be under way, and moves files on, from the oldest,
 * while we look; what was opened is that file if it is still the oldest afterwards.
 */
static bool open_oldest(struct log_replay *replay, struct timespec since)
{
	const unsigned int index = find_oldest(replay, since);
	const int fd = open_name(replay, index);

	if (fd < 0)
		return false;
	if (find_oldest(replay, since) != index) {
		close(fd);
		return false;
	}
	take_in_hand(replay, fd);
	return true;
}

/* Where the file in hand is now; -ENOENT when it has no name of the log's any more. */
static int find_current(const struct log_replay *replay)
{
	struct stat mine, found;

	if (fstat(replay->fd, &mine) != 0)
		return -errno;
	for (unsigned int index = 0; index <= replay->options.keep; index++)
		if (stat_file(replay, index, &found) && found.st_ino == mine.st_ino &&
			found.st_dev == mine.st_dev)
			return (int)index;
	return -ENOENT;
}

/*
 * Reads on. False at the end of the file. A line that is not whole is read again from its
 * beginning: the log may take back what it could not write to the end, and write another there.
 */
static bool read_on(struct log_replay *replay)
{
	ssize_t length;
	size_t taken;

	do
		length = pread(replay->fd, replay->buffer, sizeof(replay->buffer), replay->at);
	while (length < 0 && errno == EINTR);
	taken = length > 0 ? take_lines(replay, (size_t)length) : 0;
	replay->at += (off_t)taken;
	replay->partial = length > 0 && taken == 0;
	if (taken > 0)
		replay->tries = 0;
	return taken > 0;
}

/* Whether somebody has cut the file short: then it is read from its beginning. */
static bool was_cut(struct log_replay *replay)
{
	struct stat found;

	if (fstat(replay->fd, &found) != 0 || found.st_size >= replay->at)
		return false;
	replay->at = 0;
	replay->partial = replay->skips = false;
	replay->jumped = true;
	return true;
}

/*
 * Goes on to the file behind the one in hand, which is at `index` and was read to its end. Whether
 * it did: with a rotation under way that file may have no name for a moment, or another by now.
 * Files move on from the oldest: so as long as ours was where it is, the one behind it was, too.
 */
static bool advance(struct log_replay *replay, unsigned int index)
{
	const int fd = open_name(replay, index - 1);

	if (fd < 0)
		return false;
	if (find_current(replay) != (int)index) {
		close(fd);
		return false;
	}
	take_in_hand(replay, fd);
	return true;
}

/*
 * The file that follows is not where it should be, and does not come: somebody has removed it, or a
 * rotation has failed half-way. The nearest one does, then.
 */
static bool pass_gap(struct log_replay *replay, unsigned int index)
{
	int fd = -1;

	while (fd < 0 && index > 0)
		fd = open_name(replay, --index);
	if (fd < 0)
		return false;
	take_in_hand(replay, fd);
	replay->jumped = true;
	return true;
}

/*
 * So much was rotated meanwhile that the file in hand has no name of the log's any more, and
 * perhaps others behind it; or somebody gave it another. What was last written to before it was
 * read before it.
 */
static bool jump(struct log_replay *replay)
{
	struct stat mine;

	if (fstat(replay->fd, &mine) != 0 || !open_oldest(replay, mine.st_mtim))
		return false;
	replay->jumped = true;
	return true;
}

/*
 * At the end of the file in hand. 0: it is FILE, the last one; 1: there is another in hand, or more
 * of this; -EAGAIN: there will be.
 */
static int go_on(struct log_replay *replay)
{
	const int index = find_current(replay);
	bool found;

	if (index == 0)
		return 0;
	/*
	 * It was rotated, and gets no more: but what was written just before that may not be read
	 * yet.
	 */
	while (read_on(replay))
		;
	found = index > 0 ? advance(replay, (unsigned int)index) : jump(replay);
	if (!found && index > 0 && replay->tries >= TRIES_FOR_NEXT)
		found = pass_gap(replay, (unsigned int)index);
	return found ? 1 : -EAGAIN;
}

/* ---- the stream ---- */

/* Whether it is worth to look again, after a moment in which the log thread may get on. */
static bool may_try_again(struct log_replay *replay)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	if (++replay->tries >= TRIES_MOST)
		return false;
	nanosleep(&moment, NULL);
	return true;
}

/*
 * At the end of all files. The lines that were kept meanwhile are known up to the last one read, if
 * that is of this run. It is, if this run had a line in the file before we came to the end of it.
 * If not, none of its lines was read, as long as none was begun by now; else we look again.
 */
static enum stream_step end_or_wait(struct log_replay *replay, uint64_t written_before)
{
	struct verdict_log_stats stats;

	if (!replay->base.followed)
		return STREAM_CAUGHT_UP;
	verdict_log_stats(replay->options.log, &stats);
	if ((replay->partial || (written_before == 0 && stats.begun > 0)) && may_try_again(replay))
		return STREAM_MORE;
	replay->base.seq = written_before > 0 ? replay->last : 0;
	return STREAM_END;
}

/* There is none in this moment: it was moved away, and is not opened anew yet. */
static enum stream_step wait_for_file(struct log_replay *replay)
{
	if (!replay->base.followed)
		return STREAM_CAUGHT_UP;
	return may_try_again(replay) ? STREAM_MORE : STREAM_END;
}

static enum stream_step next(struct stream *stream, struct json_writer *out)
{
	struct log_replay *replay = (struct log_replay *)stream;
	struct verdict_log_stats stats;

	replay->out = out;
	if (replay->fd < 0 && !open_oldest(replay, first_second(replay)))
		return wait_for_file(replay);
	for (int reads = 0; reads < READS_MOST && out->length < PIECE_ENOUGH; reads++) {
		int more;

		verdict_log_stats(replay->options.log, &stats);
		if (read_on(replay) || was_cut(replay))
			continue;
		more = go_on(replay);
		if (more < 0 && may_try_again(replay))
			return STREAM_MORE;
		if (more <= 0)
			return end_or_wait(replay, stats.lines);
	}
	return STREAM_MORE;
}

static void free_replay(struct stream *stream)
{
	struct log_replay *replay = (struct log_replay *)stream;

	if (replay->fd >= 0)
		close(replay->fd);
	free(replay);
}

/*
 * The user that podgate became may not be let at a file that others put there: without a word its
 * lines would be missing.
 */
static int check_readable(const struct log_replay *replay, char problem[PROBLEM_SIZE])
{
	char name[PATH_MAX];

	for (unsigned int left = find_oldest(replay, first_second(replay)) + 1; left > 0; left--) {
		if (!name_file(replay, left - 1, name) || euidaccess(name, R_OK) == 0 ||
			errno != EACCES)
			continue;
		snprintf(problem, PROBLEM_SIZE,
			"the past can't be told: the user that podgate runs as may not read "
			"%.120s; give it to that user (chown)",
			name);
		return -EACCES;
	}
	return 0;
}

int log_replay_open(
	struct replay **out, const struct log_replay_options *options, char problem[PROBLEM_SIZE])
{
	struct log_replay *replay;
	struct stat found;
	int err;

	if (strcmp(options->path, "-") == 0 ||
		(stat(options->path, &found) == 0 && !S_ISREG(found.st_mode))) {
		snprintf(problem, PROBLEM_SIZE,
			"the past can't be told: the log goes to %.100s, which can't be read "
			"again; set log_file to a file",
			strcmp(options->path, "-") == 0 ? "standard output" : options->path);
		return -ENOTSUP;
	}
	replay = calloc(1, sizeof(*replay));
	if (replay == NULL)
		return -ENOMEM;
	replay->base.stream.next = next;
	replay->base.stream.free = free_replay;
	replay->options = *options;
	replay->fd = -1;
	record_time_format(options->filter.since_ns, replay->since);
	err = check_readable(replay, problem);
	if (err != 0)
		free_replay(&replay->base.stream);
	else
		*out = &replay->base;
	return err;
}
