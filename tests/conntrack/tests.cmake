# SPDX-License-Identifier: GPL-2.0-or-later
# Against the running kernel, each in a network namespace of its own: they need root.
add_library(podgate_test_flow_table STATIC conntrack/flow_table.c conntrack/shop.c)
target_link_libraries(podgate_test_flow_table PUBLIC podgate_policy PkgConfig::MNL PkgConfig::NFCT)

podgate_test(conntrack/test_table podgate_conntrack podgate_test_flow_table)
podgate_test(conntrack/test_sweep podgate_conntrack podgate_test_flow_table)
podgate_test(conntrack/test_entry podgate_conntrack PkgConfig::MNL PkgConfig::NFCT)
podgate_test(conntrack/test_local_addrs podgate_conntrack podgate_test_flow_table)
podgate_test(conntrack/test_traffic podgate_conntrack podgate_test_flow_table)
podgate_test(conntrack/test_flow_list podgate_conntrack podgate_test_flow_table)
