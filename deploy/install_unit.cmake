# Runs at install time, when the prefix is known: it may differ from the configured one.
set(PODGATE_PROGRAM "${CMAKE_INSTALL_PREFIX}/${SBINDIR}/podgate")
set(PODGATE_CONFIG "${PODGATE_CONFIG_DIR}/podgate.yaml")
# systemd can make a folder below /etc by its name, and none elsewhere.
if(PODGATE_CONFIG_DIR MATCHES "^/etc/(.+)$")
	set(PODGATE_CONFIGURATION_DIRECTORY "ConfigurationDirectory=${CMAKE_MATCH_1}")
else()
	set(PODGATE_CONFIGURATION_DIRECTORY "# The configuration is in ${PODGATE_CONFIG_DIR}.")
endif()

set(unit "${CMAKE_INSTALL_PREFIX}/lib/systemd/system/podgate.service")
message(STATUS "Installing: $ENV{DESTDIR}${unit}")
configure_file("${SOURCES}/podgate.service.in" "$ENV{DESTDIR}${unit}" @ONLY)

set(sysusers "${CMAKE_INSTALL_PREFIX}/lib/sysusers.d/podgate.conf")
message(STATUS "Installing: $ENV{DESTDIR}${sysusers}")
configure_file("${SOURCES}/podgate.sysusers" "$ENV{DESTDIR}${sysusers}" COPYONLY)
list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${unit}" "${sysusers}")

# The configuration goes where podgate reads it. A prefix that is given only now, and is not one of
# the system's, is the staging folder of a package: then this machine's own configuration must not
# change.
if(NOT "$ENV{DESTDIR}" STREQUAL "" OR CMAKE_INSTALL_PREFIX STREQUAL CONFIGURED_PREFIX OR
	CMAKE_INSTALL_PREFIX MATCHES "^(/usr(/local)?)?/?$")
	set(etc "$ENV{DESTDIR}${PODGATE_CONFIG_DIR}")
else()
	set(etc "${CMAKE_INSTALL_PREFIX}/etc/podgate")
	message(STATUS "The configuration goes to ${etc}, as this is a stage: podgate reads ${PODGATE_CONFIG_DIR}. To have it "
		"read elsewhere, configure with -DCMAKE_INSTALL_SYSCONFDIR=FOLDER.")
endif()
execute_process(COMMAND "${CMAKE_COMMAND}" -E make_directory "${etc}/manifests" RESULT_VARIABLE failed ERROR_QUIET)
if(failed)
	message(FATAL_ERROR "can't make ${etc}/manifests: install as root, or into a stage with DESTDIR=FOLDER, or configure with "
		"-DCMAKE_INSTALL_SYSCONFDIR=FOLDER")
endif()
# An existing configuration belongs to the operator: never overwrite it.
if(NOT EXISTS "${etc}/podgate.yaml")
	message(STATUS "Installing: ${etc}/podgate.yaml")
	configure_file("${TEXTS}/podgate.yaml" "${etc}/podgate.yaml" COPYONLY)
endif()
