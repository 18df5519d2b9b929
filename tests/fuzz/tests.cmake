podgate_fuzz(fuzz_conntrack podgate_conntrack PkgConfig::MNL)
