# SPDX-License-Identifier: GPL-2.0-or-later
# Shared parts of tests. SUPPORT links a file of this folder, LIBRARIES a library of it.

# Objects and flows by chance, a naive evaluator, and the manifests that say the same.
add_library(podgate_policy_testkit STATIC support/generator.c support/manifest_print.c
	support/naive.c)
target_link_libraries(podgate_policy_testkit PUBLIC podgate_policy)
# A peer pool over kinds that are said to match.
add_library(podgate_kinds_testkit STATIC support/kinds_world.c)
target_link_libraries(podgate_kinds_testkit PUBLIC podgate_policy_compile PkgConfig::CMOCKA)
# Allocations that fail on demand, of all that is linked with it.
add_library(podgate_failing_alloc OBJECT support/failing_alloc.c)
target_link_libraries(podgate_failing_alloc PUBLIC podgate_build)
target_link_options(podgate_failing_alloc INTERFACE
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray)
# A snapshot against the naive evaluator.
add_library(podgate_trial_testkit STATIC support/trial.c)
target_link_libraries(podgate_trial_testkit PUBLIC podgate_policy_testkit PkgConfig::CMOCKA)
# Manifests as worlds.
add_library(podgate_manifest_testkit STATIC support/manifest_world.c)
target_link_libraries(podgate_manifest_testkit PUBLIC podgate_config_store podgate_policy
	PkgConfig::CMOCKA)
# Findings as text to compare, folders that are removed again.
add_library(podgate_config_testkit STATIC support/findings.c support/temporary.c)
target_link_libraries(podgate_config_testkit PUBLIC podgate_config)
# A flow table in a network namespace of its own: needs root.
add_library(podgate_test_flow_table STATIC support/flow_table.c support/shop.c)
target_link_libraries(podgate_test_flow_table PUBLIC podgate_policy PkgConfig::MNL PkgConfig::NFCT)
