# Release builds only; sanitizer builds bring their own checks.
add_library(hardening INTERFACE)
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_options(hardening INTERFACE
    -fno-plt # all symbols are bound at start anyway: calls into libraries go straight there
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
    $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection>)
  target_link_options(hardening INTERFACE -Wl,-z,relro,-z,now -pie)
endif()
