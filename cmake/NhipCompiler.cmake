# How everything is compiled: C17, the warnings of the house, hardening, sanitizers.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(NHIP_WERROR "treat warnings as errors" OFF)
option(NHIP_TESTS "build the tests" ON)
option(NHIP_FUZZ "build the libFuzzer targets (Clang)" OFF)
option(NHIP_COVERAGE "instrument for gcov" OFF)
set(NHIP_SANITIZE "" CACHE STRING "value of -fsanitize=, empty for none")

add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64 NHIP_VERSION="${PROJECT_VERSION}")
add_compile_options(
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wcast-qual -Wformat=2 -Wundef -Wvla
    -fno-strict-aliasing -fno-common -ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections)

if(NHIP_WERROR)
    add_compile_options(-Werror)
endif()
if(NHIP_SANITIZE)
    add_compile_options(-fsanitize=${NHIP_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=${NHIP_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 -fPIE)
    add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
if(NHIP_FUZZ) # without this libFuzzer sees nothing of what an input does
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(NHIP_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
