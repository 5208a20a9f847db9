# CMake toolchain: builds for aarch64 with Debian's cross compiler and the arm64 packages unpacked in FALLOW_ARM64_ROOT,
# and runs what was built under qemu-user (aarch64_test.sh).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# Also in the projects with which CMake tries the compiler.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FALLOW_ARM64_ROOT)
set(CMAKE_FIND_ROOT_PATH ${FALLOW_ARM64_ROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Libraries that the libraries need.
set(CMAKE_EXE_LINKER_FLAGS_INIT -Wl,-rpath-link,${FALLOW_ARM64_ROOT}/usr/lib/aarch64-linux-gnu)

# Which CPU it is, QEMU_CPU in the environment says.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;${FALLOW_ARM64_ROOT})
