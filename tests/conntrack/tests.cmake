# SPDX-License-Identifier: GPL-2.0-or-later
podgate_test(conntrack/test_entry LIBRARIES PkgConfig::MNL PkgConfig::NFCT)
podgate_test(conntrack/test_flow_list LIBRARIES podgate_test_flow_table)
podgate_test(conntrack/test_flow_room)
podgate_test(conntrack/test_sweep LIBRARIES podgate_test_flow_table)
podgate_test(conntrack/test_table LIBRARIES podgate_test_flow_table)
podgate_test(conntrack/test_traffic LIBRARIES podgate_test_flow_table)
