# cpack: Debian packages of what is installed, libfallow-dev and fallow. tools/package is the way to call it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The Fallow authors")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

set(CPACK_COMPONENTS_ALL development)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Libraries and headers: masks and dropout, with interfaces for C++
and C, and a runtime that trains small networks with them.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libfallow-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# Of a static library nothing can be detected: what its users link as well.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libhwy-dev, libtbb-dev")
if(FALLOW_BUILD_RUNTIME)
  string(APPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", lib${FALLOW_BLAS}-serial-dev, zlib1g-dev, libonnx-dev, libprotobuf-dev")
endif()

if(FALLOW_BUILD_TOOLS)
  list(APPEND CPACK_COMPONENTS_ALL command)
  set(CPACK_COMPONENT_COMMAND_DESCRIPTION "The command: trains small networks with dropout, predicts with
Monte-Carlo dropout, and says how sure it is.")
  set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME fallow)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_RECOMMENDS gnuplot-nox)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS dataset-fashion-mnist)
endif()
include(CPack)
