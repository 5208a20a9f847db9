"""Modules, scripts and traces that hold a dropout."""

import contextlib
import io
import unittest
import warnings

import torch
from torch import nn

import fallow_torch
from oracle import FallowTest, kept, next_key


def operations_of(function):
    """Names of the operations that PyTorch ran."""
    with torch.autograd.profiler.profile() as profile:
        function()
    return {event.name for event in profile.function_events}


class Doubled(nn.Dropout):
    """A module derived from one of PyTorch's."""

    def forward(self, x):
        return 2 * super().forward(x)


def modules():
    """Modules with their inputs."""
    yield nn.Dropout(0.3), torch.randn(8, 16)
    yield nn.Dropout(0.3, inplace=True), torch.randn(8, 16)
    yield Doubled(0.3), torch.randn(8, 16)
    yield nn.Dropout1d(0.3), torch.randn(8, 16, 3)
    yield nn.Dropout1d(0.3), torch.randn(16, 3)
    yield nn.Dropout2d(0.3), torch.randn(8, 16, 3, 2)
    yield nn.Dropout2d(0.3, inplace=True), torch.randn(8, 16, 3, 2).to(memory_format=torch.channels_last)
    yield nn.Dropout3d(0.3), torch.randn(8, 16, 3, 2, 2)
    yield nn.AlphaDropout(0.3), torch.randn(8, 16)
    yield nn.AlphaDropout(0.3, inplace=True), torch.randn(8, 16)
    yield nn.FeatureAlphaDropout(0.3), torch.randn(8, 16, 3)
    yield nn.TransformerEncoderLayer(16, 2, 32, dropout=0.3, batch_first=True), torch.randn(4, 8, 16)
    yield nn.TransformerDecoderLayer(16, 2, 32, dropout=0.3), (torch.randn(4, 8, 16), torch.randn(4, 8, 16))
    yield nn.MultiheadAttention(16, 2, dropout=0.3), tuple(torch.randn(4, 8, 16) for _ in range(3))
    yield nn.LSTM(16, 8, num_layers=3, dropout=0.3), torch.randn(4, 8, 16)
    yield nn.GRU(16, 8, num_layers=2, dropout=0.3, bidirectional=True), torch.randn(4, 8, 16)


def call(module, inputs):
    """The module's first output, of copies that it may write to."""
    inputs = [x * 1 for x in (inputs if isinstance(inputs, tuple) else (inputs,))]
    result = module(*inputs)
    return result[0] if isinstance(result, tuple) else result


class ModuleTest(FallowTest):
    def test_training_runs_on_fallow(self):
        for module, inputs in modules():
            with self.subTest(str(module)):
                ran = operations_of(lambda: call(module, inputs))
                self.assertTrue(any("dropout" in name for name in ran), ran)
                self.assertNotIn("aten::bernoulli_", ran)
                torch.manual_seed(4)
                first = call(module, inputs)
                torch.manual_seed(4)
                self.assert_equal(call(module, inputs), first)
                self.assertFalse(call(module, inputs).equal(first))

    def test_evaluation_is_as_without(self):
        for module, inputs in modules():
            module.eval()
            on = call(module, inputs)
            fallow_torch.disable()
            self.assert_equal(call(module, inputs), on)
            fallow_torch.enable()

    def test_packed_sequences(self):
        lstm = nn.LSTM(16, 8, num_layers=2, dropout=0.5)
        packed = nn.utils.rnn.pack_padded_sequence(torch.randn(5, 3, 16), [5, 4, 2])
        ran = operations_of(lambda: lstm(packed)[0].data.sum().backward())
        self.assertIn("aten::dropout", ran)
        self.assertNotIn("aten::bernoulli_", ran)

    def test_training_learns(self):
        network = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))
        x = torch.randn(256, 8)
        target = x[:, :1] * x[:, 1:2]
        optimizer = torch.optim.Adam(network.parameters(), 1e-2)
        losses = []
        for _ in range(200):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(network(x), target)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        self.assertLess(sum(losses[-10:]), sum(losses[:10]) / 4)

    def test_script(self):
        module = torch.jit.script(nn.Sequential(nn.Linear(16, 16), nn.Dropout(0.3)))
        for _ in range(4):  # The first ones are interpreted, the later ones compiled.
            x = torch.randn(8, 16, requires_grad=True)
            ran = operations_of(lambda: module(x).sum().backward())
            self.assertTrue(ran & {"aten::dropout", "aten::native_dropout"}, ran)
            self.assertNotIn("aten::bernoulli_", ran)
            dropout = module[1]
            keep = kept(128, 0.3, *next_key()).view(8, 16)
            y = torch.ones(8, 16, requires_grad=True)
            z = dropout(y)
            z.sum().backward()
            self.assert_equal(z.detach().ne(0), keep)
            self.assert_equal(y.grad.ne(0), keep)

    def test_trace(self):
        with warnings.catch_warnings():  # PyTorch warns that a trace with a dropout is not deterministic.
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(nn.Dropout(0.3), torch.ones(8, 16), check_trace=False)
        keep = kept(128, 0.3, *next_key()).view(8, 16)
        self.assert_equal(traced(torch.ones(8, 16)).ne(0), keep)

    def test_autocast(self):
        with torch.autocast("cpu", torch.bfloat16):
            y = nn.Dropout(0.5)(nn.Linear(16, 16)(torch.randn(8, 16)))
        self.assertEqual(y.dtype, torch.bfloat16)

    def test_checkpoint(self):
        from torch.utils.checkpoint import checkpoint
        x = torch.ones(1000, requires_grad=True)
        y = checkpoint(lambda t: nn.functional.dropout(t, 0.5) * 1, x, use_reentrant=False)
        y.sum().backward()
        self.assert_equal(x.grad, y.detach())

    def test_names(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x = torch.ones(4, 5, names=("rows", "columns"))
            self.assertEqual(nn.functional.dropout(x, 0.5).names, x.names)

    def test_repr(self):
        with contextlib.redirect_stdout(io.StringIO()) as text:
            print(nn.functional.dropout(torch.ones(2, requires_grad=True), 0.5))
        self.assertIn("grad_fn=<FallowDropoutBackward>", text.getvalue())


if __name__ == "__main__":
    unittest.main()
