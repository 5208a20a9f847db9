#!/usr/bin/env bash
# Builds the kernels and their tests for aarch64 and runs them under qemu-user: NEON, and SVE and SVE2 with vectors of
# 128, 256 and 512 bits. The golden masks are among the tests.
# Usage: aarch64_test.sh [BUILD_DIRECTORY]    (build/aarch64 of the repository)
#
# The compiler and the emulator are of the package group `full`. The arm64 libraries are not installed but unpacked in
# BUILD_DIRECTORY/root, so nothing of this machine changes. Needs a Debian whose mirror has arm64. To rerun one test:
#   QEMU_CPU=max,sve256=on qemu-aarch64 -L build/aarch64/root build/aarch64/tests/kernels/NAME --gtest_filter=TEST
set -euo pipefail

repository=$(realpath "$(dirname "$0")/../..")
build=$(realpath -m "${1:-$repository/build/aarch64}")
root=$build/root

# What emulation makes too slow, and why it can be left out.
skipped=(
  'MaskStatisticsTest.*' 'RoundsStatisticsTest.*'  # Of bits that other tests compare with the oracle's.
  'LargeDropoutTest.*'                             # Of stores around the caches, which Highway has on x86 alone.
)

# Downloads the arm64 packages and all they need, with lists of its own.
unpack_packages() {
  local packages apt=$build/apt package
  packages=$("$repository/tools/debian-packages" --list arm64 | awk '{ print $2 }')
  [ "$(cat "$root/packages" 2>/dev/null)" = "$packages" ] && return
  rm -rf "$root" "$apt"
  mkdir -p "$root" "$apt/state/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  local options=(-qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$apt/state"
    -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache")
  apt-get "${options[@]}" update
  # shellcheck disable=SC2086  # Words.
  apt-get "${options[@]}" install --download-only --yes --no-install-recommends $packages >/dev/null
  for package in "$apt"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$root"; done
  rm -r "$apt"
  echo "$packages" >"$root/packages"
}

build_tests() {
  cmake -S "$repository" -B "$build" -G Ninja --toolchain "$repository/tests/cross/aarch64_toolchain.cmake" \
    -DFALLOW_ARM64_ROOT="$root" -DCMAKE_BUILD_TYPE=Release -DFALLOW_DEVELOPER=ON -DFALLOW_BUILD_RUNTIME=OFF \
    -DFALLOW_BUILD_TOOLS=OFF -DFALLOW_BUILD_BENCH=OFF >/dev/null
  cmake --build "$build" --parallel "$(nproc)"
}

# Runs one binary; its output, if it fails.
run_binary() {
  local output
  if ! output=$("$emulator" -L "$root" "$1" --gtest_brief=1 --gtest_filter="-$excluded" 2>&1); then
    printf '%s\nFAILED: QEMU_CPU=%s %s\n' "$output" "$QEMU_CPU" "$1"
    return 1
  fi
}
export -f run_binary
export root emulator=qemu-aarch64 excluded

# Runs the tests on a CPU of qemu's, which must have exactly the given targets; all or all but NEON's.
run_cpu() {
  local started=$SECONDS targets expected=$2 tests=$build/tests/kernels
  export QEMU_CPU=$1
  excluded=$(IFS=: && echo "${skipped[*]}")
  [ "$expected" = NEON ] || excluded+=':*/NEON'  # Another CPU's.
  targets=$("$emulator" -L "$root" "$tests/golden_masks_test" --gtest_list_tests --gtest_filter='GoldenMasksTest.*' |
    sed -n 's|.*/\([A-Z0-9_]*\) .*|\1|p' | xargs)
  if [ "$targets" != "$expected" ]; then
    echo "FAILED: $QEMU_CPU has the targets $targets, expected $expected"
    return 1
  fi
  find "$tests" -maxdepth 1 -name '*_test' -print0 | xargs -0 -P "$(nproc)" -n 1 bash -c 'run_binary "$0"' || return 1
  echo "$QEMU_CPU ($targets): passed, $((SECONDS - started)) s"
}

unpack_packages
build_tests
failed=0
run_cpu cortex-a72 'NEON' || failed=1
run_cpu max,sve128=on 'SVE2_128 SVE2 SVE NEON' || failed=1
run_cpu max,sve256=on 'SVE_256 SVE2 SVE NEON' || failed=1
run_cpu max,sve512=on 'SVE2 SVE NEON' || failed=1
exit $failed
