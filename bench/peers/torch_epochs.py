#!/usr/bin/python3
"""PyTorch's training steps and epochs, written for speed: rows PyTorch/TrainingEpoch/f32/784-1024-1024-10/dropout=on/
batch=128/t=1 in the format of Google Benchmark. The counterparts are in bench/training.cc.

An epoch is the median of all but the first of a training run, and holds shuffling, gathering batches, forward, loss,
backward and Adam, but no evaluation. The accuracy is that of the 10,000 test images after the last epoch.
"""
import argparse
import ctypes
import datetime
import functools
import gzip
import json
import math
import os
import pathlib
import re
import statistics
import sys
import time

EPOCHS = 4
CLASSES = 10
DATA = pathlib.Path('/usr/share/datasets/fashion-mnist')
DENSE = {  # Units, and the rates of dropout before each layer.
    '784-1024-1024-10': ([784, 1024, 1024, 10], [0.2, 0.5, 0.5]),
    '784-128-64-10': ([784, 128, 64, 10], [0, 0.5, 0.3]),
}
NETWORKS = [*DENSE, 'cnn', 'lstm', 'transformer']


def thread_counts():
    """1, 2, 4, … and all that the machine has."""
    count = os.cpu_count() or 1
    powers = [2**i for i in range(count.bit_length())]
    return sorted({power for power in powers if power < count} | {count})


def describe_blas():
    """OpenBLAS's description of itself, with the kernels that it chose, if PyTorch brought one."""
    try:
        describe = ctypes.CDLL('libblas.so.3').openblas_get_config
    except (OSError, AttributeError):
        return 'not OpenBLAS'
    describe.restype = ctypes.c_char_p
    return describe().decode()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--benchmark_filter', default='', metavar='REGEX')
    parser.add_argument('--benchmark_min_time', default=0.5, type=float, metavar='SECONDS', help='of a TrainingStep')
    parser.add_argument('--benchmark_repetitions', default=1, type=int, metavar='N', help='each has a seed of its own')
    parser.add_argument('--benchmark_out', metavar='FILE')
    parser.add_argument('--benchmark_list_tests', nargs='?', const='true', default='false')
    return parser.parse_args()


def make_cnn(torch, dropout):
    nn = torch.nn

    def block(channels, filters):
        return [nn.Conv2d(channels, filters, 3), nn.ReLU(inplace=True), nn.Conv2d(filters, filters, 3), nn.ReLU(inplace=True),
                nn.MaxPool2d(2), *([nn.Dropout(0.25)] if dropout else [])]

    return nn.Sequential(nn.Unflatten(1, (1, 28, 28)), *block(1, 32), *block(32, 64), nn.Flatten(), nn.Linear(1024, 128),
                         nn.ReLU(inplace=True), *([nn.Dropout(0.5)] if dropout else []), nn.Linear(128, CLASSES))


def make_lstm(torch, dropout):
    nn = torch.nn

    class Rows(nn.Module):
        """Two layers over the 28 rows of an image."""

        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(28, 128, num_layers=2, batch_first=True, dropout=0.3 if dropout else 0.0)
            self.dropout = nn.Dropout(0.5) if dropout else nn.Identity()
            self.last = nn.Linear(128, CLASSES)

        def forward(self, x):
            _, (state, _) = self.lstm(x.view(-1, 28, 28))
            return self.last(self.dropout(state[-1]))

    return Rows()


def make_transformer(torch, dropout):
    nn = torch.nn
    block = nn.TransformerEncoderLayer(256, 8, 1024, 0.1 if dropout else 0.0, batch_first=True)
    return nn.Sequential(nn.TransformerEncoder(block, 2), nn.Flatten(), nn.Linear(128 * 256, CLASSES))


MAKERS = {'cnn': make_cnn, 'lstm': make_lstm, 'transformer': make_transformer}


def sample_shape(name):
    return (128, 256) if name == 'transformer' else (784,)


def batch_size(name):
    return 16 if name == 'transformer' else 128


def make_network(torch, name, dropout):
    if name in MAKERS:
        return MAKERS[name](torch, dropout)
    units, rates = DENSE[name]
    layers = []
    for i, rate in enumerate(rates):
        if dropout and rate > 0:
            layers.append(torch.nn.Dropout(rate))
        layers.append(torch.nn.Linear(units[i], units[i + 1]))
        if i + 1 < len(rates):
            layers.append(torch.nn.ReLU(inplace=True))
    return torch.nn.Sequential(*layers)


def read_idx(torch, path):
    """The tensor in a gzip-compressed IDX file of unsigned bytes."""
    content = gzip.decompress(path.read_bytes())
    rank = content[3]
    shape = [int.from_bytes(content[4 * i:4 * i + 4], 'big') for i in range(1, rank + 1)]
    return torch.frombuffer(bytearray(content[4 + 4 * rank:]), dtype=torch.uint8).reshape(shape)


def read_images(torch, prefix):
    images = read_idx(torch, DATA / f'{prefix}-images-idx3-ubyte.gz').flatten(1).float().div_(255)
    return images, read_idx(torch, DATA / f'{prefix}-labels-idx1-ubyte.gz').long()


