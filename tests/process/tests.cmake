# SPDX-License-Identifier: GPL-2.0-or-later
podgate_test(process/test_command)
podgate_test(process/test_descriptor_store)
podgate_test(process/test_log)
podgate_test(process/test_priority)
podgate_test(process/test_thread)
podgate_test(process/test_work_thread)
