"""PyTorch's generator decides, and nothing else does."""

import unittest

import torch
import torch.nn.functional as F

from oracle import FallowTest

OPERATIONS = (F.dropout, F.alpha_dropout, F.feature_alpha_dropout, torch.feature_dropout,
              lambda x, p, train: torch.native_dropout(x, p, train)[0])


class GeneratorTest(FallowTest):
    def test_manual_seed(self):
        x = torch.randn(100, 100)
        for operation in OPERATIONS:
            torch.manual_seed(7)
            first, second = operation(x, 0.4, True), operation(x, 0.4, True)
            torch.manual_seed(7)
            self.assert_equal(operation(x, 0.4, True), first)
            self.assert_equal(operation(x, 0.4, True), second)
            self.assertFalse(first.equal(second))
            torch.manual_seed(8)
            self.assertFalse(operation(x, 0.4, True).equal(first))

    def test_states(self):
        x = torch.ones(1000)
        for operation in (F.dropout, F.alpha_dropout):
            state = torch.get_rng_state()
            first = operation(x, 0.5, True)
            self.assertFalse(torch.get_rng_state().equal(state))
            torch.set_rng_state(state)
            self.assert_equal(operation(x, 0.5, True), first)

    def test_fork(self):
        x = torch.ones(1000)
        state = torch.get_rng_state()
        with torch.random.fork_rng(devices=[]):
            forked = F.dropout(x)
        self.assertTrue(torch.get_rng_state().equal(state))
        self.assert_equal(F.dropout(x), forked)

    def test_nothing_is_drawn_for_nothing(self):
        state = torch.get_rng_state()
        x = torch.ones(10, 10)
        for operation in OPERATIONS[:4]:
            operation(x, 0.5, False)
            operation(x, 0.0, True)
            operation(torch.ones(0, 3), 0.5, True)
        self.assertTrue(torch.get_rng_state().equal(state))

    def test_threads(self):
        before = torch.get_num_threads()
        self.addCleanup(torch.set_num_threads, before)
        x = torch.randn(40, 250, 33)
        results = []
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            torch.manual_seed(3)
            leaf = x.clone().requires_grad_()
            outputs = [operation(leaf, 0.1, True) for operation in OPERATIONS]
            sum(y.square().sum() for y in outputs).backward()
            results.append([*(y.detach() for y in outputs), leaf.grad])
        for result in results[1:]:
            for y, expected in zip(result[:-1], results[0]):
                self.assert_equal(y, expected)
            torch.testing.assert_close(result[-1], results[0][-1])


if __name__ == "__main__":
    unittest.main()
