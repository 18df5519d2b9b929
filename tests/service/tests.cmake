# SPDX-License-Identifier: GPL-2.0-or-later
podgate_test(service/control/test_control SUPPORT control_fixture event_loop LIBRARIES
	podgate_enforcer_privilege)
podgate_test(service/control/test_control_handover SUPPORT control_fixture event_loop LIBRARIES
	podgate_enforcer_privilege)
podgate_test(service/control/test_control_limits SUPPORT control_fixture event_loop LIBRARIES
	podgate_enforcer_privilege)
podgate_test(service/control/test_control_stream SUPPORT control_fixture event_loop LIBRARIES
	podgate_enforcer_privilege)
podgate_test(service/control/test_kept_lines)
podgate_test(service/control/test_log_replay SUPPORT log_fixture stream_reader LIBRARIES
	podgate_manifest_testkit)
podgate_test(service/control/test_filter)
podgate_test(service/http/test_http_server SUPPORT netns)
podgate_test(service/http/test_listen_socket SUPPORT netns)
podgate_test(service/metrics/test_exposition)
podgate_test(service/metrics/test_metrics_text LIBRARIES podgate_manifest_testkit)
podgate_test(service/metrics/test_policy_series LIBRARIES podgate_manifest_testkit)
podgate_test(service/views/test_flow_listing SUPPORT stream_reader LIBRARIES
	podgate_manifest_testkit podgate_test_flow_table)
podgate_test(service/views/test_health)
podgate_test(service/views/test_policy_listing SUPPORT stream_reader LIBRARIES
	podgate_manifest_testkit)
podgate_test(service/views/test_problems)
target_compile_definitions(service_metrics_test_metrics_text PRIVATE PODGATE_PAGE="${CMAKE_BINARY_DIR}/docs/podgate-metrics.7")
