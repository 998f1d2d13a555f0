// Boxes of tensors: where TMA puts what it loads, and what it stores past an end.
#pragma once

#include "conformance/probes.cuh"
#include "conformance/questions.cuh"

namespace questions {

using namespace probes;

// A matrix, no element like another.
constexpr int COLUMNS = 128, ROWS = 200;

inline uint16_t* numbered(Buffer<uint16_t>& tensor) {
  for (int i = 0; i < tensor.count(); ++i) tensor.data[i] = static_cast<uint16_t>(i + 1);
  return tensor.sent();
}

// Boxes of it. The kernel's maps have rank 4: these show how a map is walked at all.
inline void matrix_cases(Report& report) {
  Buffer<uint16_t> tensor(COLUMNS * ROWS);
  uint16_t* const source = numbered(tensor);
  const struct {
    Use use;
    const char* question;
    cuuint32_t columns, rows;
    CUtensorMapSwizzle swizzle;
    int c0, c1;
  } boxes[] = {
      {USED, "TMA load {64, 64} 128B", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 0, 0},
      {APART, "TMA load {64, 128} 128B", 64, 128, CU_TENSOR_MAP_SWIZZLE_128B, 64, 3},
      {APART, "TMA load {32, 64} 128B: rows half a swizzle wide", 32, 64,
       CU_TENSOR_MAP_SWIZZLE_128B, 0, 0},
      {APART, "TMA load {32, 64} 64B", 32, 64, CU_TENSOR_MAP_SWIZZLE_64B, 0, 0},
      {APART, "TMA load {16, 64} 32B", 16, 64, CU_TENSOR_MAP_SWIZZLE_32B, 0, 0},
      {APART, "TMA load {64, 64} without swizzle", 64, 64, CU_TENSOR_MAP_SWIZZLE_NONE, 0, 0},
      {USED, "TMA load, rows past the end", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 0, 180},
      {APART, "TMA load, columns past the end", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, 100, 0},
      {APART, "TMA load, before the start", 64, 64, CU_TENSOR_MAP_SWIZZLE_128B, -5, -7},
      {APART, "TMA load, wholly outside: zeros and the full count", 64, 64,
       CU_TENSOR_MAP_SWIZZLE_128B, 4096, 4096},
  };
  for (const auto& box : boxes) {
    const int bytes = static_cast<int>(2 * box.columns * box.rows);
    Buffer<uint4> dump(bytes / 16);
    run(WARPGROUP, tma_load,
        map_of(source, matrix(COLUMNS, ROWS, box.columns, box.rows, box.swizzle)), 2, box.c0,
        box.c1, 0, 0, bytes, dump.sent());
    report.line(box.use, box.question, dump);
  }
}

// Two boxes before their bytes are expected, and one stored past a corner.
inline void square_cases(Report& report) {
  Buffer<uint16_t> tensor(COLUMNS * ROWS);
  uint16_t* const source = numbered(tensor);
  const Walk<2> square = matrix(COLUMNS, ROWS, 64, 64, CU_TENSOR_MAP_SWIZZLE_128B);
  Buffer<uint4> twice(2 * 8192 / 16);
  run(WARPGROUP, mbarrier_bytes, map_of(source, square), 8192, twice.sent());
  report.line(APART, "two loads, bytes before their expectation", twice);
  Buffer<uint16_t> target(COLUMNS * ROWS);
  run(WARPGROUP, tma_store, map_of(target.sent(), square), 2, 100, 180, 0, 0, 8192,
      reinterpret_cast<const uint32_t*>(source));
  report.line(APART, "TMA store, rows and columns past the end", target);
}

// The kernel's maps: {dim, seq, heads, batch}, boxes of 64 rows of 64 elements of one head.
struct Heads {
  static constexpr int DIM = 128, SEQ = 150, HEADS = 3, BATCH = 2, WIDE = DIM + 8;
  static constexpr int COUNT = BATCH * HEADS * SEQ * WIDE + 64, BOX_BYTES = 64 * 64 * 2;
  static constexpr cuuint64_t ROW = 2 * WIDE;

