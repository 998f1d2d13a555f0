// Who called a wrapper: the last parameter of each, so that the emulator can name the source line.
//
// Default arguments are evaluated where the call is written, so file and line are the kernel's.
// Device code carries a constant nobody reads, which inlining removes.
#pragma once

#ifdef __CUDACC__
#define SPARSEK_CALLER int = 0
#else
#define SPARSEK_CALLER const char *file = __builtin_FILE(), int line = __builtin_LINE()
#endif
