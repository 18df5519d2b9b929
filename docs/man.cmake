# Four pages are written by hand; podgate.conf(5) gets its options from the settings table, so that neither can be forgotten.
set(settings_man settings_man.c ${CMAKE_SOURCE_DIR}/config/settings_print.c ${CMAKE_SOURCE_DIR}/config/settings_table.c)
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
	# What makes the page has to run here, not there: the machine's own compiler builds it. It needs no library.
	find_program(PODGATE_BUILD_CC NAMES cc gcc clang DOC "compiler for programs that run during the build"
		NO_CMAKE_FIND_ROOT_PATH REQUIRED)
	set(settings_man_program ${CMAKE_CURRENT_BINARY_DIR}/podgate-settings-man)
	add_custom_command(
		OUTPUT ${settings_man_program}
		COMMAND ${PODGATE_BUILD_CC} -std=gnu11 -D_GNU_SOURCE -DPODGATE_VERSION="${PROJECT_VERSION}" -I${CMAKE_SOURCE_DIR}
			-o ${settings_man_program} ${settings_man}
		DEPENDS ${settings_man} ${CMAKE_SOURCE_DIR}/config/settings.h
		WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
		VERBATIM)
else()
	set(settings_man_program podgate-settings-man)
	add_executable(podgate-settings-man ${settings_man})
	target_link_libraries(podgate-settings-man PRIVATE podgate_build)
endif()
add_custom_command(
	OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/podgate.conf.5
	COMMAND ${settings_man_program} ${CMAKE_CURRENT_SOURCE_DIR}/man/podgate.conf.5.mdoc ${CMAKE_CURRENT_BINARY_DIR}/podgate.conf.5
	DEPENDS ${settings_man_program} ${CMAKE_CURRENT_SOURCE_DIR}/man/podgate.conf.5.mdoc
	VERBATIM)
add_custom_target(man ALL DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/podgate.conf.5)

foreach(page podgate.8 podgate-log.5 podgate-control.7 podgate-metrics.7)
	configure_file(man/${page}.mdoc ${CMAKE_CURRENT_BINARY_DIR}/${page} COPYONLY)
endforeach()
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/podgate.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/podgate.conf.5 ${CMAKE_CURRENT_BINARY_DIR}/podgate-log.5
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/podgate-control.7 ${CMAKE_CURRENT_BINARY_DIR}/podgate-metrics.7
	DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
