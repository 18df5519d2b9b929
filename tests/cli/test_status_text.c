/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's status as people read it, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/status_text.h"

/* What status_text_print() writes of `json`, into `text`. */
static void show(const char *json, char text[4096])
{
	cJSON *status = cJSON_Parse(json);
	FILE *file = tmpfile();
	const int kept = dup(STDOUT_FILENO);
	size_t length;

	assert_non_null(status);
	assert_non_null(file);
	fflush(stdout);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	status_text_print(status);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	rewind(file);
	length = fread(text, 1, 4095, file);
	text[length] = '\0';
	fclose(file);
	cJSON_Delete(status);
}

static void expect(const char *json, const char *wanted)
{
	char text[4096];

	show(json, text);
	assert_string_equal(text, wanted);
}

static const char well[] =
	"{\"ok\": true, \"version\": \"1.2.3\", \"uptime_s\": 7384, \"pid\": 42, \"rss_kib\": "
	"5120, \"memory\": {\"peak_kib\": 6144, \"snapshot_kib\": 9}, \"mode\": \"enforcing\", "
	"\"audited\": {\"namespaces\": [], \"pods\": [], \"policies\": []}, \"revision\": 7, "
	"\"pending\": false, \"pods\": 12, \"policies\": 3, \"isolated\": 5, \"manifests\": "
	"{\"paths\": [\"/etc/podgate/manifests\", \"/srv/more\"], \"files\": 4, \"broken_files\": "
	"0, \"kept_objects\": 0, \"findings\": 0, \"errors\": 0}, \"rules\": {\"backend\": "
	"\"nft\", \"ipv6\": true, \"intact\": true, \"repairs\": 0, \"flood_rate\": 1000, "
	"\"sets\": {\"ipv4\": 5, \"ipv6\": 1}}, \"bridges\": {\"setting\": \"set\", \"state\": "
	"\"none\", \"mended\": 0}, \"queues\": [{\"queue\": 8610, \"reply\": false, \"packets\": "
	"100, \"allowed\": 60, \"denied\": 30, \"audited\": 4, \"unreadable\": 6, \"waiting\": 1, "
	"\"kernel_dropped\": 2, \"user_dropped\": 3, \"records_lost\": 8, \"errors\": 7}, "
	"{\"queue\": 8611, \"reply\": true, \"packets\": 0}, {\"queue\": 8612, \"reply\": false, "
	"\"flood\": true, \"packets\": 9}], \"publish\": {\"changes\": 0, \"failures\": 0}, "
	"\"sweep\": {\"sweeps\": 2, \"revoked_total\": 9, \"seen\": 50, \"judged\": 20, "
	"\"revoked\": 1, \"ms\": 1.25}, \"classes\": {\"learning\": true, \"allowed\": {\"ipv4\": "
	"5, \"ipv6\": 2}, \"denied\": {\"ipv4\": 1, \"ipv6\": 3}, \"emptied\": 6}, \"fail_modes\": "
	"{\"daemon_away\": \"closed\", \"queue_full\": \"open\", \"unreadable\": \"closed\"}, "
	"\"log\": {\"file\": \"/v.jsonl\", \"records\": 40, \"lines\": 35, \"lost\": 0}, "
	"\"privilege\": {\"dropped\": true, \"user\": \"podgate\", \"uid\": 990, \"capabilities\": "
	"[\"cap_net_admin\"], \"no_new_privs\": true, \"seccomp\": \"on\", \"helper\": 43}}";

#define HEADING \
	"queue           packets    allowed     denied    audited unreadable  waiting  dropped   " \
	"lost errors\n"

static void all_is_well(void **state)
{
	(void)state;
	expect(well,
		"ENFORCING  podgate 1.2.3, pid 42, up 2 h 3 min, 5.0 MiB (6.0 at most)\n"
		"policies    3 for 12 pods, 5 addresses isolated; revision 7\n"
		"manifests   4 files in /etc/podgate/manifests, /srv/more\n"
		"rules       nft, intact, repaired 0 times; in sets: 5 IPv4, 1 IPv6\n"
		"floods      a source's new flows beyond 1000/s wait in a queue of their own\n"
		"fails       daemon away: closed, queue full: open, unreadable packet: closed\n"
		"changes     0 enforced, 0 tries failed\n"
		"sweeps      2, 9 flows cut since the start; the last: 50 seen, 20 judged, 1 cut "
		"in 1.2 ms\n"
		"classes     7 allowed, 4 denied learned since the last change; forgotten 6 times\n"
		"log         /v.jsonl: 35 lines, 0 records lost\n"
		"privilege   user podgate, cap_net_admin, seccomp on\n" HEADING
		" 8610               100         60         30          4          6        1      "
		"  5      8      7\n"
		" 8611 reply           0          0          0          0          0        0      "
		"  0      0      0\n"
		" 8612 flood           9          0          0          0          0        0      "
		"  0      0      0\n");
}

