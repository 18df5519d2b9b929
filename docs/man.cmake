# Pages are written by hand. podgate.conf(5) gets its options from the settings table, so that page
# and table cannot differ.
set(settings_man settings_man.c ${CMAKE_SOURCE_DIR}/config/settings/settings_print.c
	${CMAKE_SOURCE_DIR}/config/settings/settings_table.c)
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
	# The program that makes the page runs on this machine: its own compiler builds it. It needs
	# no library.
	find_program(PODGATE_BUILD_CC NAMES cc gcc clang DOC "compiler for programs that run during the build"
		NO_CMAKE_FIND_ROOT_PATH REQUIRED)
	set(settings_man_program ${CMAKE_CURRENT_BINARY_DIR}/podgate-settings-man)
	add_custom_command(
		OUTPUT ${settings_man_program}
		COMMAND ${PODGATE_BUILD_CC} -std=gnu11 -D_GNU_SOURCE -DPODGATE_VERSION="${PROJECT_VERSION}"
			-DPODGATE_CONFIG_DIR="${PODGATE_CONFIG_DIR}" -I${CMAKE_SOURCE_DIR}
			-o ${settings_man_program} ${settings_man}
		DEPENDS ${settings_man} ${CMAKE_SOURCE_DIR}/config/settings/settings.h
		WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
		VERBATIM)
else()
	set(settings_man_program podgate-settings-man)
	add_executable(podgate-settings-man ${settings_man})
	target_link_libraries(podgate-settings-man PRIVATE podgate_build)
endif()
set(pages podgate.8 podgate.conf.5 podgate-log.5 podgate-manifests.5 podgate-control.7
	podgate-metrics.7)
set(here ${CMAKE_CURRENT_BINARY_DIR})
foreach(page ${pages})
	podgate_write_text(${CMAKE_CURRENT_SOURCE_DIR}/man/${page}.mdoc ${here}/${page}.mdoc)
	if(NOT page MATCHES "podgate.conf.5|podgate-manifests.5")
		configure_file(${here}/${page}.mdoc ${here}/${page} COPYONLY)
	endif()
endforeach()
add_custom_command(
	OUTPUT ${here}/podgate.conf.5
	COMMAND ${settings_man_program} ${here}/podgate.conf.5.mdoc ${here}/podgate.conf.5
	DEPENDS ${settings_man_program} ${here}/podgate.conf.5.mdoc
	VERBATIM)
# podgate-manifests(5) has the text of MANIFESTS.md, so that the two cannot differ.
find_program(PODGATE_AWK NAMES awk mawk gawk DOC "awk, for a man page" NO_CMAKE_FIND_ROOT_PATH REQUIRED)
podgate_write_text(${CMAKE_CURRENT_SOURCE_DIR}/MANIFESTS.md ${here}/MANIFESTS.md)
add_custom_command(
	OUTPUT ${here}/podgate-manifests.5
	COMMAND ${PODGATE_AWK} -v MARKDOWN=${here}/MANIFESTS.md -v OUT=${here}/podgate-manifests.5
		-f ${CMAKE_CURRENT_SOURCE_DIR}/manifests_man.awk ${here}/podgate-manifests.5.mdoc
	DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/manifests_man.awk ${here}/MANIFESTS.md ${here}/podgate-manifests.5.mdoc
	VERBATIM)
add_custom_target(man ALL DEPENDS ${here}/podgate.conf.5 ${here}/podgate-manifests.5)

foreach(page ${pages})
	string(REGEX REPLACE ".*\\.([0-9])$" "\\1" section ${page})
	install(FILES ${here}/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
