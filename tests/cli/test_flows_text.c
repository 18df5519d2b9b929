/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live flows as people read them, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/flows_text.h"
#include "tests/cli/shown.h"

#define SOURCE \
	"\"source\": {\"address\": \"10.0.0.1\", \"port\": 40000, \"namespace\": \"shop\", " \
	"\"pod\": \"web\"}"
#define DESTINATION \
	"\"destination\": {\"address\": \"10.0.0.2\", \"port\": 5432, \"namespace\": \"shop\", " \
	"\"pod\": \"db\"}"
#define ENDS SOURCE ", " DESTINATION ", \"protocol\": \"TCP\""
#define OPEN "{\"verdict\": \"open\"}"
#define ADMITTED \
	"{\"verdict\": \"allowed\", \"policy\": {\"namespace\": \"shop\", \"name\": \"db\"}, " \
	"\"rule\": \"ingress[0]\""

static void expect(const char *const *lines, const char *wanted)
{
	char shown[SHOWN_MOST];
	struct flows_text text;

	flows_text_init(&text);
	shown_begin();
	for (; *lines != NULL; lines++) {
		cJSON *line = cJSON_Parse(*lines);

		assert_non_null(line);
		assert_int_equal(flows_text_show(line, &text), 0);
		cJSON_Delete(line);
	}
	shown_end(shown);
	flows_text_deinit(&text);
	assert_string_equal(shown, wanted);
}

static void every_kind_of_flow(void **state)
{
	const char *const lines[] = {
		"{\"ok\": true, \"revision\": 7}",
		"{\"judged\": true, \"verdict\": \"allow\", \"mark\": \"allowed\", \"state\": "
		"\"established\", " ENDS
		", \"via\": {\"address\": \"10.96.0.1\", \"port\": 80}, \"egress\": " OPEN
		", \"ingress\": " ADMITTED ", \"peer\": \"ingress[0].from[1]\"}}",
		"{\"judged\": true, \"verdict\": \"deny\", \"mark\": \"revoked\", \"state\": "
		"\"established\", " ENDS ", \"egress\": " OPEN ", \"ingress\": " ADMITTED
		", \"miss\": \"peer\"}}",
		"{\"judged\": true, \"verdict\": \"deny\", \"mark\": \"allowed\", \"state\": "
		"\"fin-wait\", " ENDS ", \"egress\": " OPEN
		", \"ingress\": {\"policy\": {\"namespace\": \"shop\", \"name\": \"shut\"}, "
		"\"miss\": \"no-rules\"}}",
		"{\"judged\": true, \"verdict\": \"audit-deny\", \"mark\": \"allowed\", "
		"\"replied\": false, " ENDS ", \"egress\": " ADMITTED
		", \"miss\": \"port\"}, \"ingress\": " ADMITTED "}}",
		"{\"judged\": true, \"verdict\": \"allow\", \"mark\": \"none\", \"replied\": true, "
		"\"protocol\": \"UDP\", \"source\": {\"address\": \"fd00::1\", \"port\": 5000}, "
		"\"destination\": {\"address\": \"fd00::2\", \"port\": 53}, \"egress\": " ADMITTED
		"}, \"ingress\": " ADMITTED "}}",
		"{\"judged\": true, \"verdict\": \"allow\", \"mark\": \"none\", \"replied\": true, "
		"\"protocol\": \"ICMP\", \"source\": {\"address\": \"10.0.0.9\"}, \"destination\": "
		"{\"address\": \"10.0.0.8\"}, \"offloaded\": true, \"egress\": " OPEN
		", \"ingress\": " OPEN "}",
		"{\"judged\": false, \"mark\": \"none\", \"state\": \"established\", " ENDS "}",
		"{\"judged\": true, \"verdict\": \"deny\", \"link_local\": true, \"mark\": "
		"\"revoked\", \"replied\": true, " ENDS ", \"egress\": " OPEN ", \"ingress\": " OPEN
		"}",
		"{\"end\": true, \"seen\": 120, \"listed\": 8, \"left_out\": 3, \"skipped\": 2}",
		NULL,
	};

	(void)state;
	expect(lines,
		"from            to                             protocol  state                    "
		"verdict         by\n"
		"10.0.0.9        10.0.0.8                       ICMP      replied, in a flowtable  "
		"-               open: no policy isolates\n"
		"[fd00::1]:5000  [fd00::2]:53                   UDP       replied                  "
		"not yet judged  egress: shop/db ingress[0], ingress: shop/db ingress[0]\n"
		"shop/web:40000  shop/db:5432                   TCP       established              "
		"-               not judged: the gateway's own\n"
		"shop/web:40000  shop/db:5432                   TCP       established              "
		"CUT             ingress: no rule; nearest shop/db ingress[0] (peer)\n"
		"shop/web:40000  shop/db:5432                   TCP       fin-wait                 "
		"to be cut       ingress: shop/shut admits nothing\n"
		"shop/web:40000  shop/db:5432                   TCP       replied                  "
		"CUT             link-local: whose address this is, nobody knows\n"
		"shop/web:40000  shop/db:5432                   TCP       unreplied                "
		"would deny      egress: no rule; nearest shop/db ingress[0] (port), ingress: "
		"shop/db ingress[0]\n"
		"shop/web:40000  shop/db:5432 via 10.96.0.1:80  TCP       established              "
		"allowed         ingress: shop/db ingress[0].from[1]\n"
		"8 flows of 120 in the kernel's table; 3 more left out (--limit 0 shows all); 2 "
		"could not be read\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
