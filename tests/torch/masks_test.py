"""Which elements are kept, and what becomes of them: the contract's masks, for every type, rate and layout."""

import unittest

import torch
import torch.nn.functional as F

import fallow_torch
from oracle import FallowTest, kept, kept_next, scale

RATES = (1e-3, 0.1, 0.3, 0.5, 0.9)
TYPES = (torch.float32, torch.float64, torch.bfloat16)
ALPHA = -1.7580993408473766


def dropped(x, keep, p):
    """Dropout of x, taken in float or double and rounded once."""
    wide = x.double() if x.dtype == torch.float64 else x.float()
    factor = torch.tensor(scale(p), dtype=wide.dtype)
    return torch.where(keep, wide * factor, torch.zeros((), dtype=wide.dtype)).to(x.dtype)


def constants(p):
    """a and b of alpha dropout."""
    q = 1 / scale(p)
    a = (q * (1 + (1 - q) * ALPHA**2))**-0.5
    return a, -a * (1 - q) * ALPHA


class MaskTest(FallowTest):
    def test_bits(self):
        for n in (0, 1, 7, 8, 127, 128, 129, 1000):
            for p in (0, *RATES, 1):
                bits = fallow_torch.mask_bits(n, p, seed=2**63 + 5, stream=2**64 - 1)
                self.assertEqual(bits.dtype, torch.uint8)
                self.assertEqual(len(bits), (n + 7) // 8)
                expected = kept(n, p, 2**63 + 5, 2**64 - 1)
                spread = torch.stack([bits >> i & 1 for i in range(8)], 1).flatten()
                self.assertTrue(spread[:n].bool().equal(expected))
                self.assertFalse(spread[n:].any())

    def test_first_bits(self):  # As the README's program prints them.
        bits = fallow_torch.mask_bits(8, 0.3, seed=42, stream=1 << 40)
        self.assertEqual(bits.tolist(), [0b11101100])

    def test_dropout(self):
        for dtype in TYPES:
            for p in RATES:
                x = torch.randn(3, 5, 41).to(dtype)
                keep = kept_next(x.numel(), p).view_as(x)
                self.assert_equal(F.dropout(x, p), dropped(x, keep, p))

    def test_in_place(self):
        for dtype in TYPES:
            x = torch.randn(11, 41).to(dtype)
            before = x.clone()
            keep = kept_next(x.numel(), 0.3).view_as(x)
            self.assertIs(torch.dropout_(x, 0.3, True), x)
            self.assert_equal(x, dropped(before, keep, 0.3))

    def test_native_dropout(self):
        for dtype in (*TYPES, torch.float16):
            for p in (0.0, *RATES, 1.0):
                x = torch.randn(7, 41).to(dtype)
                for train in (True, None):
                    keep = kept_next(x.numel(), p).view_as(x)
                    y, mask = torch.native_dropout(x, p, train)
                    self.assert_equal(mask, keep)
                    self.assert_equal(y, dropped(x, keep, p))

    def test_native_dropout_backward(self):
        for dtype in (*TYPES, torch.float16):
            dy, mask = torch.randn(7, 41).to(dtype), torch.rand(7, 41) < 0.5
            for p in RATES:
                dx = torch.ops.aten.native_dropout_backward(dy, mask, 1 / (1 - p))
                self.assert_equal(dx, dropped(dy, mask, p))
            for factor in (0.5, -2.0, 1e6):  # Of no rate, or of none that is known well enough.
                dx = torch.ops.aten.native_dropout_backward(dy, mask, factor)
                self.assert_equal(dx, dy * mask * factor)
            self.assert_equal(torch.ops.aten.native_dropout_backward(dy, mask, 0), torch.zeros_like(dy))
            self.assert_equal(torch.ops.aten.native_dropout_backward(dy, mask[0], 2), dy * mask[0] * 2)

    def test_features(self):
        for dtype in TYPES:
            for shape in ((3, 50), (3, 50, 4), (3, 50, 2, 3), (3, 50, 2, 3, 2), (3, 50, 1, 2, 1, 2, 1, 2, 1)):
                x = torch.randn(shape).to(dtype)
                keep = kept_next(150, 0.3).view(3, 50, *[1] * (len(shape) - 2)).expand_as(x)
                self.assert_equal(torch.feature_dropout(x, 0.3, True), dropped(x, keep, 0.3))

    def test_alpha_dropout(self):
        a, b = constants(0.3)
        for dtype, close in ((torch.float32, 1e-6), (torch.float64, 1e-14), (torch.bfloat16, 8e-3)):
            for features, operation in ((False, F.alpha_dropout), (True, F.feature_alpha_dropout)):
                x = torch.randn(3, 50, 4).to(dtype)
                keep = kept_next(150 if features else 600, 0.3).view(3, 50, -1).expand_as(x)
                expected = torch.where(keep, x.double(), torch.tensor(ALPHA, dtype=torch.double)) * a + b
                torch.testing.assert_close(operation(x, 0.3, True), expected.to(dtype), rtol=close, atol=close)

    def test_rate_one(self):
        for operation in (F.dropout, F.alpha_dropout, F.feature_alpha_dropout):
            x = torch.tensor([[float("nan"), float("inf"), -1.0]], requires_grad=True)
            state = torch.get_rng_state()
            y = operation(x, 1.0, True)
            self.assertTrue(torch.get_rng_state().equal(state))
            y.sum().backward()
            self.assert_equal(y.detach(), torch.zeros(1, 3))
            self.assert_equal(x.grad, torch.zeros(1, 3))

    def test_what_is_dropped_leaves_no_trace(self):
        for value in (float("nan"), float("inf"), -float("inf")):
            x = torch.full((1000,), value, requires_grad=True)
            y = F.dropout(x, 0.5)
            y.backward(torch.full((1000,), value))
            keep = y.detach().ne(0)
            self.assertTrue(400 < keep.sum() < 600)
            self.assert_equal(y.detach(), torch.where(keep, x.detach(), torch.zeros(())))
            self.assert_equal(x.grad, torch.where(keep, x.detach(), torch.zeros(())))

    def test_shares_of_kept_elements(self):
        n = 1 << 20
        for p in RATES:
            keep = F.dropout(torch.ones(n), p).ne(0).double()
            deviation = (p * (1 - p) / n)**0.5
            self.assertLess(abs(keep.mean() - (1 - p)), 5 * deviation)
            both = (keep[1:] * keep[:-1]).mean()  # Of neighbours: as if they were independent.
            self.assertLess(abs(both - (1 - p)**2), 5 * deviation * 2)


if __name__ == "__main__":
    unittest.main()
