#!/bin/sh
# Usage: consumer_test.sh <way> <source directory> <build directory>
# Builds and runs programs that use the library as others do. CC and CXX name the compilers. Ways:
#   find_package       installed from the build directory, found by CMake
#   pkg-config         the same, found by pkg-config, compiled by hand
#   add_subdirectory   as a part of another build: the kernels
#   shared             built again as shared libraries, installed, found by CMake
#   debian             cpack's packages of the build directory, unpacked and used
set -eu

way=$1
source=$2
build=$3
consumer=$source/tests/consumer
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "$1"
  exit 1
}

# Quiet, unless it fails.
run() {
  "$@" >"$folder/log" 2>&1 || {
    cat "$folder/log"
    fail "failed: $*"
  }
}

# A build whose optimisation and instruction sets do not matter takes seconds instead of minutes.
configure() {
  run cmake "$@" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS='-O0 -DHWY_COMPILE_ONLY_SCALAR'
}

# The README shows kernels.c, but for its first line.
check_readme() {
  # shellcheck disable=SC2016  # Backquotes.
  sed -n '/^```c$/,/^```$/{/^```/d; p}' "$source/README.md" >"$folder/readme.c"
  tail -n +2 "$consumer/kernels.c" | diff "$folder/readme.c" - || fail "the README's program in C is not kernels.c"
}

# expect <output> <program>: what the program prints, the same in every way.
expect() {
  output=$("$2") || fail "$2 failed"
  [ "$output" = "$1" ] || fail "$2 printed '$output', expected '$1'"
}

expect_kernels() {
  expect '0 0 6 8 0 12 14 16 ' "$1/kernels_c"
  expect '0 0 6 8 0 12 14 16 ' "$1/kernels_cc"
}

expect_runtime() { expect '9473 parameters, 4 outputs' "$1/runtime_cc"; }

# use_package <prefix>: by CMake, all components and the kernels alone.
use_package() {
  # Nothing installed may refer to where it was built.
  if grep -rlF -e "$source" -e "$build" --include='*.cmake' --include='*.pc' --include='*.h' "$1"; then
    fail "the files above name the source or the build directory"
  fi
  for components in kernels runtime ''; do
    run cmake -S "$consumer/project" -B "$folder/project" -G Ninja -DCMAKE_PREFIX_PATH="$1" -DCOMPONENTS="$components"
  done
  grep -q "Fallow_DIR:PATH=$1/" "$folder/project/CMakeCache.txt" || fail "CMake found another Fallow"
  run cmake --build "$folder/project" --parallel 2
  expect_kernels "$folder/project"
  expect_runtime "$folder/project"
}

# use_pkg_config <prefix>
use_pkg_config() {
  PKG_CONFIG_PATH=$(dirname "$(find "$1" -name fallow-kernels.pc)")
  export PKG_CONFIG_PATH
  kernels=$(pkg-config --static --cflags --libs fallow-kernels)
  runtime=$(pkg-config --static --cflags --libs fallow-runtime)
  # shellcheck disable=SC2086  # Words.
  {
    run "$CC" -std=c11 "$consumer/kernels.c" -o "$folder/kernels_c" $kernels
    run "$CXX" -std=c++20 -fno-exceptions -fno-rtti "$consumer/kernels.cc" -o "$folder/kernels_cc" $kernels
    run "$CXX" -std=c++20 "$consumer/runtime.cc" -o "$folder/runtime_cc" $runtime
  }
  expect_kernels "$folder"
  expect_runtime "$folder"
}

# check_shared <library> <symbols that it may refer to>: the program uses the installed one, which exports its own names.
check_shared() {
  ldd "$folder/project/runtime_cc" | grep -q "libfallow_$1.so.* => $(realpath "$folder")/prefix/" ||
    fail "runtime_cc does not use the installed libfallow_$1.so"
  run sh "$source/tests/kernels/symbols_test.sh" nm "$(find "$folder/prefix" -name "libfallow_$1.so")" "$2"
}

# cpack's packages, which must say what they depend on, each unpacked in a folder of its name.
unpack_packages() {
  run cpack --config "$build/CPackConfig.cmake" -B "$folder/packages"
  for package in "$folder"/packages/*.deb; do
    name=$(dpkg-deb --field "$package" Package)
    dpkg-deb --extract "$package" "$folder/$name"
    dpkg-deb --field "$package" Depends | sed 's/^/, /; s/$/,/' >"$folder/$name.depends"
    if dpkg-deb --contents "$package" | grep -v ' root/root '; then fail "$package: the files above are not root's"; fi
  done
}

# expect_depends <package> <other package>...
expect_depends() {
  name=$1
  shift
  for needed in "$@"; do
    grep -qE ", $needed( |,)" "$folder/$name.depends" || fail "$name does not depend on $needed"
  done
}

case $way in
  find_package)
    check_readme
    run cmake --install "$build" --prefix "$folder/prefix" --component development
    use_package "$folder/prefix"
    ;;
  pkg-config)
    run cmake --install "$build" --prefix "$folder/prefix" --component development
    use_pkg_config "$folder/prefix"
    ;;
  add_subdirectory)
    configure -S "$consumer/project" -B "$folder/project" -DFALLOW_SOURCE="$source"
    run cmake --build "$folder/project" --parallel 2
    expect_kernels "$folder/project"
    ;;
  shared)
    configure -S "$source" -B "$folder/build" -DBUILD_SHARED_LIBS=ON -DFALLOW_BUILD_TOOLS=OFF -DFALLOW_BUILD_TESTS=OFF \
      -DFALLOW_BUILD_BENCH=OFF
    run cmake --build "$folder/build" --parallel 2
    run cmake --install "$folder/build" --prefix "$folder/prefix"
    use_package "$folder/prefix"
    check_shared kernels nothing
    # The BLAS inside it has messages of its own.
    check_shared runtime \
      'write|exit|abort|raise|.*printf.*|f?puts|fwrite|perror|stderr|__assert_fail|std::ios_base::~?ios_base\(\)'
    ;;
  debian)
    unpack_packages
    expect_depends libfallow-dev libhwy-dev libtbb-dev 'lib(openblas|blis)-serial-dev' zlib1g-dev
    use_package "$folder/libfallow-dev/usr"
    # The command is part of some builds only.
    if [ -e "$build/tools/fallow" ]; then
      expect_depends fallow libhwy1 libtbb12 'libstdc\+\+6' zlib1g
      run "$folder/fallow/usr/bin/fallow" info
    fi
    ;;
  *) fail "no such way: $way" ;;
esac
