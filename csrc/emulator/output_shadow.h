// A shadow of the output: which elements were written, and by whom. Global memory, so it outlives
// CTAs: a launch must write each watched element exactly once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace emulator {

class OutputShadow {
 public:
  static constexpr int RANK = 4;

  // Watches a [batch, heads, seq, dim] tensor of 16-bit elements for the next launch; strides
  // count elements. A null base stops watching.
  void watch(void* base, const int64_t (&sizes)[RANK], const int64_t (&strides)[RANK]);

  // Of watched elements only; others are nobody's business.
  void write(const void* address, size_t bytes, int thread, const char* file, int line);

  // At the end of a sound launch, which ends the watch.
  void check_all_written();

 private:
  std::string named(size_t element) const;
  size_t offset_of(size_t element) const;  // from the base, in elements

  const uint8_t* base_ = nullptr;
  int64_t sizes_[RANK] = {};
  int64_t strides_[RANK] = {};
  size_t elements_ = 0;
  std::vector<int32_t> index_;  // per element of the span: which element of the tensor, or -1
  std::vector<bool> written_;   // per element of the tensor
};

OutputShadow& output_shadow();

}  // namespace emulator
