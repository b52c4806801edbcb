#!/usr/bin/python3
"""Times one training step of the 784-128-10 model in PyTorch (Debian's python3-torch).

    torch_bench.py [--steps N] [--batch B...] [--threads T]

Forward, cross-entropy, backward and Adam on random data; prints a JSON line for each batch size:
{"runtime", "version", "batch", "threads", "steps", "median_us", "p10_us", "p90_us"}.
"""
import argparse
import json
import os
import time


def time_steps(torch, batch: int, steps: int) -> list[float]:
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters())
    loss = torch.nn.CrossEntropyLoss()
    x = torch.rand(batch, 784)
    y = torch.randint(0, 10, (batch,))
    times = []
    for step in range(steps + steps // 10):
        start = time.perf_counter_ns()
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()
        if step >= steps // 10:
            times.append((time.perf_counter_ns() - start) / 1000)
    return sorted(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    # OpenMP and OpenBLAS read these when PyTorch loads them.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
    import torch

    torch.set_num_threads(options.threads)
    for batch in options.batch:
        times = time_steps(torch, batch, options.steps)
        p10, median, p90 = (round(times[int(share * (len(times) - 1))], 2) for share in (0.1, 0.5, 0.9))
        print(json.dumps({"runtime": "PyTorch", "version": torch.__version__, "batch": batch,
                          "threads": options.threads, "steps": options.steps, "median_us": median, "p10_us": p10,
                          "p90_us": p90}), flush=True)


if __name__ == "__main__":
    main()