  Walk<4> in_turn = walk(ROW, SEQ * ROW);  // [batch, heads, seq, dim]
  Walk<4> woven = walk(HEADS * ROW, ROW);  // [batch, seq, heads, dim]
  Walk<4> alone = in_turn;                 // sizes of one: strides that lead nowhere

  Heads() {
    alone.sizes[2] = alone.sizes[3] = 1;
    alone.strides_bytes[1] = alone.strides_bytes[2] = 2 * DIM;
  }

  static Walk<4> walk(cuuint64_t stride_s, cuuint64_t stride_h) {
    return {{DIM, SEQ, HEADS, BATCH},
            {stride_s, stride_h, HEADS * SEQ * ROW},
            {64, 64, 1, 1},
            CU_TENSOR_MAP_SWIZZLE_128B,
            CU_TENSOR_MAP_DATA_TYPE_FLOAT16};
  }
};

struct HeadBox {
  const char* question;
  const Walk<4>& walk;
  int column, row, head, batch;
};

inline void head_loads(Report& report, const Heads& of, uint16_t* source) {
  const HeadBox boxes[] = {
      {"TMA 4D load, head 2 of batch 1", of.in_turn, 0, 64, 2, 1},
      {"TMA 4D load, second columns", of.in_turn, 64, 64, 1, 1},
      {"TMA 4D load, past the end of seq, where head 2 starts", of.in_turn, 64, 128, 1, 0},
      {"TMA 4D load, past the end of seq of the last head", of.in_turn, 0, 128, 2, 1},
      {"TMA 4D load, wholly past the end of seq", of.in_turn, 0, 192, 0, 1},
      {"TMA 4D load, heads woven", of.woven, 64, 3, 2, 1},
      {"TMA 4D load, heads woven, past the end of seq", of.woven, 0, 100, 1, 0},
      {"TMA 4D load, one head of one batch", of.alone, 64, 128, 0, 0},
  };
  for (const HeadBox& box : boxes) {
    Buffer<uint4> dump(Heads::BOX_BYTES / 16);
    run(WARPGROUP, tma_load, map_of(source, box.walk), 4, box.column, box.row, box.head, box.batch,
        Heads::BOX_BYTES, dump.sent());
    report.line(USED, box.question, dump);
  }
}

inline void head_stores(Report& report, const Heads& of, const uint16_t* source) {
  const HeadBox boxes[] = {
      {"TMA 4D store, head 2 of batch 1", of.in_turn, 64, 64, 2, 1},
      {"TMA 4D store, past the end of seq, where head 2 starts", of.in_turn, 0, 128, 1, 0},
      {"TMA 4D store, heads woven, past the end of seq", of.woven, 64, 100, 1, 1},
      {"TMA 4D store, one head of one batch", of.alone, 0, 100, 0, 0},
  };
  for (const HeadBox& box : boxes) {
    Buffer<uint16_t> target(Heads::COUNT);
    run(WARPGROUP, tma_store, map_of(target.sent(), box.walk), 4, box.column, box.row, box.head,
        box.batch, Heads::BOX_BYTES, reinterpret_cast<const uint32_t*>(source));
    report.line(USED, box.question, target);
  }
}

inline void head_cases(Report& report) {
  Buffer<uint16_t> tensor(Heads::COUNT);
  // Any bits, NaN included: nothing may be changed on the way.
  for (int i = 0; i < tensor.count(); ++i)
    tensor.data[i] = static_cast<uint16_t>(static_cast<uint32_t>(i) * 40503u >> 3);
  uint16_t* const source = tensor.sent();
  const Heads heads;
  head_loads(report, heads, source);
  head_stores(report, heads, source);
}

}  // namespace questions
