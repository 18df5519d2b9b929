# Four pages are written by hand; podgate.conf(5) gets its options from the settings table, so that neither can be forgotten.
add_executable(podgate-settings-man settings_man.c)
target_link_libraries(podgate-settings-man PRIVATE podgate_config)
add_custom_command(
	OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/podgate.conf.5
	COMMAND podgate-settings-man ${CMAKE_CURRENT_SOURCE_DIR}/man/podgate.conf.5.mdoc ${CMAKE_CURRENT_BINARY_DIR}/podgate.conf.5
	DEPENDS podgate-settings-man ${CMAKE_CURRENT_SOURCE_DIR}/man/podgate.conf.5.mdoc
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
