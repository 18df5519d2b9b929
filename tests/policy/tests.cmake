# A naive evaluator, random clusters and their manifests: what the tests of policy/ share, and other folders' tests may link.
add_library(podgate_policy_testkit STATIC
	${CMAKE_CURRENT_SOURCE_DIR}/policy/generator.c
	${CMAKE_CURRENT_SOURCE_DIR}/policy/manifest_print.c
	${CMAKE_CURRENT_SOURCE_DIR}/policy/naive.c
)
target_link_libraries(podgate_policy_testkit PUBLIC podgate_policy)

podgate_test(policy/test_arena podgate_policy)
podgate_test(policy/test_ip_addr podgate_policy)
podgate_test(policy/test_cidr podgate_policy)
podgate_test(policy/test_flow podgate_policy)
podgate_test(policy/test_diag podgate_policy)
podgate_test(policy/test_names podgate_policy)
podgate_test(policy/test_model podgate_policy)
podgate_test(policy/test_cluster podgate_policy)
podgate_test(policy/test_intern_table podgate_policy)
podgate_test(policy/test_range_list podgate_policy_testkit podgate_policy)
podgate_test(policy/test_address_range podgate_policy_testkit podgate_policy)
podgate_test(policy/test_label_index podgate_policy)
podgate_test(policy/test_endpoint_table podgate_policy)
# A peer pool over kinds that are said to match.
add_library(podgate_kinds_testkit STATIC ${CMAKE_CURRENT_SOURCE_DIR}/policy/kinds_world.c)
target_link_libraries(podgate_kinds_testkit PUBLIC podgate_policy PkgConfig::CMOCKA)
podgate_test(policy/test_grown_list podgate_policy_testkit podgate_policy)
podgate_test(policy/test_piece_table podgate_policy)
podgate_test(policy/test_kind_table podgate_policy)
podgate_test(policy/test_peer_set podgate_kinds_testkit podgate_policy)
podgate_test(policy/test_port_tree podgate_kinds_testkit podgate_policy_testkit podgate_policy)
podgate_test(policy/test_selection podgate_policy_testkit podgate_policy)
podgate_test(policy/test_profile podgate_policy)
podgate_test(policy/test_snapshot podgate_policy)
# Allocations that fail on demand, of all that is linked with it.
add_library(podgate_failing_alloc OBJECT ${CMAKE_CURRENT_SOURCE_DIR}/policy/failing_alloc.c)
target_link_libraries(podgate_failing_alloc PUBLIC podgate_build)
target_link_options(podgate_failing_alloc INTERFACE -Wl,--wrap=malloc,--wrap=calloc,--wrap=reallocarray)
podgate_test(policy/test_out_of_memory podgate_policy_testkit podgate_failing_alloc)
# A snapshot against the naive evaluator.
add_library(podgate_trial_testkit STATIC ${CMAKE_CURRENT_SOURCE_DIR}/policy/trial.c)
target_link_libraries(podgate_trial_testkit PUBLIC podgate_policy_testkit PkgConfig::CMOCKA)
podgate_test(policy/test_random podgate_trial_testkit podgate_policy_testkit podgate_policy)
podgate_test(policy/test_compiler podgate_trial_testkit podgate_policy_testkit podgate_policy)

# Manifests as worlds for what people read: explain, lint, reach and query.
add_library(podgate_manifest_testkit STATIC ${CMAKE_CURRENT_SOURCE_DIR}/policy/manifest_world.c)
target_link_libraries(podgate_manifest_testkit PUBLIC podgate_config podgate_policy PkgConfig::CMOCKA)

podgate_test(policy/test_claims podgate_manifest_testkit)
podgate_test(policy/test_explain podgate_manifest_testkit)
podgate_test(policy/test_explain_random podgate_policy_testkit podgate_manifest_testkit)
target_sources(policy_test_explain_random PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/policy/fix_apply.c)
podgate_test(policy/test_suggest podgate_policy)
podgate_test(policy/test_query podgate_manifest_testkit)
podgate_test(policy/test_lint podgate_policy_testkit podgate_manifest_testkit)
podgate_test(policy/test_reach podgate_policy_testkit podgate_manifest_testkit)
podgate_test(policy/test_reasons_out_of_memory podgate_policy_testkit podgate_failing_alloc)
