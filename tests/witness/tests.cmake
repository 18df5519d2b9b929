# podgate-witness, for tests/e2e and tests/soak.sh: policies change while flows go on, and a naive
# evaluator judges each datagram, too.
add_executable(podgate-witness
	witness/author.c
	witness/history.c
	witness/main.c
	witness/traffic.c
	${CMAKE_SOURCE_DIR}/cli/answer.c
	${CMAKE_SOURCE_DIR}/cli/client.c
)
target_link_libraries(podgate-witness PRIVATE podgate_policy_testkit podgate_service_views
	podgate_config podgate_policy)
podgate_test(witness/test_history)
target_sources(witness_test_history PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/witness/history.c)
target_link_libraries(witness_test_history PRIVATE podgate_build)
