# A naive evaluator, random clusters and their manifests: what the tests of policy/ share, and other folders' tests may link.
add_library(podgate_policy_testkit STATIC
	${CMAKE_CURRENT_SOURCE_DIR}/policy/generator.c
	${CMAKE_CURRENT_SOURCE_DIR}/policy/manifest_print.c
	${CMAKE_CURRENT_SOURCE_DIR}/policy/naive.c
)
target_link_libraries(podgate_policy_testkit PUBLIC podgate_policy)

podgate_test(policy/test_random podgate_policy_testkit podgate_policy)
