"""enable() and disable(): what is on Fallow, what stays PyTorch's, and that everything is put back."""

import copy
import itertools
import pathlib
import subprocess
import sys
import threading
import unittest

import torch
import torch.nn.functional as F

import fallow_torch
from oracle import FallowTest

NAMES = [f"aten::{name}{end}" for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
         for end in ("", "_")] + ["aten::native_dropout", "aten::native_dropout_backward"]


def dispatch():
    """What PyTorch says of its dropout operations: registered kernels, and those that calls go to."""
    return [(torch._C._dispatch_dump(name), torch._C._dispatch_dump_table(name)) for name in NAMES]


def outputs():
    """Of every operation, with one seed."""
    torch.manual_seed(11)
    x = torch.randn(6, 7, 8, requires_grad=True)
    ys = [operation(x, 0.4, True) for operation in (torch.dropout, torch.feature_dropout, torch.alpha_dropout,
                                                    torch.feature_alpha_dropout)]
    ys += [operation(x * 1, 0.4, True) for operation in (torch.dropout_, torch.feature_dropout_, torch.alpha_dropout_,
                                                         torch.feature_alpha_dropout_)]
    ys += [torch.native_dropout(x, 0.4, True)[0]]
    return [y.detach() for y in ys] + [torch.autograd.grad(sum(y.sum() for y in ys), x)[0], torch.get_rng_state()]


def message_of(function):
    try:
        function()
    except Exception as error:  # pylint: disable=broad-except
        return type(error), str(error)
    return None


def run(program):
    """What a program of its own prints, and how it ends. Warnings are errors there."""
    command = [sys.executable, "-W", "error", "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout, ran.stderr, ran.returncode


class OverrideTest(FallowTest):
    def test_everything_is_put_back(self):
        fallow_torch.disable()
        table, before = dispatch(), outputs()
        for _ in range(3):
            fallow_torch.enable()
            self.assertNotEqual(dispatch(), table)
            for ours, theirs in zip(outputs(), before):
                self.assertFalse(ours.equal(theirs))
            fallow_torch.disable()
            self.assertEqual(dispatch(), table)
            for after, expected in zip(outputs(), before):
                self.assert_equal(after, expected)

    def test_again_and_again(self):
        self.assertTrue(fallow_torch.is_enabled())
        fallow_torch.enable()
        fallow_torch.disable()
        self.assertFalse(fallow_torch.is_enabled())
        fallow_torch.disable()
        self.assertFalse(fallow_torch.is_enabled())

    def test_from_many_threads(self):
        fallow_torch.disable()
        table = dispatch()
        threads = [threading.Thread(target=lambda: [fallow_torch.enable() for _ in range(20)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertTrue(fallow_torch.is_enabled())
        fallow_torch.disable()
        self.assertEqual(dispatch(), table)

    def test_backward_after_disable(self):
        x = torch.ones(100, requires_grad=True)
        y = F.dropout(x)
        fallow_torch.disable()
        y.sum().backward()
        self.assert_equal(x.grad, y.detach())

    def test_errors_are_pytorchs(self):
        floats, row = torch.ones(3, 3), torch.ones(3)
        inputs = (floats, floats.long(), floats.half(), row)
        operations = [torch.dropout, torch.feature_dropout, torch.alpha_dropout, torch.feature_alpha_dropout,
                      torch.dropout_, torch.feature_dropout_, torch.alpha_dropout_, torch.native_dropout]
        for operation, x, p in itertools.product(operations, inputs, (-0.1, 1.1, float("nan"), 0.5)):
            if p == 0.5 and x is floats:
                continue
            with self.subTest(operation=operation.__name__, type=x.dtype, p=p):
                fallow_torch.enable()
                ours = message_of(lambda: operation(copy.deepcopy(x), p, True))
                fallow_torch.disable()
                self.assertEqual(ours, message_of(lambda: operation(copy.deepcopy(x), p, True)))
        fallow_torch.enable()
        for p in (-0.1, 1.1):
            with self.assertRaisesRegex(ValueError, "dropout probability has to be between 0 and 1, but got"):
                F.dropout(floats, p)

    def test_identities_stay(self):
        x = torch.ones(3, 3)
        for operation in (torch.dropout, torch.feature_dropout, torch.alpha_dropout, torch.dropout_):
            self.assertIs(operation(x, 0.5, False), x)
            self.assertIs(operation(x, 0.0, True), x)

    def test_other_tensors_are_left_to_pytorch(self):
        meta = torch.ones(3, 3, device="meta")
        self.assertEqual(F.dropout(meta).device.type, "meta")
        self.assertEqual(torch.native_dropout(meta, 0.5, True)[0].device.type, "meta")
        imaginary = torch.complex(torch.ones(100), torch.ones(100)).conj().imag
        self.assertTrue(imaginary.is_neg())
        self.assertEqual(set(F.dropout(imaginary).tolist()), {-2.0, 0.0})
        torch.dropout_(imaginary, 0.5, True)
        self.assertEqual(set(imaginary.tolist()), {-2.0, 0.0})

    def test_what_watches_operations_sees_pytorchs(self):
        from torch.utils._python_dispatch import TorchDispatchMode
        seen = []

        class Watch(TorchDispatchMode):
            def __torch_dispatch__(self, function, types, args=(), kwargs=None):
                seen.append(str(function))
                return function(*args, **(kwargs or {}))

        with Watch():
            F.dropout(torch.ones(3))
        self.assertTrue(any("bernoulli_" in name for name in seen), seen)

    def test_functorch(self):
        try:
            import functorch
        except ImportError:
            self.skipTest("there is no functorch")
        x = torch.ones(8, 100)
        for randomness in ("same", "different"):
            torch.manual_seed(2)
            ours = functorch.vmap(lambda row: F.dropout(row, 0.5), randomness=randomness)(x)
            rows_agree = bool(ours.eq(ours[0]).all())
            self.assertEqual(rows_agree, randomness == "same")
        gradient = functorch.grad(lambda row: F.dropout(row, 0.5).sum())(x[0])
        self.assertEqual(set(gradient.tolist()), {0.0, 2.0})

    def test_loading_alone_enables(self):
        package = pathlib.Path(fallow_torch.__file__).parent
        program = f"""
import torch
torch.ops.load_library({str(package / "libfallow_torch_on.so")!r})
assert torch.ops.fallow.is_enabled()
print(torch.nn.functional.dropout(torch.ones(2, requires_grad=True)).grad_fn.name())
"""
        self.assertEqual(run(program), ("FallowDropoutBackward\n", "", 0))

    def test_nothing_is_printed(self):
        program = """
import torch, fallow_torch
torch.set_warn_always(True)
for _ in range(3):
    fallow_torch.enable()
    torch.native_dropout(torch.ones(3), 0.5, True)
    fallow_torch.disable()
"""
        self.assertEqual(run(program), ("", "", 0))


if __name__ == "__main__":
    unittest.main()
