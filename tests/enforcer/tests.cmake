podgate_test(enforcer/test_packet podgate_enforcer)
podgate_test(enforcer/test_ring podgate_enforcer Threads::Threads)
podgate_test(enforcer/test_verdicts podgate_enforcer PkgConfig::MNL)
podgate_test(enforcer/test_nfqueue_message podgate_enforcer PkgConfig::MNL)
