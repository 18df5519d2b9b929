# The command itself, in network namespaces of its own: they need root.
add_test(NAME cli/test_cleanup COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/test_cleanup.sh $<TARGET_FILE:podgate>)
set_tests_properties(cli/test_cleanup PROPERTIES TIMEOUT 120 LABELS command)
podgate_test(cli/test_client PkgConfig::CJSON podgate_build Threads::Threads)
target_sources(cli_test_client PRIVATE ${CMAKE_SOURCE_DIR}/cli/client.c)
# The command as a person and a script meet it.
add_executable(json_get ${CMAKE_CURRENT_SOURCE_DIR}/cli/json_get.c)
target_link_libraries(json_get PRIVATE podgate_build PkgConfig::CJSON)
add_test(NAME cli/test_cli COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/test_cli.sh $<TARGET_FILE:podgate> $<TARGET_FILE:json_get>)
set_tests_properties(cli/test_cli PROPERTIES TIMEOUT 300 LABELS command)
podgate_test(cli/test_watch_text podgate_manifest_testkit podgate_enforcer)
target_sources(cli_test_watch_text PRIVATE ${CMAKE_SOURCE_DIR}/cli/output.c ${CMAKE_SOURCE_DIR}/cli/watch_text.c)
podgate_test(cli/test_status_text podgate_enforcer)
target_sources(cli_test_status_text PRIVATE ${CMAKE_SOURCE_DIR}/cli/output.c ${CMAKE_SOURCE_DIR}/cli/status_text.c)
