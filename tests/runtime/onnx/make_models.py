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
    'gates_opset9': (Gates, (3, 4), 9, False),
    'gates_opset13': (Gates, (3, 4), 13, True),
    'gates_opset17': (Gates, (3, 4), 17, False),
}


def write_tensor(path, name, tensor):
    """As safetensors: https://github.com/huggingface/safetensors#format"""
    values = tensor.contiguous().numpy().astype('<f4').tobytes()
    header = {name: {'dtype': 'F32', 'shape': list(tensor.shape), 'data_offsets': [0, len(values)]}}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack('<Q', len(text)) + text + values)


def export(network, x, path, opset, dynamic):
    axes = {'x': {0: 'batch'}, 'y': {0: 'batch'}} if dynamic else {}
    torch.onnx.export(network, x, str(path), opset_version=opset, input_names=['x'], output_names=['y'],
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
            x = torch.randn(2 if shape == (1, 28, 28) else 5, *shape)  # Small files.
            write_tensor(scratch / f'{name}.safetensors', 'x', x)
            export(network.eval(), x, scratch / f'{name}.onnx', opset, dynamic)
            network.train()
            for module in network.modules():  # Exporting would move their statistics.
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
            export(network, x, folder / f'{name}.onnx', opset, dynamic)
        script = pathlib.Path(__file__).with_name('onnxruntime.mjs')
        subprocess.run(['node', str(script), 'run', str(scratch)], check=True)
        for name in MODELS:
            shutil.copy(scratch / f'{name}.safetensors', folder)


main()
