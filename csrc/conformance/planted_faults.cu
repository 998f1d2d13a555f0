// Two faults planted for compute-sanitizer: what it finds here, it would have found in a kernel.
// A tool that stays silent about them was not looking.
//
//   nvcc -gencode=arch=compute_90a,code=sm_90a planted_faults.cu -o planted
//   compute-sanitizer --tool memcheck ./planted memcheck
#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>

namespace {

constexpr int THREADS = 128, WORDS = 256;

__global__ void write_past_the_end(int* words, int count) {
  if (threadIdx.x == 0) words[count] = 1;
}

// Each thread reads what its neighbour in another warp writes, with no barrier in between.
__global__ void race_in_shared_memory(int* words) {
  __shared__ int shared[THREADS];
  shared[threadIdx.x] = static_cast<int>(threadIdx.x);
  words[threadIdx.x] = shared[(threadIdx.x + THREADS / 2) % THREADS];
}

}  // namespace

int main(int count, char** arguments) {
  int* words = nullptr;
  if (count != 2 || cudaMalloc(&words, WORDS * sizeof *words) != cudaSuccess) return 2;
  if (std::strcmp(arguments[1], "memcheck") == 0) write_past_the_end<<<1, THREADS>>>(words, WORDS);
  if (std::strcmp(arguments[1], "racecheck") == 0) race_in_shared_memory<<<1, THREADS>>>(words);
  std::printf("planted: %s\n", cudaGetErrorString(cudaDeviceSynchronize()));
  return 0;
}
