# SPDX-License-Identifier: GPL-2.0-or-later
podgate_test(doctor/test_host SUPPORT doctor_check netns)
podgate_test(doctor/test_host_room SUPPORT doctor_check LIBRARIES podgate_test_flow_table)
podgate_test(doctor/test_host_rules SUPPORT doctor_check netns LIBRARIES PkgConfig::MNL)
