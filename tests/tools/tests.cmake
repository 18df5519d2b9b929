# podgate-probe: the traffic of the end-to-end tests and of the demonstration. build/<preset>/tests/podgate-probe
add_executable(podgate-probe
	tools/connect.c
	tools/crowd.c
	tools/endpoint.c
	tools/flood.c
	tools/forge.c
	tools/freeze.c
	tools/hold_queue.c
	tools/hostile.c
	tools/keep.c
	tools/notified.c
	tools/ping.c
	tools/probe.c
	tools/rain.c
	tools/sctp.c
	tools/serve.c
	tools/stream.c
)
target_link_libraries(podgate-probe PRIVATE podgate_build PkgConfig::MNL PkgConfig::NFQUEUE)
add_test(NAME tools/scrape COMMAND ${CMAKE_SOURCE_DIR}/tests/tools/test_scrape.py)
add_test(NAME tools/dashboard COMMAND ${CMAKE_SOURCE_DIR}/tests/tools/scrape.py dashboard ${CMAKE_SOURCE_DIR}/deploy/grafana-dashboard.json)
