/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every finding about an object: where it is seen and its code, and for those that people meet
 * most, the words.
 */

#include "config/kube/kube.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/findings.h"

/* Six lines before what a case is about: its own begin with the seventh. */
#define POLICY \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\nspec:\n  " \
	"podSelector: {}\n"
#define POD "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
#define INGRESS POLICY "  ingress:\n"
#define FROM INGRESS "  - from:\n"
#define BLOCK FROM "    - ipBlock:\n"
#define PORTS INGRESS "  - ports:\n"

static const struct finding_case cases[] = {
	/* What the object is. */
	{"no apiVersion", "kind: Pod\nmetadata: {name: web}\n", "1:1 missing-api-version\n"},
	{"an old apiVersion",
		"apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: web}\nspec: "
		"{}\n",
		"1:13 wrong-api-version\n"},
	{"a Pod's apiVersion for a policy",
		"apiVersion: v1\nkind: NetworkPolicy\nmetadata: {name: web}\n",
		"1:13 wrong-api-version\n"},
	{"another project's kind of the same name",
		"apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: web}\n",
		"1:1 warning other-policy-kind\n"},
	{"another project's Pod", "apiVersion: pods.example/v1\nkind: Pod\nmetadata: {name: web}\n",
		"1:13 warning foreign-kind\n"},
	{"policies that are not enforced",
		"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n---\n"
		"apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n---\n"
		"apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n",
		"1:1 warning other-policy-kind\n4:1 warning other-policy-kind\n"},
	{"a list of policies that are not enforced",
		"{\"kind\": \"CiliumNetworkPolicyList\", \"apiVersion\": \"cilium.io/v2\", "
		"\"items\": [{\"metadata\": {}}]}",
		"1:77 warning other-policy-kind\n"},
	{"no kind", "apiVersion: v1\nmetadata: {name: web}\n", "1:1 missing-kind\n"},
	{"a misspelt kind", "apiVersion: v1\nkind: pod\nmetadata: {name: web}\n",
		"2:7 unknown-kind\n"},
	{"another kind", "apiVersion: apps/v1\nkind: Deployment\nnonsense: true\n", ""},
	{"a third party's kind with a name like ours",
		"apiVersion: metrics.example/v1\nkind: Pods\n", ""},
	{"a text", "only words\n", "1:1 not-an-object\n"},
	{"a list", "- apiVersion: v1\n", "1:1 not-an-object\n"},

	/* metadata */
	{"no metadata", "apiVersion: v1\nkind: Pod\n", "1:1 missing-metadata\n"},
	{"no name", "apiVersion: v1\nkind: Pod\nmetadata:\n  namespace: shop\n",
		"4:3 missing-name\n"},
	{"a name that only Kubernetes refuses",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: Web\n", "4:9 warning bad-name\n"},
	{"a name that would be taken for another",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: a/b\n", "4:9 bad-name\n"},
	{"a namespace that is none",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  namespace: my shop\n",
		"5:14 bad-name\n"},
	{"a namespace of a name that is no label's value",
		"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop-\n", "4:9 bad-name\n"},
	{"a name that is a number", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: 123\n",
		"4:9 not-a-string\n"},
	{"a misspelt field of a pod's metadata", POD "  label: {app: web}\n",
		"5:3 warning unknown-field\n"},
	{"a misspelt field of a policy's metadata",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\n  "
		"nmespace: shop\n"
		"spec: {podSelector: {}}\n",
		"5:3 unknown-field\n"},
	{"metadata that is a text", "apiVersion: v1\nkind: Pod\nmetadata: name web\n",
		"3:11 missing-colon\n"},
	{"a label that is a number", POD "  labels:\n    version: 1\n", "6:14 not-a-string\n"},
	{"a label that is a boolean", POD "  labels:\n    public: yes\n", "6:13 not-a-string\n"},
	{"a label's value with a space", POD "  labels:\n    app: \"a b\"\n", "6:10 bad-label\n"},
	{"a label's key with a space", POD "  labels:\n    a b: c\n", "6:5 bad-label\n"},
	{"labels that are a list", POD "  labels:\n  - app\n", "6:3 wrong-type\n"},
	{"annotations that are a list", POD "  annotations:\n  - app\n", "6:3 wrong-type\n"},
	{"an annotation that is a boolean", POD "  annotations:\n    podgate.io/audit: true\n",
		"6:23 not-a-string\n"},
	{"an audit annotation that is neither",
		POD "  annotations:\n    podgate.io/audit: \"on\"\n", "6:23 warning bad-audit\n"},
	{"a misspelt annotation of ours", POD "  annotations:\n    podgate.io/audti: \"true\"\n",
		"6:5 warning unknown-annotation\n"},
	{"a time that is none", POD "  creationTimestamp: yesterday\n", "5:22 bad-time\n"},

	/* Pods */
	{"an address that is none", POD "status:\n  podIPs:\n  - ip: 10.0.0.256\n", "7:9 bad-ip\n"},
	{"one address that is none", POD "status:\n  podIP: 10.0.0\n", "6:10 bad-ip\n"},
	{"an annotated address that is none",
		POD "  annotations:\n    podgate.io/ips: \"10.0.0.1,nowhere\"\n", "6:21 bad-ip\n"},
	{"a misspelt hostNetwork", POD "spec:\n  hostNetwrok: true\n",
		"6:3 warning unknown-field\n"},
	{"a field of Pods that is not read", POD "spec:\n  hostname: web\n  hostPID: true\n", ""},
	{"a hostNetwork that is a text", POD "spec:\n  hostNetwork: \"true\"\n",
		"6:16 wrong-type\n"},
	{"containers that are a mapping", POD "spec:\n  containers:\n    name: web\n",
		"7:5 wrong-type\n"},
	{"a port without a number", POD "spec:\n  containers:\n  - ports:\n    - name: http\n",
		"8:7 missing-field\n"},
	{"a port's name with capitals",
		POD "spec:\n  containers:\n  - ports:\n    - {containerPort: 80, name: HTTP}\n",
		"8:33 bad-port-name\n"},
	{"a port that is none",
		POD "spec:\n  containers:\n  - ports:\n    - containerPort: 70000\n",
		"8:22 bad-port\n"},

	/* Fields of policies */
	{"no spec",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web}\n",
		"1:1 warning missing-spec\n"},
	{"no spec, for its fields are elsewhere",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"web}\npodSelector: {}\n",
		"4:1 unknown-field\n"},
	{"a field of spec outside of it",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"web}\nspec: {podSelector: {}}\ningress: []\n",
		"5:1 unknown-field\n"},
	{"no podSelector",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"web}\nspec:\n  ingress: []\n",
		"5:3 warning missing-pod-selector\n"},
	{"a misspelt podSelector",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"web}\nspec:\n  podselector: {}\n",
		"5:3 unknown-field\n"},
	{"a label right below podSelector",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"web}\nspec:\n  podSelector:\n    role: db\n",
		"6:5 unknown-field\n"},
	{"a misspelt field of a rule", INGRESS "  - form:\n    - podSelector: {}\n",
		"8:5 unknown-field\n"},
	{"an egress field in an ingress rule", INGRESS "  - to:\n    - podSelector: {}\n",
		"8:5 unknown-field\n"},
	{"a peer outside of its list", INGRESS "  - podSelector: {}\n", "8:5 unknown-field\n"},
	{"a field's name without its colon",
		INGRESS "  - from\n  - ipBlock:\n      cidr: 192.0.2.0/24\n",
		"8:5 missing-colon\n9:5 unknown-field\n"},
	{"a field's name without its colon, alone", INGRESS "  - from\n", "8:5 missing-colon\n"},
	{"a rule that is a list", INGRESS "  - - from: []\n", "8:5 wrong-type\n"},
	{"a rule with nothing in it", INGRESS "  -\n", "8:4 warning empty-rule\n"},
	{"rules that are a mapping", INGRESS "    from: []\n", "8:5 wrong-type\n"},
	{"ports in the peer's column", FROM "    - podSelector: {}\n      ports: []\n",
		"10:7 unknown-field\n"},

	/* Peers */
	{"an empty peer", FROM "    - {}\n", "9:7 empty-peer\n"},
	{"a peer that is nothing", FROM "    -\n", "9:6 empty-peer\n"},
	{"a peer whose selector is nothing", FROM "    - podSelector:\n", "9:7 empty-peer\n"},
	{"a block beside a selector",
		FROM "    - podSelector: {}\n      ipBlock: {cidr: 192.0.2.0/24}\n",
		"10:16 ip-block-with-selector\n"},
	{"a block without a CIDR", BLOCK "        except: []\n", "10:9 missing-field\n"},
	{"a CIDR that is none", BLOCK "        cidr: 192.0.2.0/33\n", "10:15 bad-cidr\n"},
	{"leading zeros in a CIDR", BLOCK "        cidr: 010.0.0.0/08\n",
		"10:15 warning odd-cidr\n"},
	{"IPv4 in IPv6's clothes", BLOCK "        cidr: ::ffff:10.0.0.0/104\n",
		"10:15 warning odd-cidr\n"},
	{"leading zeros and no CIDR", BLOCK "        cidr: 010.0.0.0/033\n", "10:15 bad-cidr\n"},
	{"an address for a CIDR", BLOCK "        cidr: 192.0.2.1\n", "10:15 bad-cidr\n"},
	{"a CIDR with host bits", BLOCK "        cidr: 192.0.2.1/24\n",
		"10:15 warning host-bits\n"},
	{"an exception that is the block",
		BLOCK "        cidr: 192.0.2.0/24\n        except: [192.0.2.0/24]\n",
		"11:18 except-swallows-block\n"},
	{"an exception that is the block but for host bits",
		BLOCK "        cidr: 192.0.2.0/24\n        except:\n        - 192.0.2.1/24\n",
		"12:11 except-swallows-block\n"},
	{"an exception larger than the block",
		BLOCK "        cidr: 192.0.2.0/24\n        except: [192.0.0.0/16]\n",
		"11:18 except-swallows-block\n"},
	{"an exception elsewhere",
		BLOCK "        cidr: 192.0.2.0/24\n        except: [198.51.100.0/25]\n",
		"11:18 warning except-outside-block\n"},
	{"an exception of another family",
		BLOCK "        cidr: \"2001:db8::/32\"\n        except: [192.0.2.0/25]\n",
		"11:18 warning except-outside-block\n"},
	{"an exception with host bits",
		BLOCK "        cidr: 192.0.2.0/24\n        except: [192.0.2.9/29]\n",
		"11:18 warning host-bits\n"},
	{"a misspelt field of a block", BLOCK "        cdir: 192.0.2.0/24\n",
		"10:9 unknown-field\n"},

	/* Selectors */
	{"an operator in lower case",
		FROM "    - podSelector:\n        matchExpressions:\n"
		     "        - {key: app, operator: in, values: [a]}\n",
		"11:32 bad-operator\n"},
	{"In without values",
		FROM "    - podSelector:\n        matchExpressions:\n        - {key: app, "
		     "operator: In}\n",
		"11:11 missing-values\n"},
	{"Exists with values",
		FROM "    - podSelector:\n        matchExpressions:\n"
		     "        - {key: app, operator: Exists, values: [a]}\n",
		"11:48 needless-values\n"},
	{"an expression without key and operator",
		FROM "    - podSelector:\n        matchExpressions:\n        - values: [a]\n",
		"11:11 missing-field\n11:11 missing-field\n"},
	{"a value that is a number",
		FROM "    - podSelector:\n        matchLabels:\n          version: 1.10\n",
		"11:20 not-a-string\n"},
	{"a key that is none",
		FROM "    - podSelector:\n        matchLabels:\n          -app: web\n",
		"11:11 bad-label\n"},
	{"labels that are a text", FROM "    - podSelector:\n        matchLabels: app=web\n",
		"10:22 wrong-type\n"},
	{"matchLabels without podSelector", FROM "    - matchLabels: {app: web}\n",
		"9:7 unknown-field\n"},

	/* Ports */
	{"a port in quotes", PORTS "    - port: \"80\"\n", "9:13 quoted-port\n"},
	{"a port's name that is none", PORTS "    - port: my_port\n", "9:13 bad-port-name\n"},
	{"port 0", PORTS "    - port: 0\n", "9:13 bad-port\n"},
	{"port 65536", PORTS "    - port: 65536\n", "9:13 bad-port\n"},
	{"a negative port", PORTS "    - port: -1\n", "9:13 bad-port\n"},
	{"a port with a leading zero", PORTS "    - port: 080\n", "9:13 warning odd-number\n"},
	{"a port with a fraction", PORTS "    - port: 80.5\n", "9:13 bad-port\n"},
	{"a port that is a boolean", PORTS "    - port: yes\n", "9:13 bad-port\n"},
	{"a port that is a list", PORTS "    - port: [80]\n", "9:13 bad-port\n"},
	{"a port beyond 64 bits", PORTS "    - port: 99999999999999999999\n", "9:13 bad-port\n"},
	{"a protocol in lower case", PORTS "    - {port: 80, protocol: tcp}\n",
		"9:28 bad-protocol\n"},
	{"a protocol without ports", PORTS "    - protocol: ICMP\n", "9:17 bad-protocol\n"},
	{"a range upside down", PORTS "    - {port: 90, endPort: 80}\n",
		"9:27 end-port-below-port\n"},
	{"a range without its beginning", PORTS "    - endPort: 80\n",
		"9:16 end-port-without-port\n"},
	{"a range that begins with a name", PORTS "    - {port: http, endPort: 80}\n",
		"9:29 end-port-with-name\n"},
	{"a range's end in quotes", PORTS "    - {port: 80, endPort: \"90\"}\n", "9:27 bad-port\n"},
	{"a Service's field", PORTS "    - targetPort: 80\n", "9:7 unknown-field\n"},
	{"a list of numbers", PORTS "    - 80\n", "9:7 wrong-type\n"},

	/* policyTypes */
	{"a type in lower case", POLICY "  policyTypes: [ingress]\n", "7:17 bad-policy-type\n"},
	{"a type twice", POLICY "  policyTypes: [Ingress, Ingress]\n",
		"7:26 warning duplicate-type\n"},
	{"three types", POLICY "  policyTypes: [Ingress, Egress, Egress]\n",
		"7:16 bad-policy-type\n"},
	{"rules of a type that is not named",
		POLICY "  policyTypes: [Ingress]\n  egress:\n  - {}\n",
		"8:3 warning rules-ignored\n"},
	{"a type that is a text without its list", POLICY "  policyTypes: Ingress\n",
		"7:16 wrong-type\n"},
	{"a space before the colon", POLICY "  policyTypes :\n  - Ingress\n", ""},

	/* Lists */
	{"items in a list",
		"apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n- {}\n"
		"- apiVersion: v1\n  kind: Pod\n  metadata: {}\n",
		"4:3 missing-api-version\n6:3 missing-kind\n9:13 missing-name\n"},
	{"items that are no list", "apiVersion: v1\nkind: List\nitems: {}\n", "3:8 wrong-type\n"},
};

static void sees_each_where_it_is(void **state)
{
	(void)state;
	findings_check(cases, sizeof(cases) / sizeof(cases[0]), findings_of_manifest);
}

static void says_what_was_meant(void **state)
{
	static const struct {
		const char *input, *words;
	} said[] = {
		{INGRESS "  - from\n", "'from' has no colon after it (write 'from:')"},
		{BLOCK "        cidr: 192.168.10.0/24\n        except:\n        - "
		       "192.168.10.1/24\n",
			"the exception 192.168.10.1/24 covers 192.168.10.0/24 and leaves nothing "
			"of its block 192.168.10.0/24 (to except that one address write "
			"192.168.10.1/32)"},
		{BLOCK "        cidr: 192.0.2.1\n",
			"'192.0.2.1' is no CIDR block (one address is written 192.0.2.1/32)"},
		{BLOCK "        cidr: 192.0.2.1/24\n",
			"'192.0.2.1/24' has bits set behind its prefix: it means 192.0.2.0/24 "
			"(write 192.0.2.0/24)"},
		{"kind: NetworkPolicy\nmetadata: {name: web}\n",
			"the NetworkPolicy has no apiVersion (write 'apiVersion: "
			"networking.k8s.io/v1')"},
		{INGRESS "  - form: []\n",
			"unknown field 'form' in an ingress rule (did you mean 'from'?)"},
		{INGRESS "  - to: []\n",
			"unknown field 'to' in an ingress rule (ingress rules have 'from'; 'to' is "
			"for egress)"},
		{FROM "    - podSelector:\n        role: db\n",
			"unknown field 'role' in a selector (labels to match go under "
			"'matchLabels')"},
		{PORTS "    - port: \"80\"\n",
			"in quotes '80' is a port's name, and no valid one: a port name must hold "
			"at least one letter (write the number without quotes: 80)"},
		{PORTS "    - port: 8000-8010\n",
			"port name '8000-8010': a port name must hold at least one letter (a range "
			"is written with its ends apart: port: 8000 and endPort: 8010)"},
		{BLOCK "        cidr: 010.0.0.0/8\n",
			"'010.0.0.0/8' means 10.0.0.0/8 to Kubernetes and may mean another block "
			"elsewhere (write 10.0.0.0/8)"},
		{BLOCK "        cidr: ::ffff:10.1.0.0/112\n",
			"'::ffff:10.1.0.0/112' means 10.1.0.0/16 to Kubernetes and may mean "
			"another block elsewhere (write 10.1.0.0/16)"},
		{PORTS "    - {port: 80, protocol: udp}\n",
			"'udp' is not TCP, UDP or SCTP (write UDP)"},
		{"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n---\napiVersion: "
		 "cilium.io/v2\nkind: CiliumNetworkPolicy\n",
			"2 objects of kind CiliumNetworkPolicy (cilium.io) are not enforced: what "
			"they deny passes here; this is the first (podgate enforces NetworkPolicy "
			"of networking.k8s.io alone)"},
		{POD "  labels:\n    version: 1\n",
			"a label's value must be a string, and this is a number (put it in quotes: "
			"\"1\")"},
		{POLICY "  policyTypes: [Ingress]\n  egress: [{}]\n",
			"the egress rules are ignored: policyTypes does not name Egress (add '- "
			"Egress' to policyTypes, or remove the rules)"},
	};
	char out[FINDINGS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		findings_words(said[i].input, out);
		assert_string_equal(out, said[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_each_where_it_is),
		cmocka_unit_test(says_what_was_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
