# SPDX-License-Identifier: GPL-2.0-or-later
# Manifests with their meaning, as a user would test them; then again as changes to one running
# daemon, which needs root.
add_test(NAME cases/offline COMMAND ${CMAKE_SOURCE_DIR}/tests/conformance.sh $<TARGET_FILE:podgate>
	${CMAKE_SOURCE_DIR}/tests/cases)
add_test(NAME cases/examples COMMAND ${CMAKE_SOURCE_DIR}/tests/examples.sh $<TARGET_FILE:podgate>
	${CMAKE_SOURCE_DIR}/docs/examples)
add_test(NAME cases/live COMMAND ${CMAKE_SOURCE_DIR}/tests/conformance_live.sh --all
	$<TARGET_FILE:podgate> ${CMAKE_SOURCE_DIR}/tests/cases)
set_tests_properties(cases/offline cases/examples cases/live PROPERTIES TIMEOUT 120)
set_tests_properties(cases/offline cases/examples PROPERTIES LABELS "command;alone")
set_tests_properties(cases/live PROPERTIES LABELS "command;long")
