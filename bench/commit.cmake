# Writes the commit that SOURCE is at to the header OUTPUT, if that changed.
cmake_minimum_required(VERSION 3.25)
find_package(Git QUIET)
set(commit unknown)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --dirty
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define FALLOW_COMMIT \"@commit@\"\n" @ONLY)
