// Operand lists for wgmma's inline PTX, which cannot loop: how 4 to 128 accumulators are written
// in the instruction's text and bound to d[0], d[1], ...
#pragma once

// clang-format off
#define SPARSEK_TEXT_4 "%0, %1, %2, %3"
#define SPARSEK_TEXT_8 SPARSEK_TEXT_4 ", %4, %5, %6, %7"
#define SPARSEK_TEXT_16 SPARSEK_TEXT_8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define SPARSEK_TEXT_32 SPARSEK_TEXT_16  \
  ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define SPARSEK_TEXT_48 SPARSEK_TEXT_32  \
  ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
#define SPARSEK_TEXT_64 SPARSEK_TEXT_48  \
  ", %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define SPARSEK_TEXT_96 SPARSEK_TEXT_64  \
  ", %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79" \
  ", %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define SPARSEK_TEXT_128 SPARSEK_TEXT_96  \
  ", %96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111" \
  ", %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"

#define SPARSEK_BIND_4(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define SPARSEK_BIND_8(d, i) SPARSEK_BIND_4(d, i), SPARSEK_BIND_4(d, i + 4)
#define SPARSEK_BIND_16(d, i) SPARSEK_BIND_8(d, i), SPARSEK_BIND_8(d, i + 8)
#define SPARSEK_BIND_32(d, i) SPARSEK_BIND_16(d, i), SPARSEK_BIND_16(d, i + 16)
#define SPARSEK_BIND_48(d, i) SPARSEK_BIND_32(d, i), SPARSEK_BIND_16(d, i + 32)
#define SPARSEK_BIND_64(d, i) SPARSEK_BIND_32(d, i), SPARSEK_BIND_32(d, i + 32)
#define SPARSEK_BIND_96(d, i) SPARSEK_BIND_64(d, i), SPARSEK_BIND_32(d, i + 64)
#define SPARSEK_BIND_128(d, i) SPARSEK_BIND_64(d, i), SPARSEK_BIND_64(d, i + 64)
// clang-format on
