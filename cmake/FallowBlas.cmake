# Finds the BLAS that FALLOW_BLAS names, and links it.
#
# The static archive of the serial build, by its own path: a shared one is chosen among all installed by the system's
# alternatives when a program starts, and may bring threads of its own.
include_guard(GLOBAL)

if(FALLOW_BLAS STREQUAL openblas)
  set(_package libopenblas-serial-dev)
elseif(FALLOW_BLAS STREQUAL blis)
  set(_package libblis-serial-dev)
else()
  message(FATAL_ERROR "FALLOW_BLAS is \"${FALLOW_BLAS}\", expected openblas or blis")
endif()
# Debian's folders of one build, and no others: the same names one folder up follow the alternatives.
foreach(prefix IN LISTS CMAKE_PREFIX_PATH CMAKE_SYSTEM_PREFIX_PATH)
  list(APPEND _library_paths ${prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}/${FALLOW_BLAS}-serial)
  list(APPEND _include_paths ${prefix}/include/${CMAKE_LIBRARY_ARCHITECTURE}/${FALLOW_BLAS}-serial)
endforeach()
find_library(FALLOW_BLAS_LIBRARY_${FALLOW_BLAS} lib${FALLOW_BLAS}.a PATHS ${_library_paths} NO_DEFAULT_PATH
  DOC "Static archive of a serial build of ${FALLOW_BLAS}")
find_path(FALLOW_BLAS_INCLUDE_DIR_${FALLOW_BLAS} cblas.h PATHS ${_include_paths} NO_DEFAULT_PATH
  DOC "Directory of that build's cblas.h")
set(FALLOW_BLAS_LIBRARY ${FALLOW_BLAS_LIBRARY_${FALLOW_BLAS}})
set(FALLOW_BLAS_INCLUDE_DIR ${FALLOW_BLAS_INCLUDE_DIR_${FALLOW_BLAS}})
if(NOT FALLOW_BLAS_LIBRARY OR NOT FALLOW_BLAS_INCLUDE_DIR)
  message(FATAL_ERROR
    "No serial build of ${FALLOW_BLAS} found. On Debian install ${_package}; elsewhere set "
    "FALLOW_BLAS_LIBRARY_${FALLOW_BLAS} to its static archive and FALLOW_BLAS_INCLUDE_DIR_${FALLOW_BLAS} to the "
    "directory of its cblas.h. FALLOW_BUILD_RUNTIME=OFF builds the kernels alone.")
endif()

function(fallow_link_blas target)
  find_package(Threads REQUIRED)
  target_include_directories(${target} SYSTEM PRIVATE ${FALLOW_BLAS_INCLUDE_DIR})
  target_link_libraries(${target} PRIVATE ${FALLOW_BLAS_LIBRARY} Threads::Threads m)
  target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/runtime/${FALLOW_BLAS}.cc)
  set(wrapped)
  if(FALLOW_BLAS STREQUAL openblas)
    # See runtime/openblas.cc. Whoever links the archive wraps: the library if it is a shared one, else its users.
    set(wrapped -Wl,--wrap=blas_memory_alloc -Wl,--wrap=blas_memory_free)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL SHARED_LIBRARY)
      target_link_options(${target} PRIVATE ${wrapped})
    else()
      target_link_options(${target} INTERFACE ${wrapped})
    endif()
  endif()
  list(JOIN wrapped " " wrapped)
  set(FALLOW_BLAS_LINK_FLAGS "${wrapped} ${FALLOW_BLAS_LIBRARY}" CACHE INTERNAL "What a pkg-config file says of the BLAS")
endfunction()
