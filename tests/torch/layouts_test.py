"""Strides: those of PyTorch's own outputs, the mask's order, views, what is written in place."""

import itertools
import unittest

import torch
import torch.nn.functional as F

import fallow_torch
from oracle import FallowTest, kept_next


def layouts():
    """Tensors of every kind of strides, each with at least four elements."""
    yield "contiguous", torch.randn(4, 6, 5, 7)
    yield "channels last", torch.randn(4, 6, 5, 7).to(memory_format=torch.channels_last)
    yield "channels last 3d", torch.randn(2, 3, 4, 5, 6).to(memory_format=torch.channels_last_3d)
    yield "transposed", torch.randn(30, 20).t()
    for permutation in itertools.permutations(range(3)):
        yield f"permuted {permutation}", torch.randn(4, 5, 6).permute(permutation)
    yield "columns", torch.randn(20, 200)[:, 50:150]
    yield "narrow columns", torch.randn(20, 20)[:, 5:8]
    yield "every other", torch.randn(20, 200)[:, ::2]
    yield "rows and columns", torch.randn(4, 20, 300)[:, 3:7, 100:200]
    yield "middle", torch.randn(5, 70, 6)[:, 2:68]
    yield "expanded", torch.randn(5, 1, 6).expand(5, 4, 6)
    yield "expanded rows", torch.randn(100).expand(5, 100)
    yield "sizes of 1", torch.randn(1, 7, 1, 9, 1).transpose(1, 3)
    yield "a number", torch.randn(())
    yield "offset", torch.randn(1001)[1:]


def in_memory(x):
    """The elements of a dense tensor as they lie in memory."""
    return x.as_strided((x.numel(),), (1,))


class LayoutTest(FallowTest):
    def test_outputs_lie_as_pytorchs_do(self):
        for name, x in layouts():
            for operation in (F.dropout, F.alpha_dropout, torch.feature_dropout, F.feature_alpha_dropout):
                if x.dim() < 2 and "feature" in operation.__name__:
                    continue
                with self.subTest(name, operation=operation.__name__):
                    ours = operation(x, 0.5, True)
                    fallow_torch.disable()
                    theirs = operation(x, 0.5, True)
                    fallow_torch.enable()
                    if name != "sizes of 1":  # There any stride will do.
                        self.assertEqual(ours.stride(), theirs.stride())
                    self.assertEqual(ours.shape, theirs.shape)

    def test_masks_go_through_memory(self):
        for name, x in layouts():
            with self.subTest(name):
                keep = kept_next(x.numel(), 0.3)
                y = F.dropout(x, 0.3)
                self.assert_equal(in_memory(y).ne(0), keep)
                self.assert_equal(y, torch.where(y.ne(0), x * y.new_tensor(2**32 / round(0.7 * 2**32)), y))

    def test_feature_masks_do_not_depend_on_layout(self):
        x = torch.ones(4, 6, 5, 7)
        keep = kept_next(24, 0.5).view(4, 6, 1, 1).expand_as(x)
        part = torch.ones(4, 6, 5, 9)[..., 1:8]
        for y in (x, x.to(memory_format=torch.channels_last), x[:, :, :1].expand_as(x), part):
            with torch.random.fork_rng(devices=[]):
                self.assert_equal(torch.feature_dropout(y, 0.5, True).ne(0), keep)

    def test_gradients_have_the_mask(self):
        for name, x in layouts():
            for kind, dy in (("like x", torch.ones_like(x)), ("contiguous", torch.ones(x.shape)),
                             ("one number", torch.ones(()).expand(x.shape))):
                with self.subTest(name, gradient=kind):
                    leaf = x.clone().requires_grad_()
                    y = F.dropout(leaf * 1, 0.3)
                    y.backward(dy)
                    self.assert_equal(leaf.grad.ne(0), y.detach().ne(0))

    def test_in_place(self):
        for name, x in layouts():
            if name.startswith("expanded"):
                continue
            with self.subTest(name):
                before = x.clone()
                if x._is_view():
                    around = x._base.clone()
                with torch.random.fork_rng(devices=[]):
                    expected = F.dropout(x, 0.3)
                torch.dropout_(x, 0.3, True)
                self.assert_equal(x, expected)
                if x._is_view():  # What lies around it is as it was.
                    x.copy_(before)
                    self.assert_equal(x._base, around)

    def test_in_place_errors(self):
        x = torch.ones(3, 1).expand(3, 4)
        with self.assertRaisesRegex(RuntimeError, "more than one element of the written-to tensor refers to a single"):
            torch.dropout_(x, 0.5, True)
        with self.assertRaisesRegex(RuntimeError, "a leaf Variable that requires grad is being used in an in-place"):
            torch.dropout_(torch.ones(3, requires_grad=True), 0.5, True)
        y = torch.ones(3, requires_grad=True) * 1
        z = y.square()
        torch.dropout_(y, 0.5, True)
        with self.assertRaisesRegex(RuntimeError, "modified by an inplace operation"):
            z.sum().backward()

    def test_in_place_on_a_view(self):
        x = torch.ones(10, 200, requires_grad=True)
        base = x * 1
        part = base[:, 50:150]
        torch.dropout_(part, 0.3, True)
        self.assertTrue(base[:, 50:150].eq(0).any())
        base.sum().backward()
        self.assert_equal(x.grad, base.detach())

    def test_native_dropout(self):
        for name, x in layouts():
            with self.subTest(name):
                keep = kept_next(x.numel(), 0.3)
                y, mask = torch.native_dropout(x, 0.3, True)
                self.assert_equal(in_memory(mask), keep)
                self.assert_equal(y.ne(0), mask)
                self.assert_equal(torch.ops.aten.native_dropout_backward(torch.ones_like(x), mask, 2.0), mask * 2.0)

    def test_without_elements(self):
        for x in (torch.ones(0), torch.ones(3, 0, 2)):
            x.requires_grad_()
            y = F.dropout(x)
            self.assertEqual(y.shape, x.shape)
            y.sum().backward()
            self.assertEqual(x.grad.shape, x.shape)
            self.assertEqual(torch.native_dropout(x, 0.5, True)[0].shape, x.shape)


if __name__ == "__main__":
    unittest.main()
