"""Gradients of gradients, forward-mode gradients, batches of them, and what is kept for them."""

import gc
import unittest
import weakref

import torch
import torch.nn.functional as F
from torch.autograd import forward_ad

from oracle import FallowTest

OPERATIONS = {
    "dropout": torch.dropout,
    "feature_dropout": torch.feature_dropout,
    "alpha_dropout": torch.alpha_dropout,
    "feature_alpha_dropout": torch.feature_alpha_dropout,
    "dropout_": lambda x, p, train: torch.dropout_(x * 1, p, train),
    "feature_dropout_": lambda x, p, train: torch.feature_dropout_(x * 1, p, train),
    "alpha_dropout_": lambda x, p, train: torch.alpha_dropout_(x * 1, p, train),
    "feature_alpha_dropout_": lambda x, p, train: torch.feature_alpha_dropout_(x * 1, p, train),
    "native_dropout": lambda x, p, train: torch.native_dropout(x, p, train)[0],
}


def with_seed(operation, p):
    def function(x):
        torch.manual_seed(5)
        return operation(x, p, True)

    return function


class GradientTest(FallowTest):
    def test_numerically(self):
        inputs = (torch.randn(3, 4, 5), torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last),
                  torch.randn(4, 3, 7)[..., ::2])
        for name, operation in OPERATIONS.items():
            forward = name != "native_dropout"  # PyTorch has none of that.
            for x in inputs:
                for p in (0.0, 0.4, 1.0):
                    with self.subTest(name, shape=x.shape, p=p):
                        function = with_seed(operation, p)
                        x = x.double().requires_grad_()
                        torch.autograd.gradcheck(function, x, check_forward_ad=forward, check_batched_grad=True)
                        torch.autograd.gradgradcheck(function, x)

    def test_batched_in_forward_mode(self):
        x = torch.randn(3, 4, dtype=torch.double, requires_grad=True)
        for operation in (torch.dropout, torch.alpha_dropout):
            torch.autograd.gradcheck(with_seed(operation, 0.4), x, check_forward_ad=True,
                                     check_batched_forward_grad=True)

    def test_gradient_is_the_mask(self):
        for dtype in (torch.float32, torch.float64, torch.bfloat16):
            x = torch.randn(50, 60).to(dtype).requires_grad_()
            y = F.dropout(x, 0.3)
            dy = torch.randn(50, 60).to(dtype)
            before = dy.clone()
            y.backward(dy)
            self.assert_equal(x.grad.ne(0), y.detach().ne(0))
            self.assert_equal(dy, before)  # Its owner may still want it.
            torch.testing.assert_close(x.grad, torch.where(y.detach().ne(0), dy / 0.7, torch.zeros((), dtype=dtype)))

    def test_shared_gradients_stay_what_they_are(self):
        x, z = torch.randn(40, requires_grad=True), torch.randn(40, requires_grad=True)
        y = F.dropout(x, 0.5)
        total = y + z  # One gradient for both.
        total.retain_grad()
        (total * 3).sum().backward()
        self.assert_equal(z.grad, torch.full((40,), 3.0))
        self.assert_equal(total.grad, torch.full((40,), 3.0))
        self.assert_equal(x.grad, y.detach().ne(0) * 6.0)

    def test_hooks_see_gradients_as_they_were(self):
        x = torch.randn(40, requires_grad=True)
        seen = []
        y = F.dropout(x * 1, 0.5)
        y.register_hook(seen.append)
        (y * 3).sum().backward()
        self.assert_equal(seen[0], torch.full((40,), 3.0))

    def test_twice(self):
        x = torch.randn(40, requires_grad=True)
        y = F.dropout(x, 0.5)
        first, = torch.autograd.grad(y.sum(), x, retain_graph=True)
        second, = torch.autograd.grad(y.sum(), x)
        self.assert_equal(first, second)

    def test_who_wants_none(self):
        self.assertFalse(F.dropout(torch.randn(9)).requires_grad)
        x = torch.randn(9, requires_grad=True)
        with torch.no_grad():
            self.assertFalse(F.dropout(x).requires_grad)
        with torch.inference_mode():
            y = F.dropout(x)
            self.assertFalse(y.requires_grad)
            torch.dropout_(y, 0.5, True)
            version = x._version
            torch.dropout_(x, 0.5, True)  # Ordinary tensors still count what is written to them.
        self.assertEqual(x._version, version + 1)
        self.assertTrue(F.dropout(x).requires_grad)

    def test_no_tensor_is_saved(self):
        x = torch.randn(100, requires_grad=True)
        saved = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
            for name, operation in OPERATIONS.items():
                if name != "native_dropout" and not name.endswith("_"):
                    operation(x.view(10, 10), 0.5, True)
        self.assertEqual(saved, [])
        intermediate = x * 2
        reference = weakref.ref(intermediate)
        y = F.dropout(intermediate)
        del intermediate
        gc.collect()
        self.assertIsNone(reference())
        y.sum().backward()

    def test_forward_mode_in_place(self):
        with forward_ad.dual_level():
            x = forward_ad.make_dual(torch.ones(100), torch.full((100,), 3.0))
            torch.dropout_(x, 0.5, True)
            value, tangent = forward_ad.unpack_dual(x)
            self.assert_equal(tangent, value * 3)


if __name__ == "__main__":
    unittest.main()
