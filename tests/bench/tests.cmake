# The programs of the benchmarks; what they measure is nobody's test.
if(PODGATE_BENCH)
	podgate_test(bench/test_histogram LIBRARIES podgate_load)
	podgate_test(bench/test_load_options LIBRARIES podgate_load)
	podgate_test(bench/test_flow_walk LIBRARIES podgate_load)
	add_test(NAME bench/test_load COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bench/test_load.sh
		$<TARGET_FILE:podgate-load> $<TARGET_FILE:podgate-null> $<TARGET_FILE:json_get>)
	set_tests_properties(bench/test_load PROPERTIES TIMEOUT 300 LABELS "command;long")
endif()

# The suite's own arithmetic and pages: no root, no packets, no times.
find_package(Python3 3.9 COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
	foreach(name spread figures report rules slices)
		add_test(NAME bench/suite_${name} COMMAND ${Python3_EXECUTABLE} -B -m unittest -v
			test_${name}
			WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/bench)
		set_tests_properties(bench/suite_${name} PROPERTIES TIMEOUT 60 LABELS tree
			ENVIRONMENT PYTHONPATH=${CMAKE_SOURCE_DIR}/bench)
	endforeach()
endif()
