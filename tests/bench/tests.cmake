# The benchmark suite's own arithmetic and pages: no root, no packets, no times.
find_package(Python3 3.9 COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
	foreach(name spread figures report rules)
		add_test(NAME bench/test_${name} COMMAND ${Python3_EXECUTABLE} -B -m unittest -v test_${name}
			WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/bench)
		set_tests_properties(bench/test_${name} PROPERTIES TIMEOUT 60 ENVIRONMENT PYTHONPATH=${CMAKE_SOURCE_DIR}/bench)
	endforeach()
endif()