class Trainer:
    def __init__(self, torch, name, dropout, threads, seed):
        self.torch = torch
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.network = make_network(torch, name, dropout).train()
        self.batch = batch_size(name)
        self.shape = sample_shape(name)
        self.loss = torch.nn.CrossEntropyLoss()
        # One call for all parameters: faster here than a loop over them, which was the default in 1.13.
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3, foreach=True)

    def step(self, x, y):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.network(x), y).backward()
        self.optimizer.step()

    def epoch(self, images, labels):
        for rows in self.torch.randperm(len(images)).split(self.batch):
            self.step(images.index_select(0, rows), labels.index_select(0, rows))

    def accuracy(self, images, labels):
        self.network.eval()
        with self.torch.inference_mode():
            return (self.network(images).argmax(1) == labels).float().mean().item()


def record(name, repetition, repetitions, iterations, real, cpu, **counters):
    """`real` and `cpu`: seconds of an iteration."""
    return {
        'name': name, 'run_name': name, 'run_type': 'iteration', 'repetitions': repetitions,
        'repetition_index': repetition, 'threads': 1, 'iterations': iterations, 'real_time': real * 1e9,
        'cpu_time': cpu * 1e9, 'time_unit': 'ns', **counters,
    }


def measure_step(trainer, min_time):
    """Iterations, wall and processor seconds of one."""
    shape = (trainer.batch, *trainer.shape)
    x = (trainer.torch.arange(math.prod(shape)) * 37 % 256).reshape(shape) / 255
    y = trainer.torch.arange(trainer.batch) % CLASSES
    iterations, real = 5, 0.0
    while True:
        start, cpu_start = time.perf_counter(), time.process_time()
        for _ in range(iterations):
            trainer.step(x, y)
        real, cpu = time.perf_counter() - start, time.process_time() - cpu_start
        if real >= min_time:
            return iterations, real / iterations, cpu / iterations
        iterations = int(iterations * min(10, max(1.4 * min_time / real, 1.5)))


def measure_epochs(trainer, images, labels):
    """Wall and processor seconds of the median epoch."""
    times = []
    for _ in range(EPOCHS):
        start, cpu_start = time.perf_counter(), time.process_time()
        trainer.epoch(images, labels)
        times.append((time.perf_counter() - start, time.process_time() - cpu_start))
    return [statistics.median(column) for column in zip(*times[1:])]


class Suite:
    def __init__(self, torch, arguments):
        self.torch = torch
        self.arguments = arguments
        self.data = None  # Read when first asked for.

    def rows(self):
        """Name and function of each row that the filter lets through."""
        for operation, function in (('TrainingStep', self.run_step), ('TrainingEpoch', self.run_epochs)):
            for network in NETWORKS:
                if function == self.run_epochs and network == 'transformer':
                    continue  # Takes no images.
                for dropout in (True, False):
                    for threads in thread_counts():
                        switch = 'on' if dropout else 'off'
                        name = f'PyTorch/{operation}/f32/{network}/dropout={switch}/batch={batch_size(network)}/t={threads}'
                        if re.search(self.arguments.benchmark_filter, name):
                            yield name, functools.partial(function, network, dropout, threads)

    def run_step(self, network, dropout, threads, seed):
        trainer = Trainer(self.torch, network, dropout, threads, seed)
        iterations, real, cpu = measure_step(trainer, self.arguments.benchmark_min_time)
        return {'iterations': iterations, 'real': real, 'cpu': cpu, 'items_per_second': trainer.batch / real}

    def run_epochs(self, network, dropout, threads, seed):
        if self.data is None:
            self.data = *read_images(self.torch, 'train'), *read_images(self.torch, 't10k')
        images, labels, test_images, test_labels = self.data
        trainer = Trainer(self.torch, network, dropout, threads, seed)
        real, cpu = measure_epochs(trainer, images, labels)
        rate = len(images) / real
        return {
            'iterations': 1, 'real': real, 'cpu': cpu, 'items_per_second': rate, 'images_per_second': rate,
            'seconds': real, 'epochs': EPOCHS, 'accuracy': trainer.accuracy(test_images, test_labels),
        }

    def run(self):
        count = self.arguments.benchmark_repetitions
        for name, function in self.rows():
            for repetition in range(count):
                if 'TrainingEpoch' in name and not DATA.exists():
                    print(f'{name}: skipped, {DATA} is missing', file=sys.stderr)
                    break
                result = record(name, repetition, count, **function(repetition + 1))
                accuracy = f' accuracy={result["accuracy"]:.4f}' if 'accuracy' in result else ''
                print(f'{name:70} {result["real_time"] / 1e6:10.2f} ms {result["cpu_time"] / 1e6:10.2f} ms'
                      f' {result["iterations"]:6}{accuracy}', flush=True)
                yield result


def main():
    arguments = parse_arguments()
    benchmarks = []
    try:
        import torch
    except ImportError:
        version = 'not found: tools/debian-packages peers installs it'
    else:
        version = torch.__version__
        suite = Suite(torch, arguments)
        if arguments.benchmark_list_tests != 'false':
            print('\n'.join(name for name, _ in suite.rows()))
        else:
            benchmarks = list(suite.run())
    print(f'peer_PyTorch: {version}', file=sys.stderr)
    if arguments.benchmark_out:
        context = {
            'date': datetime.datetime.now(datetime.timezone.utc).isoformat(), 'executable': sys.argv[0],
            'num_cpus': os.cpu_count(), 'peer_PyTorch': version, 'peer_PyTorch_blas': describe_blas(), 'python': sys.version.split()[0],
        }
        with open(arguments.benchmark_out, 'w', encoding='utf-8') as file:
            json.dump({'context': context, 'benchmarks': benchmarks}, file, indent=2)
            file.write('\n')


if __name__ == '__main__':
    main()
