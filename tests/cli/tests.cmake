# The command itself, in network namespaces of its own: they need root.
add_test(NAME cli/test_cleanup COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/test_cleanup.sh
	$<TARGET_FILE:podgate>)
set_tests_properties(cli/test_cleanup PROPERTIES TIMEOUT 120 LABELS command)
podgate_test(cli/test_client LIBRARIES podgate_process PkgConfig::CJSON)
target_sources(cli_test_client PRIVATE ${CMAKE_SOURCE_DIR}/cli/answer.c ${CMAKE_SOURCE_DIR}/cli/client.c)
# The command as a person and a script meet it.
add_executable(json_get ${CMAKE_CURRENT_SOURCE_DIR}/cli/json_get.c)
target_link_libraries(json_get PRIVATE podgate_build PkgConfig::CJSON)
add_executable(fake_daemon ${CMAKE_CURRENT_SOURCE_DIR}/cli/fake_daemon.c)
target_link_libraries(fake_daemon PRIVATE podgate_build)
add_test(NAME cli/test_cli COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_cli.sh
	$<TARGET_FILE:podgate> $<TARGET_FILE:json_get>
	$<TARGET_FILE:fake_daemon>)
set_tests_properties(cli/test_cli PROPERTIES TIMEOUT 300 LABELS command)
podgate_test(cli/test_watch_text LIBRARIES podgate_manifest_testkit podgate_enforcer_log)
target_sources(cli_test_watch_text PRIVATE ${CMAKE_SOURCE_DIR}/cli/answer.c
	${CMAKE_SOURCE_DIR}/cli/output.c ${CMAKE_SOURCE_DIR}/cli/watch_text.c)
podgate_test(cli/test_status_text LIBRARIES podgate_daemon)
target_sources(cli_test_status_text PRIVATE ${CMAKE_SOURCE_DIR}/cli/answer.c
	${CMAKE_SOURCE_DIR}/cli/output.c ${CMAKE_SOURCE_DIR}/cli/status_text.c)
# What the subcommands print, word for word.
function(podgate_text_test name)
	podgate_test(cli/${name} LIBRARIES podgate_daemon)
	foreach(part cli/output.c cli/table.c tests/cli/shown.c ${ARGN})
		target_sources(cli_${name} PRIVATE ${CMAKE_SOURCE_DIR}/${part})
	endforeach()
endfunction()
podgate_text_test(test_table)
podgate_text_test(test_flows_text cli/answer.c cli/flows_text.c)
podgate_text_test(test_policies_text cli/answer.c cli/policies_text.c)
podgate_test(cli/test_since LIBRARIES podgate_daemon)
target_sources(cli_test_since PRIVATE ${CMAKE_SOURCE_DIR}/cli/since.c)
podgate_test(cli/test_doctor_daemon LIBRARIES podgate_daemon)
target_sources(cli_test_doctor_daemon PRIVATE ${CMAKE_SOURCE_DIR}/cli/answer.c
	${CMAKE_SOURCE_DIR}/cli/client.c
	${CMAKE_SOURCE_DIR}/cli/daemon_manifests.c ${CMAKE_SOURCE_DIR}/cli/doctor_daemon.c ${CMAKE_SOURCE_DIR}/cli/output.c)
add_test(NAME cli/test_documents COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_documents.sh
	$<TARGET_FILE:podgate>)
set_tests_properties(cli/test_documents PROPERTIES LABELS command)
