# cmake --install: headers, libraries, a CMake package (find_package(Fallow)), pkg-config files, the command.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/Fallow)
file(RELATIVE_PATH prefix_from_pkgconfig /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)

# fallow_install(<name>): the library fallow::<name>, its headers, its part of the CMake package, its pkg-config file.
function(fallow_install name)
  set(export Fallow_${name})
  set_target_properties(fallow_${name} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS fallow_${name} EXPORT ${export} COMPONENT development
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT ${export} NAMESPACE fallow:: DESTINATION ${package_directory} COMPONENT development)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${name}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT development)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/fallow-${name}.pc.in ${PROJECT_BINARY_DIR}/fallow-${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/fallow-${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT development)
endfunction()

fallow_install(kernels)
if(FALLOW_BUILD_RUNTIME)
  fallow_install(runtime)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/FindOnnxProto.cmake DESTINATION ${package_directory} COMPONENT development)
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/FallowConfig.cmake.in ${PROJECT_BINARY_DIR}/FallowConfig.cmake
  INSTALL_DESTINATION ${package_directory})
# Before 1.0, a minor version may change anything.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/FallowConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/FallowConfig.cmake ${PROJECT_BINARY_DIR}/FallowConfigVersion.cmake
  DESTINATION ${package_directory} COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/libfallow-dev RENAME copyright
  COMPONENT development)

if(FALLOW_BUILD_TOOLS)
  install(TARGETS fallow RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/fallow RENAME copyright
    COMPONENT command)
endif()
