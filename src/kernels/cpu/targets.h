// Which instruction sets the vector kernels are compiled for. Included before hwy/foreach_target.h.
#pragma once

// Every machine with SSSE3 worth its compile time has SSE4.
#define HWY_DISABLED_TARGETS HWY_SSSE3
