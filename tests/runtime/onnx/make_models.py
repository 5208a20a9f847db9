#!/usr/bin/env python3
"""Exports small networks from PyTorch, with inputs and the outputs that ONNX Runtime computes.

Usage: tests/runtime/onnx/make_models.py FOLDER
Needs Debian's python3-torch, and onnxruntime-node as bench/peers/install installs it. The files in models/ were made with
PyTorch 1.13.1 and ONNX Runtime 1.30.0; made again, they are the same to the byte.

NAME.onnx keeps its Dropout nodes, in training mode, as PyTorch exports them. ONNX Runtime would obey that mode, so it runs a
second export, of the same network in evaluation mode, which has no such nodes. NAME.safetensors holds x and y.
"""
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings

import torch
from torch import nn

from sequence_models import SEQUENCE_MODELS


class Gates(nn.Module):
    """Functions instead of modules; a product without bias; a reshape."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(12, 6, bias=False)
        self.second = nn.Linear(6, 4, bias=False)

    def forward(self, x):
        x = self.first(x.view(x.shape[0], -1))
        x = nn.functional.dropout(nn.functional.silu(x), 0.25, self.training)
        return torch.softmax(self.second(x), dim=-1)


def mlp():
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 5), nn.LeakyReLU(0.2),
                         nn.Dropout(0.5), nn.Linear(5, 3))


def gelu():
    return nn.Sequential(nn.Dropout(0.1), nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 3), nn.Tanh())


def image():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 2), nn.ELU(), nn.Dropout(0.2), nn.Linear(2, 4), nn.SELU(),
                         nn.Linear(4, 3), nn.Softmax(dim=1))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
                         nn.Conv2d(4, 6, (3, 2), stride=(2, 1)), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Dropout(0.5),
                         nn.Linear(6, 3))


def mobile():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8, dilation=2), nn.SiLU(),
                         nn.AvgPool2d(3, 1, 1, count_include_pad=False), nn.Conv2d(8, 5, (1, 2), padding=(0, 1)), nn.Dropout(0.2),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3))


def sequence():
    return nn.Sequential(nn.Conv1d(2, 4, 3, padding=1), nn.GELU(), nn.MaxPool1d(3, 2, 1), nn.Dropout(0.3),
                         nn.Conv1d(4, 4, 3, groups=2), nn.AvgPool1d(2, 1, 1), nn.AdaptiveMaxPool1d(1), nn.Flatten())


def norms():
    network = nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3, momentum=0.2), nn.ReLU(), nn.LayerNorm(4), nn.Flatten(),
                            nn.Linear(36, 5, bias=False), nn.BatchNorm1d(5, eps=0.01), nn.Dropout(0.2), nn.LayerNorm(5, eps=0.001))
    for name, tensor in network.state_dict().items():
        if tensor.dim() == 1:  # As if it had been trained.
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return network


class Residual(nn.Module):
    """Two blocks with batch norm; the second's shortcut is a convolution."""

    def __init__(self):
        super().__init__()
        self.one, self.one_norm = nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)
        self.two, self.two_norm = nn.Conv2d(2, 2, 3, padding=1, bias=False), nn.BatchNorm2d(2)
        self.wide, self.shortcut = nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.Conv2d(2, 4, 1, stride=2, bias=False)
        self.dropout, self.last = nn.Dropout(0.2), nn.Linear(4, 3)

    def forward(self, x):
        x = torch.relu(x + self.two_norm(self.two(torch.relu(self.one_norm(self.one(x))))))
        x = torch.relu(self.wide(x) + self.shortcut(x))
        return self.last(self.dropout(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)))


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.of_image, self.of_age = nn.Linear(12, 5), nn.Linear(2, 3)
        self.dropout, self.last = nn.Dropout(0.4), nn.Linear(8, 2)

    def forward(self, image, age):
        image = torch.relu(self.of_image(image.flatten(1)))
        return self.last(self.dropout(torch.cat([image, torch.tanh(self.of_age(age))], dim=1)))


