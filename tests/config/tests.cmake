# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of config/ share: findings as text to compare, folders that are removed again.
add_library(podgate_config_testkit STATIC
	${CMAKE_CURRENT_SOURCE_DIR}/config/findings.c
	${CMAKE_CURRENT_SOURCE_DIR}/config/temporary.c
)
target_link_libraries(podgate_config_testkit PUBLIC podgate_config)

podgate_test(config/test_utf8 podgate_config)
podgate_test(config/test_string_map podgate_config)
podgate_test(config/test_scalar podgate_config)
podgate_test(config/test_document podgate_config_testkit)
podgate_test(config/test_document_errors podgate_config_testkit)
podgate_test(config/test_json podgate_config_testkit)
podgate_test(config/test_kube podgate_config_testkit)
podgate_test(config/test_kube_addresses podgate_config)
podgate_test(config/test_kube_audit podgate_config)
podgate_test(config/test_kube_errors podgate_config_testkit)
podgate_test(config/test_kubectl podgate_config_testkit)
podgate_test(config/test_kube_closed podgate_config_testkit)
podgate_test(config/test_store podgate_config_testkit)
podgate_test(config/test_state podgate_config_testkit)
podgate_test(config/test_load podgate_config_testkit)
podgate_test(config/test_directory podgate_config_testkit)
podgate_test(config/test_listen_address podgate_config)
podgate_test(config/test_settings podgate_config_testkit)
add_test(NAME config/codes_documented COMMAND ${CMAKE_SOURCE_DIR}/tests/config/test_codes_documented.sh)
set_tests_properties(config/codes_documented PROPERTIES LABELS tree)
