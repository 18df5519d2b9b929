# The command itself, in network namespaces of its own: they need root.
add_test(NAME cli/test_cleanup COMMAND ${CMAKE_SOURCE_DIR}/tests/cli/test_cleanup.sh $<TARGET_FILE:podgate>)
set_tests_properties(cli/test_cleanup PROPERTIES TIMEOUT 120)
podgate_test(cli/test_client PkgConfig::CJSON podgate_build Threads::Threads)
target_sources(cli_test_client PRIVATE ${CMAKE_SOURCE_DIR}/cli/client.c)
