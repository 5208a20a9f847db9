"""The mask contract of kernels/README.md, read again in plain Python, and what PyTorch's generator says next."""

import math
import unittest

import torch

import fallow_torch

WORD = 0xFFFFFFFF


def philox(counter, key):
    """Philox4x32-10."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = right >> 32 ^ b ^ k0, right & WORD, left >> 32 ^ d ^ k1, left & WORD
        k0, k1 = k0 + 0x9E3779B9 & WORD, k1 + 0xBB67AE85 & WORD
    return a, b, c, d


def threshold(p):
    return {0: 2**32, 1: 0}.get(p, min(max(round((1 - p) * 2**32), 1), 2**32 - 1))


def scale(p):
    return 2**32 / threshold(p) if p < 1 else 0


def kept(n, p, seed, stream):
    """Whether each of n elements is kept."""
    result = []
    for block in range(math.ceil(n / 128)):
        counters = [(block & WORD, block >> 32 | plane << 26, stream & WORD, stream >> 32) for plane in range(32)]
        planes = [philox(counter, (seed & WORD, seed >> 32)) for counter in counters]
        for i in range(min(128, n - 128 * block)):
            uniform = 0
            for words in planes:
                uniform = uniform << 1 | words[i >> 5] >> (i & 31) & 1
            result.append(uniform < threshold(p))
    return torch.tensor(result, dtype=torch.bool)


def next_key():
    """The seed and stream that the next dropout draws; the generator stays where it is."""
    with torch.random.fork_rng(devices=[]):
        return [int(torch.empty((), dtype=torch.int64).random_(-2**63, None)) % 2**64 for _ in range(2)]


def kept_next(n, p):
    return kept(n, p, *next_key())


class FallowTest(unittest.TestCase):
    """With Fallow on."""

    def setUp(self):
        fallow_torch.enable()
        torch.manual_seed(1)

    def tearDown(self):
        fallow_torch.disable()

    def assert_equal(self, x, y):
        """Of one type and shape, to the last bit."""
        torch.testing.assert_close(x, y, rtol=0, atol=0, equal_nan=True)
