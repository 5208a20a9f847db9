"""The mask contract as tensors, and what PyTorch's generator says next."""

import pathlib
import sys
import unittest

import torch

import fallow_torch

sys.path.append(str(pathlib.Path(__file__).parent.parent / 'support'))
import mask_contract
from mask_contract import scale


def kept(n, p, seed, stream):
    """Whether each of n elements is kept."""
    return torch.tensor(mask_contract.kept(n, p, seed, stream), dtype=torch.bool)


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
