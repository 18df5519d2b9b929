/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include "kernel/bridge/bridge_guard.h"

void host_check_bridge(struct host_report *report)
{
	const enum bridge_mode mode = report->settings->bridge;
	struct bridge_view view;

	if (bridge_guard_look(report->settings, &view) != 0) {
		host_report_add(report, "br-netfilter", HOST_WARNING, "%s", view.found);
		host_report_remedy(report,
			"look at net.bridge.bridge-nf-call-iptables, which must be 1 where pods "
			"share a bridge");
		return;
	}
	if (view.state != BRIDGES_HIDDEN) {
		host_report_add(report, "br-netfilter", HOST_OK,
			view.state == BRIDGES_NONE ? "there is no bridge here"
						   : "bridged packets pass the rules");
		return;
	}
	if (mode == BRIDGE_SET) {
		host_report_add(report, "br-netfilter", HOST_OK, "%s; `podgate run` switches it on",
			view.found);
		return;
	}
	host_report_add(report, "br-netfilter", mode == BRIDGE_REQUIRE ? HOST_FAILED : HOST_WARNING,
		"%s%s", view.found, mode == BRIDGE_IGNORE ? " (`bridge: ignore` is set)" : "");
	host_report_remedy(report, "%s%s=1, or set `bridge: set`",
		view.module_missing ? "modprobe br_netfilter; sysctl -w " : "sysctl -w ",
		view.sysctl);
}
