#pragma once

// The sum over a block of 128 threads, in every thread.
__device__ inline float block_sum(float mine) {
    __shared__ float parts[4];
    for (int step = 16; step; step /= 2) mine += __shfl_xor_sync(0xffffffff, mine, step);
    __syncthreads();
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = mine;
    __syncthreads();
    return parts[0] + parts[1] + parts[2] + parts[3];
}
