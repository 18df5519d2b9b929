# `cmake --install [--prefix P]`: the systemd unit and the configuration it reads; the documents, examples, a dashboard, alerts.
# The man pages are docs/'s. `cmake --build BUILD --target uninstall` takes all of it away but the configuration.
set(texts ${CMAKE_CURRENT_BINARY_DIR})
podgate_write_text(${CMAKE_CURRENT_SOURCE_DIR}/podgate.yaml ${texts}/podgate.yaml)
install(CODE "
	set(SBINDIR \"${CMAKE_INSTALL_SBINDIR}\")
	set(SOURCES \"${CMAKE_CURRENT_SOURCE_DIR}\")
	set(TEXTS \"${texts}\")
	set(CONFIGURED_PREFIX \"${CMAKE_INSTALL_PREFIX}\")
	set(PODGATE_CONFIG_DIR \"${PODGATE_CONFIG_DIR}\")")
install(SCRIPT install_unit.cmake)

# In one folder, so that what README links to is beside it.
podgate_write_text(${CMAKE_SOURCE_DIR}/README.md ${texts}/README.md)
file(READ ${texts}/README.md readme)
string(REGEX REPLACE "\\]\\((docs|deploy)/" "](" readme "${readme}")
file(WRITE ${texts}/README.md "${readme}")
install(FILES ${texts}/README.md ${CMAKE_SOURCE_DIR}/CHANGELOG.md ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_BINARY_DIR}/docs/MANIFESTS.md
	${CMAKE_SOURCE_DIR}/docs/ARCHITECTURE.md ${CMAKE_SOURCE_DIR}/docs/PERFORMANCE.md ${CMAKE_SOURCE_DIR}/docs/RELIABILITY.md
	${texts}/podgate.yaml grafana-dashboard.json prometheus-alerts.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})

add_custom_target(uninstall
	COMMAND ${CMAKE_COMMAND} -DMANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt -DPODGATE_CONFIG_DIR=${PODGATE_CONFIG_DIR}
		-P ${CMAKE_CURRENT_SOURCE_DIR}/uninstall.cmake
	VERBATIM)
