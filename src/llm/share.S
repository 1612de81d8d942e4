/*
 * The files of share/ as read-only data: llm/share.h.  They are found through the include path and
 * are in the list of what this object depends on (CMakeLists.txt), for the compiler does not see it.
 */
#define FILE_AS(name, path) \
    .hidden name##_begin; .globl name##_begin; name##_begin: .incbin path; \
    .hidden name##_end; .globl name##_end; name##_end: .byte 0

    .section .rodata
FILE_AS(share_models, "models.json")
FILE_AS(share_providers, "providers.json")
    .balign 64
FILE_AS(share_o200k_base, "o200k_base.bin")

/* No code here, and none that needs an executable stack. */
    .section .note.GNU-stack, "", %progbits
