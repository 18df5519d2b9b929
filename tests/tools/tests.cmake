# podgate-probe: the traffic of the end-to-end tests and of the demonstration. build/<preset>/tests/podgate-probe
add_executable(podgate-probe
	tools/connect.c
	tools/endpoint.c
	tools/forge.c
	tools/hold_queue.c
	tools/hostile.c
	tools/notified.c
	tools/ping.c
	tools/probe.c
	tools/sctp.c
	tools/serve.c
	tools/stream.c
)
target_link_libraries(podgate-probe PRIVATE podgate_build PkgConfig::MNL PkgConfig::NFQUEUE)
