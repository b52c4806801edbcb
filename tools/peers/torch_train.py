#!/usr/bin/python3
"""Times training steps of the models of benchmarks/training.cc in PyTorch (Debian's python3-torch).

    torch_train.py MODEL [--threads T]

Forward, cross-entropy, backward and Adam on random data; prints a JSON line: {"runtime", "version", "model", "threads",
"median_us", "peak_mib"}. The peak is what VmHWM grew by from just before the model is built. Convolutional models run in
both memory formats and the faster one counts.
"""
import argparse
import json
import os
import time

SECONDS = 2.0


def memory_mib(field: str) -> float:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


def lenet(nn):
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                         nn.Linear(84, 10))


def resnet20(nn):
    class Block(nn.Module):
        def __init__(self, inputs, filters, stride):
            super().__init__()
            self.main = nn.Sequential(nn.Conv2d(inputs, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters),
                                      nn.ReLU(inplace=True), nn.Conv2d(filters, filters, 3, 1, 1, bias=False),
                                      nn.BatchNorm2d(filters))
            self.shortcut = nn.Sequential()
            if stride == 2:
                self.shortcut = nn.Sequential(nn.Conv2d(inputs, filters, 1, 2, bias=False), nn.BatchNorm2d(filters))
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.main(x) + self.shortcut(x))

    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    inputs = 16
    for stage in range(3):
        for block in range(3):
            filters = 16 << stage
            layers.append(Block(inputs, filters, 2 if stage > 0 and block == 0 else 1))
            inputs = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def lstm(nn):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(64, 256, num_layers=2, batch_first=True)
            self.head = nn.Linear(256, 10)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    return Model()


def transformer(nn):
    import torch

    class Block(nn.Module):
        def __init__(self, width, heads, inner, steps):
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
            self.register_buffer("mask", torch.triu(torch.full((steps, steps), float("-inf")), 1))

        def forward(self, x):
            n, t, width = x.shape
            q, k, v = self.qkv(self.norm1(x)).view(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
            scores = (q * (width // self.heads) ** -0.5) @ k.transpose(-2, -1) + self.mask
            y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, width)
            x = x + self.out(y)
            return x + self.mlp(self.norm2(x))

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(65, 256), nn.Parameter(torch.randn(128, 256) * 0.02)
            self.blocks = nn.Sequential(*[Block(256, 8, 1024, 128) for _ in range(6)])
            self.norm, self.head = nn.LayerNorm(256), nn.Linear(256, 65)

        def forward(self, x):
            return self.head(self.norm(self.blocks(self.tokens(x) + self.positions)))

    return Model()


def data(torch, name):
    if name == "transformer":
        return torch.randint(0, 65, (16, 128)), torch.randint(0, 65, (16, 128))
    shape = {"lenet": (64, 1, 28, 28), "resnet20": (64, 3, 32, 32), "lstm": (32, 64, 64)}[name]
    return torch.randn(shape), torch.randint(0, 10, (shape[0],))


def time_steps(torch, name: str, channels_last: bool) -> float:
    torch.manual_seed(1)
    model = globals()[name](torch.nn)
    x, y = data(torch, name)
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters())
    loss = torch.nn.CrossEntropyLoss()

    def step() -> float:
        start = time.perf_counter_ns()
        optimizer.zero_grad(set_to_none=True)
        out = model(x)
        loss(out.reshape(-1, out.shape[-1]), y.reshape(-1)).backward()
        optimizer.step()
        return (time.perf_counter_ns() - start) / 1000

    step()
    runs = max(5, min(2000, int(SECONDS * 1e6 / sorted(step() for _ in range(3))[1])))
    for _ in range(runs // 10):
        step()
    return sorted(step() for _ in range(runs))[runs // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=["lenet", "resnet20", "lstm", "transformer"])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    # OpenMP reads this when PyTorch loads it; OpenBLAS has threads of its own, which OPENBLAS_NUM_THREADS counts.
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    import torch

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    before = memory_mib("VmRSS:")
    best = time_steps(torch, options.model, False)
    peak = memory_mib("VmHWM:") - before
    if options.model in ("lenet", "resnet20"):
        best = min(best, time_steps(torch, options.model, True))
    print(json.dumps({"runtime": "PyTorch", "version": torch.__version__, "model": options.model,
                      "threads": options.threads, "median_us": round(best, 2), "peak_mib": round(peak, 1)}))


if __name__ == "__main__":
    main()
