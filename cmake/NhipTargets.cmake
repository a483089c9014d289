# nhip_program(NAME LIB <static library target> LIBS <link libraries...>)
#   globs this folder's *.c but main.c into a static library (so tests link all but main) and
#   links main.c with it into the program NAME.
function(nhip_program name)
    cmake_parse_arguments(A "" "LIB" "LIBS;SOURCES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.c")
    list(FILTER sources EXCLUDE REGEX "/main\\.c$")
    list(APPEND sources ${A_SOURCES})
    add_library(${A_LIB} STATIC ${sources})
    target_link_libraries(${A_LIB} PUBLIC nhip ${A_LIBS})
    add_executable(${name} main.c)
    target_link_libraries(${name} PRIVATE ${A_LIB})
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
endfunction()
