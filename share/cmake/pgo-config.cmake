# find_package(pgo CONFIG): for projects whose compiler is gcc itself.
#
#   find_package(pgo CONFIG REQUIRED)
#   target_link_libraries(server PRIVATE pgo::pgo)
#
# pgo::pgo compiles with stack checks and links through pgo's linker, as
# pgo.pc says; link all of a project's targets with it.  A shared library takes
# the runtime from its program.  Where CMAKE_C_COMPILER is pgo-cc there is
# nothing to add, and the target is empty.

if(TARGET pgo::pgo)
  return()
endif()
get_filename_component(_pgo_lib "${CMAKE_CURRENT_LIST_DIR}/../.." REALPATH)
get_filename_component(_pgo_include "${_pgo_lib}/../include" REALPATH)
get_filename_component(_pgo_cc "${CMAKE_C_COMPILER}" NAME)

if(NOT _pgo_cc STREQUAL "pgo-cc" AND NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(pgo_FOUND FALSE)
  set(pgo_NOT_FOUND_MESSAGE
    "${CMAKE_C_COMPILER} is not gcc (use -DCMAKE_C_COMPILER=pgo-cc)")
  return()
endif()

add_library(pgo::pgo INTERFACE IMPORTED)
if(NOT _pgo_cc STREQUAL "pgo-cc")
  set_target_properties(pgo::pgo PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_pgo_include}"
    INTERFACE_COMPILE_OPTIONS "$<$<COMPILE_LANGUAGE:C>:-fsplit-stack;\
-fno-omit-frame-pointer;-fno-optimize-sibling-calls>"
    INTERFACE_LINK_OPTIONS "-fsplit-stack;-B${_pgo_lib}/pgo/"
    INTERFACE_LINK_LIBRARIES "${_pgo_lib}/libpgo.a;m")
endif()
unset(_pgo_cc)
unset(_pgo_include)
unset(_pgo_lib)
