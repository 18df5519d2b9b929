/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * fake_daemon SOCKET ANSWER: listens, reads one line from whoever connects first, answers with
 * ANSWER, in which "\n" is a newline, and ends. For tests of what the command makes of a daemon's
 * words.
 */

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* In place. Returns its length. */
static size_t unescape(char *text)
{
	char *start = text, *out = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] == 'n') {
			*out++ = '\n';
			text++;
		} else if (text[0] == '\\' && text[1] == '\\') {
			*out++ = '\\';
			text++;
		} else {
			*out++ = *text;
		}
	}
	return (size_t)(out - start);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *at;
	size_t left;
	int listener, client;
	char byte;

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		errx(2, "usage: fake_daemon SOCKET ANSWER");
	memcpy(address.sun_path, argv[1], strlen(argv[1]) + 1);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listener < 0 ||
		bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listener, 1) != 0)
		err(2, "%s", argv[1]);
	alarm(20);
	client = accept(listener, NULL, NULL);
	while (read(client, &byte, 1) == 1 && byte != '\n')
		;
	left = unescape(argv[2]);
	for (at = argv[2]; left > 0;) {
		const ssize_t sent = send(client, at, left, MSG_NOSIGNAL);

		if (sent <= 0)
			break;
		at += sent;
		left -= (size_t)sent;
	}
	close(client);
	unlink(argv[1]);
	return 0;
}
