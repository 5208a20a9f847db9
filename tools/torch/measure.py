#!/usr/bin/python3
"""Times of PyTorch with its own dropout and with Fallow's, for tools/torch/README.md:

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE PYTHONPATH=build/release/tools/torch tools/torch/measure.py

Off and on alternate, with an uncounted step after each switch; a number is the median over the rounds, in milliseconds.
An operation's outputs are new memory each time, as they are for a user.
"""
import argparse
import os
import statistics
import time

import torch
from torch import nn

import fallow_torch


def dropout(p):
    """Forward and backward at (64, 512, 768)."""
    x = torch.randn(64, 512, 768, requires_grad=True)
    dy = torch.randn(64, 512, 768)

    def step():
        x.grad = None
        nn.functional.dropout(x, p).backward(dy)

    return step


def training_step(network, x, target, loss):
    """Forward, backward and Adam."""
    optimizer = torch.optim.Adam(network.train().parameters(), foreach=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(network(x), target).backward()
        optimizer.step()

    return step


def transformer():
    """Two encoder layers on 16 sequences of 128 tokens."""
    layer = nn.TransformerEncoderLayer(d_model=256, nhead=4, dim_feedforward=1024, dropout=0.1, batch_first=True)
    x, target = torch.randn(16, 128, 256), torch.randn(16, 128, 256)
    return training_step(nn.TransformerEncoder(layer, num_layers=2), x, target, nn.MSELoss())


def lesson():
    """Dense layers with dropout between them, on a batch of 128 rows."""
    network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 64), nn.ReLU(),
                            nn.Dropout(0.3), nn.Linear(64, 1))
    return training_step(network, torch.randn(128, 784), torch.rand(128, 1).round(), nn.BCEWithLogitsLoss())


def rows():
    """What is timed, and how many steps are one measurement."""
    yield 'dropout, (64, 512, 768), p = 0.5', dropout(0.5), 3
    yield 'dropout, (64, 512, 768), p = 0.1', dropout(0.1), 3
    yield 'training step, transformer, p = 0.1', transformer(), 3
    yield 'training step, 784-128-64-1, p = 0.5, 0.3', lesson(), 50


def milliseconds(step, count):
    step()  # Finds memory and caches as the other side left them.
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count * 1e3


def measure(step, count, rounds):
    """The medians with Fallow off and on."""
    times = {False: [], True: []}
    for _ in range(rounds):
        for on in times:
            (fallow_torch.enable if on else fallow_torch.disable)()
            times[on].append(milliseconds(step, count))
    return [statistics.median(times[on]) for on in times]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--rounds', type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f'PyTorch {torch.__version__}, medians of {rounds} rounds\n')
    print('| ms | threads | off | on | times as fast |\n|---|---|---|---|---|')
    for threads in sorted({1, os.cpu_count() or 1}):
        torch.set_num_threads(threads)
        for name, step, count in rows():
            off, on = measure(step, count, rounds)
            print(f'| {name} | {threads} | {off:.3g} | {on:.3g} | {off / on:.1f} |', flush=True)


if __name__ == '__main__':
    main()
