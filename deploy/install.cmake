# `cmake --install [--prefix P]`: the systemd unit and its configuration; the documents, examples, a
# dashboard, alerts. docs/ installs the man pages. `cmake --build BUILD --target uninstall` removes
# all of it except the configuration.
set(texts ${CMAKE_CURRENT_BINARY_DIR})
podgate_write_text(${CMAKE_CURRENT_SOURCE_DIR}/podgate.yaml ${texts}/podgate.yaml)
install(CODE "
	set(SBINDIR \"${CMAKE_INSTALL_SBINDIR}\")
	set(SOURCES \"${CMAKE_CURRENT_SOURCE_DIR}\")
	set(TEXTS \"${texts}\")
	set(CONFIGURED_PREFIX \"${CMAKE_INSTALL_PREFIX}\")
	set(PODGATE_CONFIG_DIR \"${PODGATE_CONFIG_DIR}\")")
install(SCRIPT install_unit.cmake)

# In one folder, so that the links of README lead somewhere.
foreach(text README CONTRIBUTING)
	podgate_write_text(${CMAKE_SOURCE_DIR}/${text}.md ${texts}/${text}.md)
	file(READ ${texts}/${text}.md content)
	string(REGEX REPLACE "\\]\\((docs|deploy)/" "](" content "${content}")
	file(WRITE ${texts}/${text}.md "${content}")
endforeach()
set(pages ARCHITECTURE CHANGES FLOODS LIMITS PERFORMANCE PRIVILEGE RELIABILITY RESTART RULES SERVICE)
list(TRANSFORM pages PREPEND ${CMAKE_SOURCE_DIR}/docs/)
list(TRANSFORM pages APPEND .md)
install(FILES ${texts}/README.md ${texts}/CONTRIBUTING.md ${pages}
	${CMAKE_SOURCE_DIR}/CHANGELOG.md ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_BINARY_DIR}/docs/MANIFESTS.md
	${texts}/podgate.yaml grafana-dashboard.json prometheus-alerts.yaml
	DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})

add_custom_target(uninstall
	COMMAND ${CMAKE_COMMAND} -DMANIFEST=${CMAKE_BINARY_DIR}/install_manifest.txt
		-DPODGATE_CONFIG_DIR=${PODGATE_CONFIG_DIR} -P ${CMAKE_CURRENT_SOURCE_DIR}/uninstall.cmake
	VERBATIM)
