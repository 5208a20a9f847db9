"""torch.ops.fallow: values, gradients, errors."""

import unittest

import torch
import torch.nn.functional as F

import fallow_torch
from oracle import kept, scale

SEED, STREAM, RATE = 2**64 - 3, 2**40 + 7, 0.3
CLOSE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float16: 4e-3}


def dropped(x, p=RATE):
    return x * kept(x.numel(), p, SEED, STREAM).view(x.shape).to(x.dtype) * scale(p)


def bias_gelu_dropout_residual(x, bias, residual, p=RATE):
    return dropped(F.gelu(x + bias), p) + residual


def softmax_dropout(x, p=RATE):
    return dropped(torch.softmax(x, -1), p)


class OwnOperationsTest(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.assertFalse(fallow_torch.is_enabled())

    def compare(self, ours, expected, inputs, dtype):
        """Outputs and gradients with what is computed in double."""
        inputs = [x.to(dtype).requires_grad_() for x in inputs]
        wide = [x.detach().double().requires_grad_() for x in inputs]
        y, exact = ours(*inputs), expected(*wide)
        dy = torch.randn(y.shape).to(dtype)
        gradients = torch.autograd.grad(y, inputs, dy)
        for result, reference in zip((y, *gradients), (exact, *torch.autograd.grad(exact, wide, dy.double()))):
            self.assertEqual((result.dtype, result.shape), (dtype, reference.shape))
            # A column sum of 12 rows is the largest.
            torch.testing.assert_close(result.double(), reference, rtol=CLOSE[dtype], atol=10 * CLOSE[dtype])

    def compare_second(self, ours, expected, inputs, dtype):
        """Gradients of gradients with what is computed in double."""
        inputs = [x.to(dtype).requires_grad_() for x in inputs]
        wide = [x.detach().double().requires_grad_() for x in inputs]
        results = []
        for function, xs in ((ours, inputs), (expected, wide)):
            first = torch.autograd.grad(function(*xs).square().sum(), xs, create_graph=True)
            results.append(torch.autograd.grad(sum(dx.square().sum() for dx in first), xs))
        for result, reference in zip(*results):
            torch.testing.assert_close(result.double(), reference, rtol=1e-3, atol=1e-3)

    def test_dropout(self):
        for dtype in CLOSE:
            channels_last = torch.randn(2, 8, 3, 5).to(memory_format=torch.channels_last)
            for x in (torch.randn(4, 5, 33), torch.randn(6, 40).t(), channels_last):
                with self.subTest(dtype=dtype, shape=x.shape):
                    self.compare(lambda x: fallow_torch.dropout(x, RATE, SEED, STREAM), dropped, [x], dtype)

    def test_the_index_is_that_of_the_row_major_tensor(self):
        x = torch.ones(2, 8, 3, 5)
        y = fallow_torch.dropout(x, RATE, SEED, STREAM)
        self.assertTrue(fallow_torch.dropout(x.to(memory_format=torch.channels_last), RATE, SEED, STREAM).equal(y))
        self.assertTrue(y.ne(0).flatten().equal(kept(240, RATE, SEED, STREAM)))

    def test_rates(self):
        x = torch.tensor([float("nan"), -0.0, 3.0])
        y = fallow_torch.dropout(x, 0.0, SEED)
        torch.testing.assert_close(y, x, rtol=0, atol=0, equal_nan=True)
        self.assertNotEqual(y.data_ptr(), x.data_ptr())
        self.assertTrue(fallow_torch.dropout(x, 1.0, SEED).equal(torch.zeros(3)))

    def test_bias_gelu_dropout_residual(self):
        def ours(x, bias, residual):
            return fallow_torch.bias_gelu_dropout_residual(x, bias, residual, RATE, SEED, STREAM)

        for dtype in CLOSE:
            for x in (torch.randn(3, 4, 40), torch.randn(40), torch.randn(40, 7).t()):
                with self.subTest(dtype=dtype, shape=x.shape):
                    inputs = [x, torch.randn(x.shape[-1]), torch.randn(x.shape)]
                    self.compare(ours, bias_gelu_dropout_residual, inputs, dtype)
                    if dtype == torch.float32:
                        self.compare_second(ours, bias_gelu_dropout_residual, inputs, dtype)

    def test_softmax_dropout(self):
        def ours(x):
            return fallow_torch.softmax_dropout(x, RATE, SEED, STREAM)

        for dtype in CLOSE:
            for x in (torch.randn(3, 4, 40), torch.randn(40), torch.randn(40, 7).t()):
                with self.subTest(dtype=dtype, shape=x.shape):
                    self.compare(ours, softmax_dropout, [x], dtype)
                    if dtype == torch.float32:
                        self.compare_second(ours, softmax_dropout, [x], dtype)

    def test_numerically(self):
        x, bias, residual = (torch.randn(shape).double().requires_grad_() for shape in ((3, 5), (5,), (3, 5)))
        for function, inputs in ((lambda x: fallow_torch.dropout(x, RATE, SEED), (x,)),
                                 (lambda x: fallow_torch.softmax_dropout(x, RATE, SEED), (x,)),
                                 (lambda x, b, r: fallow_torch.bias_gelu_dropout_residual(x, b, r, RATE, SEED),
                                  (x, bias, residual))):
            torch.autograd.gradcheck(function, inputs)
            torch.autograd.gradgradcheck(function, inputs)

    def test_inference(self):
        with torch.inference_mode():
            x = torch.randn(4, 8)
            for y in (fallow_torch.dropout(x, RATE, SEED), fallow_torch.softmax_dropout(x, RATE, SEED),
                      fallow_torch.bias_gelu_dropout_residual(x, x[0], x, RATE, SEED)):
                self.assertFalse(y.requires_grad)

    def test_without_elements(self):
        x = torch.ones(0, 4, requires_grad=True)
        for y in (fallow_torch.dropout(x, RATE, SEED), fallow_torch.softmax_dropout(x, RATE, SEED),
                  fallow_torch.bias_gelu_dropout_residual(x, torch.ones(4), x, RATE, SEED)):
            self.assertEqual(y.shape, x.shape)
            y.sum().backward()

    def test_script(self):
        @torch.jit.script
        def function(x):
            return torch.ops.fallow.dropout(x, 0.3, 5, 6)

        x = torch.randn(100)
        self.assertTrue(function(x).equal(fallow_torch.dropout(x, 0.3, 5, 6)))

    def test_errors(self):
        x = torch.ones(2, 3)
        for function in (lambda p: fallow_torch.dropout(x, p, 1), lambda p: fallow_torch.softmax_dropout(x, p, 1),
                         lambda p: fallow_torch.bias_gelu_dropout_residual(x, x[0], x, p, 1),
                         lambda p: fallow_torch.mask_bits(3, p, 1)):
            for p in (-0.1, 1.1, float("nan")):
                with self.assertRaisesRegex(RuntimeError, "dropout probability has to be between 0 and 1, but got"):
                    function(p)
        for seed in (2**64, -2**63 - 1):
            with self.assertRaisesRegex(ValueError, "an integer of 64 bits"):
                fallow_torch.dropout(x, 0.5, seed)
        with self.assertRaisesRegex(RuntimeError, "expected x to be an ordinary CPU tensor"):
            fallow_torch.dropout(x.long(), 0.5, 1)
        with self.assertRaisesRegex(RuntimeError, "expected x to be an ordinary CPU tensor"):
            fallow_torch.softmax_dropout(x.to("meta"), 0.5, 1)
        with self.assertRaisesRegex(RuntimeError, "expected x to have rows"):
            fallow_torch.softmax_dropout(torch.ones(()), 0.5, 1)
        with self.assertRaisesRegex(RuntimeError, "bias to have the size of x's last dimension"):
            fallow_torch.bias_gelu_dropout_residual(x, torch.ones(2), x, 0.5, 1)
        with self.assertRaisesRegex(RuntimeError, "residual to have x's shape"):
            fallow_torch.bias_gelu_dropout_residual(x, x[0], x[:1], 0.5, 1)
        with self.assertRaisesRegex(RuntimeError, "to be of one type"):
            fallow_torch.bias_gelu_dropout_residual(x, x[0].double(), x, 0.5, 1)
        with self.assertRaisesRegex(RuntimeError, "expected n to be at least 0"):
            fallow_torch.mask_bits(-1, 0.5, 1)


if __name__ == "__main__":
    unittest.main()
