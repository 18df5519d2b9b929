# `cmake --install [--prefix P]`: the systemd unit and the configuration it reads; the examples, a dashboard, alerts. The man pages are docs/'s.
install(CODE "
	set(SBINDIR \"${CMAKE_INSTALL_SBINDIR}\")
	set(SOURCES \"${CMAKE_CURRENT_SOURCE_DIR}\")")
install(SCRIPT install_unit.cmake)
install(FILES podgate.yaml grafana-dashboard.json prometheus-alerts.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
