# SPDX-License-Identifier: GPL-2.0-or-later
# For Debian's cross compilers (crossbuild-essential-ARCH) and its libraries of the other
# architecture (libuv1-dev:ARCH ...). Included by ARCH.cmake, which sets CMAKE_SYSTEM_PROCESSOR and
# `triplet`.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(PKG_CONFIG_EXECUTABLE ${triplet}-pkg-config)	# of pkgconf: knows where that architecture's libraries are
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
