/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which word is near enough to have been meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "policy/values/suggest.h"

/* `candidates` is NULL-terminated; `wanted` NULL: none is near. */
static void check(const char *word, const char *const *candidates, const char *wanted)
{
	const char *best = suggestion_among(candidates, word);

	if (wanted == NULL)
		assert_null(best);
	else if (best == NULL || strcmp(best, wanted) != 0)
		fail_msg("\"%s\" gives %s, not %s", word, best != NULL ? best : "nothing", wanted);
}

#define AMONG(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_slips(void **state)
{
	(void)state;
	check("explian", AMONG("run", "explain", "check"), "explain"); /* swapped */
	check("chek", AMONG("run", "explain", "check"), "check");      /* left out */
	check("frontendd", AMONG("backend", "frontend"), "frontend");  /* put in */
	check("wev", AMONG("db", "web"), "web");		       /* changed */
	check("Frontend", AMONG("frontend"), "frontend");	       /* case alone */
}

static void test_words_in_another_order(void **state)
{
	(void)state;
	check("pod-service", AMONG("datastore-pod", "service-pod", "pod-servant"), "service-pod");
	check("name_app.x", AMONG("x/app-name"), "x/app-name");
	check("service", AMONG("db", "service-client-pod"), "service-client-pod");
	check("service-client-pod", AMONG("db", "service-pod"), "service-pod");
}

/* Fields and kinds of manifests. */
static void test_how_near_is_near(void **state)
{
	static const char *const words[] = {
		"Pod", "Namespace", "NetworkPolicy", "matchLabels", "restartPolicy", NULL};

	(void)state;
	check("networkpolicy", words, "NetworkPolicy");
	check("NetwrokPolcy", words, "NetworkPolicy");
	check("matchlabel", words, "matchLabels");
	check("pods", words, "Pod");
	check("NetwrkPlicie", words, NULL); /* four slips */
	check("resizePolicy", words, NULL); /* likewise, and a field of its own */
	check("Job", words, NULL);	    /* another kind, two letters off */
	check("Deployment", words, NULL);
}

/* Parts that all names have in common make them no nearer. */
static void test_only_what_differs_counts(void **state)
{
	(void)state;
	check("log_level", AMONG("log_keep", "log_file"), NULL);
	check("queue_lenght", AMONG("queue_base", "queue_length"), "queue_length");
	check("podgate.io/adress", AMONG("podgate.io/audit", "podgate.io/ip"), NULL);
	check("podgate.io/auditt", AMONG("podgate.io/audit", "podgate.io/ip"), "podgate.io/audit");
}

static void test_nothing_near(void **state)
{
	(void)state;
	check("web", AMONG("db", "cache"), NULL);
	check("frontend", AMONG("backend", ""), NULL);
	check("", AMONG("a", "db"), "a");
	check("same", AMONG("same"), NULL);
}

static void test_nearest_wins_and_first_stays(void **state)
{
	(void)state;
	check("colour-box", AMONG("colour-bix", "colour-boxx"), "colour-bix");
	check("metrics-port", AMONG("metrix-prt", "metrics-prt"), "metrics-prt");
}

static void test_long_words(void **state)
{
	char word[600], candidate[600];

	(void)state;
	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	memcpy(candidate, word, sizeof(word));
	candidate[300] = 'b';
	/* longer than any name: not compared letter by letter */
	check(word, AMONG(candidate), NULL);
	word[253] = '\0';
	candidate[253] = '\0';
	candidate[100] = 'b';
	check(word, AMONG(candidate), candidate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slips),
		cmocka_unit_test(test_words_in_another_order),
		cmocka_unit_test(test_how_near_is_near),
		cmocka_unit_test(test_only_what_differs_counts),
		cmocka_unit_test(test_nothing_near),
		cmocka_unit_test(test_nearest_wins_and_first_stays),
		cmocka_unit_test(test_long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