class SkipConcat(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(6, 5), nn.Linear(5, 4), nn.Linear(15, 3)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x):
        h = nn.functional.gelu(self.first(x))
        g = self.dropout(torch.relu(self.second(h)))
        return self.last(torch.cat([x, h, g], dim=-1))


class CausalAttention(nn.Module):
    """Three products, a mask by masked_fill, and a scale by division; T and the batch are what comes."""

    def __init__(self, dims=8, heads=2, length=5):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (nn.Linear(dims, dims) for _ in range(3))
        self.dropout, self.out = nn.Dropout(0.2), nn.Linear(dims, dims)
        self.register_buffer('mask', torch.tril(torch.ones(length, length)))

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, x.shape[2] // self.heads).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))
        scores = (q @ k.transpose(-2, -1) / 4 ** 0.5).masked_fill(self.mask == 0, float('-inf'))
        y = self.dropout(torch.softmax(scores, -1)) @ v
        return x + self.out(y.transpose(1, 2).reshape(x.shape))


class JointAttention(nn.Module):
    """One product for all three, as in vision transformers and nanoGPT."""

    def __init__(self, chunks, dims=6, heads=3):
        super().__init__()
        self.chunks, self.heads = chunks, heads
        self.qkv, self.out = nn.Linear(dims, 3 * dims, bias=False), nn.Linear(dims, dims)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        batch, length, dims = x.shape
        shape = (batch, length, self.heads, dims // self.heads)
        if self.chunks:
            q, k, v = (part.reshape(shape).permute(0, 2, 1, 3) for part in self.qkv(x).chunk(3, dim=-1))
        else:
            q, k, v = self.qkv(x).reshape(batch, length, 3, *shape[2:]).permute(2, 0, 3, 1, 4)
        weights = self.dropout(((q * (dims // self.heads) ** -0.5) @ k.transpose(-2, -1)).softmax(-1))
        return self.out((weights @ v).transpose(1, 2).reshape(batch, length, dims))


class MaskedEncoder(nn.Module):
    """With a causal mask that is added, or True where nothing is to be seen."""

    def __init__(self, boolean, length=4):
        super().__init__()
        mask = torch.triu(torch.ones(length, length, dtype=torch.bool), 1)
        self.register_buffer('mask', mask if boolean else nn.Transformer.generate_square_subsequent_mask(length))
        self.layer = nn.TransformerEncoderLayer(6, 3, 5, 0.2, batch_first=True)

    def forward(self, x):
        return self.layer(x, src_mask=self.mask)


class SequenceFirst(nn.Module):
    """With the sequence before the batch inside, which is PyTorch's default."""

    def __init__(self):
        super().__init__()
        self.layers = nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 5, 0.1, activation='gelu'), 2)

    def forward(self, x):
        return self.layers(x.transpose(0, 1)).transpose(0, 1)


class DenseBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(5, 3, 3, padding=1)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = torch.cat([x, torch.relu(self.one(x))], 1)
        x = torch.cat([x, torch.relu(self.two(x))], 1)
        return self.dropout(x).mean((2, 3))


def trained(network):
    """Norms as if they had been trained."""
    for name, tensor in network.state_dict().items():
        if tensor.dim() == 1 and ('norm' in name or 'running' in name):
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return network


def encoder(**options):
    return lambda: trained(nn.TransformerEncoderLayer(8, 2, 6, 0.1, batch_first=True, **options))


# Name: network, shape of a sample, opset, whether the number of samples is open.
MODELS = {
    **{f'mlp_opset{opset}': (mlp, (6,), opset, True) for opset in (9, 11, 13, 17)},
    **{f'gelu_opset{opset}': (gelu, (6,), opset, True) for opset in (9, 17)},
    'image_opset11': (image, (1, 28, 28), 11, True),
    'image_opset13': (image, (1, 28, 28), 13, False),
    **{f'lenet_opset{opset}': (lenet, (1, 12, 8), opset, True) for opset in (9, 13, 17)},
    **{f'mobile_opset{opset}': (mobile, (3, 7, 6), opset, True) for opset in (11, 17)},
    **{f'sequence_opset{opset}': (sequence, (2, 13), opset, False) for opset in (11, 17)},
    'norms_opset17': (norms, (2, 5, 6), 17, True),
    **{f'residual_opset{opset}': (lambda: trained(Residual()), (2, 5, 6), opset, True) for opset in (11, 17)},
    'two_inputs_opset13': (TwoInputs, ((3, 4), (2,)), 13, True),
    'skip_concat_opset14': (SkipConcat, (6,), 14, True),
    'encoder_opset11': (encoder(), (4, 8), 11, True),
    'encoder_opset14': (encoder(), (4, 8), 14, False),
    'encoder_opset17': (encoder(), (4, 8), 17, True),
    'encoder_pre_opset14': (encoder(norm_first=True, activation='gelu'), (4, 8), 14, True),
    'encoder_pre_opset17': (encoder(norm_first=True, activation='gelu'), (4, 8), 17, False),
    'masked_encoder_opset14': (lambda: MaskedEncoder(False), (4, 6), 14, True),
    'masked_encoder_opset17': (lambda: MaskedEncoder(True), (4, 6), 17, True),
    'sequence_first_opset14': (SequenceFirst, (3, 6), 14, True),
    'dense_block_opset14': (DenseBlock, (2, 5, 4), 14, True),
    'causal_opset12': (CausalAttention, (5, 8), 12, False),
    'causal_opset17': (CausalAttention, (5, 8), 17, True),
    'joint_opset11': (lambda: JointAttention(False), (3, 6), 11, True),
    'joint_opset17': (lambda: JointAttention(False), (3, 6), 17, True),
    'chunks_opset14': (lambda: JointAttention(True), (3, 6), 14, True),
    'gates_opset9': (Gates, (3, 4), 9, False),
    'gates_opset13': (Gates, (3, 4), 13, True),
    'gates_opset17': (Gates, (3, 4), 17, False),
    **SEQUENCE_MODELS,
}


def write_tensors(path, tensors):
    """As safetensors: https://github.com/huggingface/safetensors#format"""
    header, values = {}, b''
    for name, tensor in tensors.items():
        begin = len(values)
        values += tensor.contiguous().numpy().astype('<f4').tobytes()
        header[name] = {'dtype': 'F32', 'shape': list(tensor.shape), 'data_offsets': [begin, len(values)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(text)) + text + values)


def export(network, inputs, path, opset, dynamic):
    axes = {name: {0: 'batch'} for name in [*inputs, 'y']} if dynamic else {}
    torch.onnx.export(network, tuple(inputs.values()), str(path), opset_version=opset, input_names=list(inputs), output_names=['y'],
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, dynamic_axes=axes)


def main():
    warnings.simplefilter('ignore')  # Of exporting in training mode, which is what is wanted.
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for name, (make, shape, opset, dynamic) in MODELS.items():
            torch.manual_seed(1)
            network = make()
            rows = 2 if shape == (1, 28, 28) else 5  # Small files.
            if isinstance(shape[0], tuple):
                inputs = {f'x{i}': torch.randn(rows, *part) for i, part in enumerate(shape)}
            else:
                tokens = hasattr(network, 'embedding')
                inputs = {'x': torch.randint(9, (rows, *shape)) if tokens else torch.randn(rows, *shape)}
            write_tensors(scratch / f'{name}.safetensors', inputs)
            export(network.eval(), inputs, scratch / f'{name}.onnx', opset, dynamic)
            network.train()
            for module in network.modules():
                # Exporting would move the statistics of the first, and refuses dropout in the others.
                if isinstance(module, (nn.modules.batchnorm._BatchNorm, nn.RNNBase)):
                    module.eval()
            export(network, inputs, folder / f'{name}.onnx', opset, dynamic)
        script = pathlib.Path(__file__).with_name('onnxruntime.mjs')
        subprocess.run(['node', str(script), 'run', str(scratch)], check=True)
        for name in MODELS:
            shutil.copy(scratch / f'{name}.safetensors', folder)


main()
