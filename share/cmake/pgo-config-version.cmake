# The version is told in one place: pgo.pc, beside this folder or, in Debian,
# in a folder of the architecture's.
file(GLOB _pgo_pc "${CMAKE_CURRENT_LIST_DIR}/../../pkgconfig/pgo.pc"
  "${CMAKE_CURRENT_LIST_DIR}/../../*/pkgconfig/pgo.pc")
list(GET _pgo_pc 0 _pgo_pc)
file(STRINGS "${_pgo_pc}" _pgo_version REGEX "^Version: ")
string(REPLACE "Version: " "" PACKAGE_VERSION "${_pgo_version}")
unset(_pgo_version)
unset(_pgo_pc)

if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
