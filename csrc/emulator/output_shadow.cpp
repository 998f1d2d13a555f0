#include "emulator/output_shadow.h"

#include "emulator/cta.h"

namespace emulator {
namespace {

constexpr size_t ELEMENT_BYTES = 2;

}  // namespace

OutputShadow& output_shadow() {
  static OutputShadow it;
  return it;
}

void OutputShadow::watch(void* base, const int64_t (&sizes)[RANK], const int64_t (&strides)[RANK]) {
  base_ = static_cast<const uint8_t*>(base);
  elements_ = 1;
  size_t span = 1;
  for (int i = 0; i < RANK; ++i) {
    sizes_[i] = sizes[i];
    strides_[i] = strides[i];
    elements_ *= static_cast<size_t>(sizes[i]);
    span += static_cast<size_t>((sizes[i] - 1) * strides[i]);
  }
  if (base_ == nullptr) elements_ = span = 0;
  written_.assign(elements_, false);
  index_.assign(span, -1);
  for (size_t i = 0; i < elements_; ++i) index_[offset_of(i)] = static_cast<int32_t>(i);
}

void OutputShadow::write(const void* address, size_t bytes, int thread, const char* file,
                         int line) {
  const auto start = reinterpret_cast<uintptr_t>(address);
  const auto base = reinterpret_cast<uintptr_t>(base_);
  for (uintptr_t at = start; at < start + bytes; at += ELEMENT_BYTES) {
    if (at < base || at >= base + index_.size() * ELEMENT_BYTES) continue;
    const int32_t element = index_[(at - base) / ELEMENT_BYTES];
    if (element < 0) continue;
    if (written_[static_cast<size_t>(element)])
      fault("output element %s is written twice: now by thread %d at %s",
            named(static_cast<size_t>(element)).c_str(), thread, place(file, line).c_str());
    written_[static_cast<size_t>(element)] = true;
  }
}

void OutputShadow::check_all_written() {
  const std::vector<bool> written = std::move(written_);
  written_.clear();
  index_.clear();
  for (size_t i = 0; i < written.size(); ++i)
    if (!written[i]) fault("output element %s was never written", named(i).c_str());
}

std::string OutputShadow::named(size_t element) const {
  std::string text = "]";
  for (int i = RANK - 1; i >= 0; --i) {
    const auto size = static_cast<size_t>(sizes_[i]);
    text = (i > 0 ? ", " : "[") + std::to_string(element % size) + text;
    element /= size;
  }
  return text;
}

size_t OutputShadow::offset_of(size_t element) const {
  size_t offset = 0;
  for (int i = RANK - 1; i >= 0; --i) {
    const auto size = static_cast<size_t>(sizes_[i]);
    offset += element % size * static_cast<size_t>(strides_[i]);
    element /= size;
  }
  return offset;
}

}  // namespace emulator
