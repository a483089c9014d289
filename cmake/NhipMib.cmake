# Where NHIP-MIB hangs in the tree of object identifiers. Without a number of one's own it is in
# net-snmp's playpen, which is for trying out: two parties who both use it collide.
set(NHIP_ENTERPRISE "" CACHE STRING "private enterprise number (IANA) for NHIP-MIB; empty for net-snmp's playpen")

# nhip_mib(OUTPUT): mibs/NHIP-MIB.txt with that root; NHIP_MIB_ROOT is the root as C numbers.
function(nhip_mib output)
    set(source "${CMAKE_SOURCE_DIR}/mibs/NHIP-MIB.txt")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
    file(READ "${source}" text)
    set(root "1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 847")
    if(NOT NHIP_ENTERPRISE STREQUAL "")
        if(NOT NHIP_ENTERPRISE MATCHES "^[1-9][0-9]*$")
            message(FATAL_ERROR "NHIP_ENTERPRISE is a number: ${NHIP_ENTERPRISE}")
        endif()
        set(root "1, 3, 6, 1, 4, 1, ${NHIP_ENTERPRISE}")
        string(REPLACE "Integer32\n        FROM SNMPv2-SMI" "Integer32, enterprises\n        FROM SNMPv2-SMI" text "${text}")
        string(REPLACE "FRAMEWORK-MIB\n    netSnmpPlaypen\n        FROM NET-SNMP-MIB;" "FRAMEWORK-MIB;" text "${text}")
        string(REPLACE "{ netSnmpPlaypen 847 }" "{ enterprises ${NHIP_ENTERPRISE} }" text "${text}")
    endif()
    file(CONFIGURE OUTPUT "${output}" CONTENT "${text}" @ONLY)
    set(NHIP_MIB_ROOT "${root}" PARENT_SCOPE)
endfunction()
