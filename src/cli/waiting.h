// How the threads of a run wait for work.
#pragma once

namespace slipway {

// Has OpenMP's threads spin for some 50 microseconds before they sleep, unless the environment says otherwise
// (OMP_WAIT_POLICY, GOMP_SPINCOUNT). libgomp's own default is some milliseconds: where another process wants the cores,
// threads then burn their share of them waiting for each other (a training run beside eight busy processes took eight
// times as long). libgomp reads its settings once, when it is loaded, so the program starts itself anew with
// GOMP_SPINCOUNT set; it does nothing on a single core, and goes on as it is where that fails.
// Requires: no other thread runs and nothing was read from standard input or written yet.
void wait_briefly(char** argv);

}  // namespace slipway
