# SPDX-License-Identifier: GPL-2.0-or-later
podgate_test(enforcer/gate/test_gate SUPPORT queue_fixture)
podgate_test(enforcer/gate/test_gate_alive SUPPORT queue_fixture)
podgate_test(enforcer/gate/test_gate_open SUPPORT queue_fixture)
podgate_test(enforcer/gate/test_gate_publish SUPPORT queue_fixture)
podgate_test(enforcer/gate/test_group LIBRARIES podgate_manifest_testkit)
podgate_test(enforcer/gate/test_held_packets)
podgate_test(enforcer/gate/test_packet)
podgate_test(enforcer/gate/test_ring)
podgate_test(enforcer/learn/test_learner SUPPORT netns)
podgate_test(enforcer/learn/test_learner_traffic SUPPORT bridge_netns netns LIBRARIES
	podgate_enforcer_publish)
podgate_test(enforcer/learn/test_ledger)
podgate_test(enforcer/learn/test_past_changes)
podgate_test(enforcer/log/test_backlog)
podgate_test(enforcer/log/test_explain_json LIBRARIES podgate_manifest_testkit
	podgate_failing_alloc)
podgate_test(enforcer/log/test_fold)
podgate_test(enforcer/log/test_line_budget SUPPORT log_fixture LIBRARIES podgate_manifest_testkit)
podgate_test(enforcer/log/test_policy_hits LIBRARIES podgate_manifest_testkit)
podgate_test(enforcer/log/test_record_time)
podgate_test(enforcer/log/test_verdict_file)
podgate_test(enforcer/log/test_verdict_log SUPPORT log_fixture LIBRARIES podgate_manifest_testkit)
podgate_test(enforcer/log/test_verdict_log_floods SUPPORT log_fixture LIBRARIES
	podgate_manifest_testkit)
podgate_test(enforcer/places/test_places LIBRARIES PkgConfig::MNL)
podgate_test(enforcer/privilege/test_folder_grant SUPPORT child_process)
podgate_test(enforcer/privilege/test_helper SUPPORT netns)
podgate_test(enforcer/privilege/test_privilege SUPPORT child_process)
podgate_test(enforcer/privilege/test_syscall_filter SUPPORT child_process)
podgate_test(enforcer/publish/test_enforcement SUPPORT bridge_netns netns LIBRARIES
	podgate_manifest_testkit)
podgate_test(enforcer/publish/test_sweep_plan)
podgate_test(enforcer/publish/test_exactness SUPPORT netns changing_world LIBRARIES
	podgate_trial_testkit)
podgate_test(enforcer/publish/test_publish SUPPORT bridge_netns netns publish_fixture event_loop
	stream_reader LIBRARIES podgate_service_views)