/* What nobody must overlook is on a line of its own, in words. */
static void trouble_is_told(void **state)
{
	(void)state;
	expect("{\"version\": \"1\", \"uptime_s\": 5, \"pid\": 1, \"rss_kib\": 1024, \"mode\": "
	       "\"audit\", \"problem\": \"can't fill\", \"problems\": [\"can't fill\", \"a pod has "
	       "no policy\"], \"audited\": {\"namespaces\": [\"lab\"], \"pods\": [\"a/b\", "
	       "\"a/c\"]}, \"pending\": true, \"pods\": 1, \"manifests\": {\"files\": 3, "
	       "\"broken_files\": 1, \"kept_objects\": 2, \"findings\": 5, \"errors\": 4, "
	       "\"not_enforced\": [{\"kind\": \"CiliumNetworkPolicy\", \"group\": \"cilium.io\", "
	       "\"count\": 2}, {\"kind\": \"ClusterNetworkPolicy\", \"group\": "
	       "\"policy.networking.k8s.io\", \"count\": 1}]}, \"addresses\": {\"odd\": 3, "
	       "\"told\": [{\"file\": \"x.yaml\", \"line\": 4, \"text\": \"both have it\"}]}, "
	       "\"rules\": {\"backend\": \"legacy\", \"intact\": false, \"repairs\": 3}, "
	       "\"bridges\": {\"setting\": \"require\", \"state\": \"hidden\", \"mended\": 1}, "
	       "\"publish\": {\"changes\": 2, \"failures\": 1, \"seen\": \"noon\", \"total_ms\": "
	       "10.5, \"wait_ms\": 1, \"read_ms\": 101.25, \"judged_ms\": 5.5, \"worst\": "
	       "{\"judged_ms\": 7, \"total_ms\": 30.5}, \"compile_ms\": 2, \"publish_ms\": 3, "
	       "\"sweep_ms\": 4.5}, \"log\": {\"file\": \"-\", \"lines\": 1, \"lost\": 8, "
	       "\"error\": \"No space left on device\"}, \"privilege\": {\"dropped\": false, "
	       "\"user\": \"root\", \"seccomp\": \"off\"}}",
		"AUDIT: nothing is denied, what would be is logged  podgate 1, pid 1, up 0 min 5 "
		"s, 1.0 MiB\n"
		"PROBLEM     can't fill\n"
		"PROBLEM     a pod has no policy\n"
		"AUDITED     namespaces lab: logged, not denied\n"
		"AUDITED     pods a/b, a/c: logged, not denied\n"
		"policies    0 for 1 pods, 0 addresses isolated; revision 0, a change is on its "
		"way\n"
		"manifests   3 files, 1 broken (2 objects of their last good version stay in "
		"force), 5 findings (4 errors): see podgate check\n"
		"NOT ENFORCED 2 CiliumNetworkPolicy (cilium.io), 1 ClusterNetworkPolicy "
		"(policy.networking.k8s.io): only NetworkPolicy of networking.k8s.io is\n"
		"ADDRESS     x.yaml:4: both have it\n"
		"ADDRESS     and 2 more\n"
		"rules       legacy, NOT INTACT, repaired 3 times; in sets: 0 IPv4\n"
		"floods      wait with all other flows: one source can delay the others\n"
		"bridges     BRIDGED TRAFFIC BYPASSES THE RULES (bridge: require), repaired 1 "
		"times\n"
		"fails       daemon away: ?, queue full: ?, unreadable packet: ?\n"
		"changes     2 enforced, 1 tries failed\n"
		"the last    seen on disk, read 101.2 ms later (noon);\n"
		"            from then new flows judged by it after 5.5 ms, live flows cut after "
		"10.5 ms\n"
		"            (waited 1.0, compiled 2.0, published 3.0, swept 4.5); the slowest 7.0 "
		"and 30.5 ms\n"
		"sweeps      0, 0 flows cut since the start; the last: 0 seen, 0 judged, 0 cut in "
		"0.0 ms\n"
		"classes     not learned: each flow is judged by itself\n"
		"log         -: 1 lines, 8 records lost; can't write: No space left on device\n"
		"privilege   user root, ALL PRIVILEGES KEPT (privileges: keep)\n" HEADING);
}

/* Green is for what protects somebody. */
static void a_gate_without_policies_does_not_say_enforcing(void **state)
{
	char text[4096];

	(void)state;
	show("{\"version\": \"1\", \"mode\": \"enforcing\", \"idle\": true, \"problems\": "
	     "[\"enforcing nothing: no Pod\"]}",
		text);
	assert_non_null(strstr(text, "ENFORCING NOTHING  podgate 1,"));
	assert_non_null(strstr(text, "\nPROBLEM     enforcing nothing: no Pod\n"));
	show("{\"version\": \"1\", \"mode\": \"enforcing\", \"problem\": \"of an older daemon\"}",
		text);
	assert_non_null(strstr(text, "\nPROBLEM     of an older daemon\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(trouble_is_told),
		cmocka_unit_test(a_gate_without_policies_does_not_say_enforcing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
