# One static library per folder of src/.  main.c is the program's own and in no library; a .S links
# data files.
function(floor name)
  cmake_parse_arguments(arg "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS src/${name}/*.c src/${name}/*.S)
  list(FILTER sources EXCLUDE REGEX "/main\\.c$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_USES} ${arg_LIBRARIES})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_definitions(${name} PUBLIC _GNU_SOURCE
    PRIVATE GATEHOUSE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PUBLIC ${arg_USES} ${arg_LIBRARIES} PRIVATE warnings hardening)
endfunction()
