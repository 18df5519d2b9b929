# Runs at install time, when the prefix is known: it may be another than the one configured. /usr keeps its settings in /etc.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
	set(etc "/etc/podgate")
else()
	set(etc "${CMAKE_INSTALL_PREFIX}/etc/podgate")
endif()
set(PODGATE_PROGRAM "${CMAKE_INSTALL_PREFIX}/${SBINDIR}/podgate")
set(PODGATE_CONFIG "${etc}/podgate.yaml")

set(unit "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system/podgate.service")
message(STATUS "Installing: ${unit}")
configure_file("${SOURCES}/podgate.service.in" "${unit}" @ONLY)

set(sysusers "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/sysusers.d/podgate.conf")
message(STATUS "Installing: ${sysusers}")
configure_file("${SOURCES}/podgate.sysusers" "${sysusers}" COPYONLY)

file(MAKE_DIRECTORY "$ENV{DESTDIR}${etc}/manifests")
# A configuration that is there is the operator's: never overwritten.
if(NOT EXISTS "$ENV{DESTDIR}${PODGATE_CONFIG}")
	message(STATUS "Installing: $ENV{DESTDIR}${PODGATE_CONFIG}")
	file(READ "${SOURCES}/podgate.yaml" text)
	string(REPLACE "/etc/podgate" "${etc}" text "${text}")
	file(WRITE "$ENV{DESTDIR}${PODGATE_CONFIG}" "${text}")
endif()
