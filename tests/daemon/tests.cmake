# SPDX-License-Identifier: GPL-2.0-or-later
podgate_test(daemon/test_claim SUPPORT netns)
podgate_test(daemon/test_answers)
set_tests_properties(daemon/test_answers PROPERTIES WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
podgate_test(daemon/test_manager SUPPORT netns publish_fixture event_loop)
podgate_test(daemon/test_takeover)
