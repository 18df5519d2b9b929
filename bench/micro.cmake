podgate_bench(bench_sweep podgate_conntrack PkgConfig::MNL PkgConfig::NFCT)
target_sources(bench_sweep PRIVATE	# the table and the cluster of its tests
	${CMAKE_SOURCE_DIR}/tests/support/flow_table.c ${CMAKE_SOURCE_DIR}/tests/support/shop.c)
podgate_bench(bench_policy podgate_policy)
target_sources(bench_policy PRIVATE bench_clusters.c ${CMAKE_SOURCE_DIR}/tests/support/naive.c)
podgate_bench(bench_packet podgate_enforcer_gate)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)	# the world of the gate tests asserts with it
podgate_bench(bench_queue podgate_enforcer_gate PkgConfig::NFQUEUE PkgConfig::NFNETLINK PkgConfig::CMOCKA Threads::Threads)
target_sources(bench_queue PRIVATE queue_loops.c bench_clusters.c ${CMAKE_SOURCE_DIR}/tests/support/queue_fixture.c)
podgate_bench(bench_manifest podgate_config_store PkgConfig::YAML)
