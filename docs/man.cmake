# Pages are written by hand. podgate.conf(5) gets its options from the settings table, and
# podgate-metrics(7) its metrics from that of the figures, so that page and table cannot differ.
set(man_page man_page.c ${CMAKE_SOURCE_DIR}/config/settings/settings_print.c
	${CMAKE_SOURCE_DIR}/config/settings/settings_table.c)
if(CMAKE_CROSSCOMPILING AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
	# The program that makes the page runs on this machine: its own compiler builds it. It needs
	# no library.
	find_program(PODGATE_BUILD_CC NAMES cc gcc clang DOC "compiler for programs that run during the build"
		NO_CMAKE_FIND_ROOT_PATH REQUIRED)
	set(man_page_program ${CMAKE_CURRENT_BINARY_DIR}/podgate-man-page)
	add_custom_command(
		OUTPUT ${man_page_program}
		COMMAND ${PODGATE_BUILD_CC} -std=gnu11 -D_GNU_SOURCE -DPODGATE_VERSION="${PROJECT_VERSION}"
			-DPODGATE_CONFIG_DIR="${PODGATE_CONFIG_DIR}" -I${CMAKE_SOURCE_DIR}
			-o ${man_page_program} ${man_page}
		DEPENDS ${man_page} ${CMAKE_SOURCE_DIR}/config/settings/settings.h
			${CMAKE_SOURCE_DIR}/service/views/figure_rows.h
		WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
		VERBATIM)
else()
	set(man_page_program podgate-man-page)
	add_executable(podgate-man-page ${man_page})
	target_link_libraries(podgate-man-page PRIVATE podgate_build)
endif()
set(pages podgate.8 podgate.conf.5 podgate-log.5 podgate-manifests.5 podgate-control.7
	podgate-metrics.7)
set(here ${CMAKE_CURRENT_BINARY_DIR})
foreach(page ${pages})
	podgate_write_text(${CMAKE_CURRENT_SOURCE_DIR}/man/${page}.mdoc ${here}/${page}.mdoc)
	if(NOT page MATCHES "podgate.conf.5|podgate-manifests.5|podgate-metrics.7")
		configure_file(${here}/${page}.mdoc ${here}/${page} COPYONLY)
	endif()
endforeach()
foreach(page podgate.conf.5 podgate-metrics.7)
	add_custom_command(
		OUTPUT ${here}/${page}
		COMMAND ${man_page_program} ${here}/${page}.mdoc ${here}/${page}
		DEPENDS ${man_page_program} ${here}/${page}.mdoc
		VERBATIM)
endforeach()
# podgate-manifests(5) has the text of MANIFESTS.md, so that the two cannot differ.
find_program(PODGATE_AWK NAMES awk mawk gawk DOC "awk, for a man page" NO_CMAKE_FIND_ROOT_PATH REQUIRED)
podgate_write_text(${CMAKE_CURRENT_SOURCE_DIR}/MANIFESTS.md ${here}/MANIFESTS.md)
add_custom_command(
	OUTPUT ${here}/podgate-manifests.5
	COMMAND ${PODGATE_AWK} -v MARKDOWN=${here}/MANIFESTS.md -v OUT=${here}/podgate-manifests.5
		-f ${CMAKE_CURRENT_SOURCE_DIR}/manifests_man.awk ${here}/podgate-manifests.5.mdoc
	DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/manifests_man.awk ${here}/MANIFESTS.md ${here}/podgate-manifests.5.mdoc
	VERBATIM)
add_custom_target(man ALL
	DEPENDS ${here}/podgate.conf.5 ${here}/podgate-manifests.5 ${here}/podgate-metrics.7)

foreach(page ${pages})
	string(REGEX REPLACE ".*\\.([0-9])$" "\\1" section ${page})
	install(FILES ${here}/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
