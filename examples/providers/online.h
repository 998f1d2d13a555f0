#pragma once
#include <cmath>

// The weighted mean of values whose scores come one by one.
struct Online {
    float largest = -INFINITY, total = 0;
    // What the values so far are to be multiplied by; `weight` is for the new one.
    float add(float score, float &weight) {
        const float grown = std::fmax(largest, score), fade = std::exp(largest - grown);
        weight = std::exp(score - grown);
        total = total * fade + weight;
        largest = grown;
        return fade;
    }
};
