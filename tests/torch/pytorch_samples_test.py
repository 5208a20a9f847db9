"""The inputs that PyTorch tests its dropout operations with; python3-torch ships them."""

import sys
import types
import unittest

import torch

import fallow_torch
from oracle import FallowTest


def operations():
    """PyTorch's descriptions of its operations with a dropout; an ImportError if what they need is missing."""
    # Debian has no expecttest, of which they want a base class alone.
    stand_in = types.ModuleType("expecttest")
    stand_in.ACCEPT, stand_in.TestCase = False, unittest.TestCase
    sys.modules.setdefault("expecttest", stand_in)
    from torch.testing._internal.common_methods_invocations import op_db
    return [op for op in op_db if "dropout" in op.name or "_scaled_dot_product_attention" in op.name]


def called(op, sample, variant=None):
    """The function of the input alone, with a seed."""

    def function(x):
        torch.manual_seed(9)
        y = (variant or op)(x, *sample.args, **sample.kwargs)
        return y[0] if isinstance(y, tuple) else y

    return function


class SamplesTest(FallowTest):
    def setUp(self):
        super().setUp()
        try:
            self.operations = operations()
        except ImportError as error:
            self.skipTest(f"PyTorch's samples need {error.name}")

    def test_gradients(self):
        for op in self.operations:
            for sample in op.sample_inputs("cpu", torch.double, requires_grad=True):
                with self.subTest(op.name, sample=sample):
                    function = called(op, sample)
                    torch.autograd.gradcheck(function, sample.input, check_forward_ad=op.supports_forward_ad,
                                             fast_mode=True)
                    torch.autograd.gradgradcheck(function, sample.input, fast_mode=True)

    def test_in_place(self):
        for op in self.operations:
            for sample in op.sample_inputs("cpu", torch.double) if op.inplace_variant else ():
                with self.subTest(op.name, sample=sample):
                    expected = called(op, sample)(sample.input)
                    self.assert_equal(called(op, sample, op.inplace_variant)(sample.input.clone()), expected)

    def test_outputs_are_of_pytorchs_kind(self):
        for op in self.operations:
            for dtype in op.dtypes:
                for sample in op.sample_inputs("cpu", dtype):
                    with self.subTest(op.name, sample=sample):
                        ours = called(op, sample)(sample.input)
                        fallow_torch.disable()
                        theirs = called(op, sample)(sample.input)
                        fallow_torch.enable()
                        self.assertEqual((ours.dtype, ours.shape, ours.stride()),
                                         (theirs.dtype, theirs.shape, theirs.stride()))


if __name__ == "__main__":
    unittest.main()
