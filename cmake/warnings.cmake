add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wcast-qual -Wpointer-arith
  -Wformat=2 -Wundef -Wvla -Walloca -Wdouble-promotion -Wimplicit-fallthrough -Wswitch-enum
  -Wnull-dereference -Wredundant-decls
  $<$<C_COMPILER_ID:GNU>:-Wcast-align=strict -Wformat-signedness -Wduplicated-cond
  -Wduplicated-branches -Wlogical-op -Wjump-misses-init -Wtrampolines>)
