# SPDX-License-Identifier: GPL-2.0-or-later
# A room is a folder with one purpose, and a static library of all the C files in it: kernel/sets is
# podgate_kernel_sets.
#
#   podgate_room(kernel/sets USES policy/values kernel/netlink LIBRARIES PkgConfig::IPSET)
#
# USES are the rooms whose headers it may include (tests/test_include_direction.sh reads them here).
# They must exist already, so that no circle can arise. LIBRARIES are those of others.
function(podgate_room room)
	cmake_parse_arguments(PARSE_ARGV 1 ROOM "" "" "USES;LIBRARIES")
	string(REPLACE "/" "_" target podgate_${room})
	file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${room}/*.c)
	add_library(${target} STATIC ${sources})
	target_link_libraries(${target} PUBLIC podgate_build)
	foreach(used ${ROOM_USES})
		string(REPLACE "/" "_" used podgate_${used})
		if(NOT TARGET ${used})
			message(FATAL_ERROR "${room} uses ${used}, which comes after it")
		endif()
		target_link_libraries(${target} PUBLIC ${used})
	endforeach()
	target_link_libraries(${target} PUBLIC ${ROOM_LIBRARIES})
endfunction()
