# podgate-probe: the traffic of the end-to-end tests and of the demonstration.
# build/<preset>/tests/podgate-probe
add_executable(podgate-probe
	tools/connect.c
	tools/crowd.c
	tools/endpoint.c
	tools/flood.c
	tools/forge.c
	tools/freeze.c
	tools/hold_address.c
	tools/hold_queue.c
	tools/hostile.c
	tools/keep.c
	tools/notified.c
	tools/ping.c
	tools/cast.c
	tools/probe.c
	tools/rain.c
	tools/resize.c
	tools/sctp.c
	tools/serve.c
	tools/stream.c
	tools/volley.c
)
target_link_libraries(podgate-probe PRIVATE podgate_build PkgConfig::MNL PkgConfig::NFQUEUE)
if(NOT PODGATE_TESTS)	# PODGATE_PROBE alone
	return()
endif()
# podgate-fill-flows: a long flow table, for the end-to-end tests.
# build/<preset>/tests/podgate-fill-flows
add_executable(podgate-fill-flows tools/fill_flows.c)
target_link_libraries(podgate-fill-flows PRIVATE podgate_build podgate_test_flow_table)
add_test(NAME tools/scrape COMMAND ${CMAKE_SOURCE_DIR}/tests/tools/test_scrape.py)
add_test(NAME tools/dashboard COMMAND ${CMAKE_SOURCE_DIR}/tests/tools/scrape.py dashboard
	${CMAKE_SOURCE_DIR}/deploy/grafana-dashboard.json)
