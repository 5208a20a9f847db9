"""Dropout of PyTorch on CPUs, by Fallow's kernels.

    import fallow_torch
    fallow_torch.enable()

From then on torch.nn.functional.dropout and its relatives, the modules that call them, and torch.native_dropout run on
Fallow: forward, backward, backward of backward. disable() puts PyTorch's own back. torch.manual_seed decides the masks
as before, but they are other masks. What is saved for the backward pass is a key of 16 bytes, not a mask.

The functions below are operations of Fallow's own, with or without enable(). Seed and stream are integers of 64 bits.
Element i of a mask is element i of the tensor, counted row by row: the same as elsewhere in Fallow, on any CPU.
"""
import pathlib

import torch

torch.ops.load_library(str(pathlib.Path(__file__).with_name('libfallow_torch.so')))

__all__ = [
    'enable', 'disable', 'is_enabled', 'dropout', 'bias_gelu_dropout_residual', 'softmax_dropout', 'mask_bits'
]


def enable():
    """Runs PyTorch's dropout on Fallow. Nothing happens if it does already. Not while another thread runs a dropout."""
    torch.ops.fallow.enable()


def disable():
    """Puts PyTorch's own dropout back. Backward passes of what ran on Fallow still do."""
    torch.ops.fallow.disable()


def is_enabled():
    """Whether PyTorch's dropout runs on Fallow."""
    return torch.ops.fallow.is_enabled()


def dropout(x, p, seed, stream=0):
    """x * 1 / (1 - p) where the mask keeps, 0 elsewhere, as a contiguous tensor."""
    return torch.ops.fallow.dropout(x, p, _signed(seed), _signed(stream))


def bias_gelu_dropout_residual(x, bias, residual, p, seed, stream=0):
    """dropout(gelu(x + bias)) + residual in one pass. bias has the size of x's last dimension."""
    return torch.ops.fallow.bias_gelu_dropout_residual(x, bias, residual, p, _signed(seed), _signed(stream))


def softmax_dropout(x, p, seed, stream=0):
    """dropout(softmax(x, -1)) in one pass."""
    return torch.ops.fallow.softmax_dropout(x, p, _signed(seed), _signed(stream))


def mask_bits(n, p, seed, stream=0):
    """The mask of n elements as a uint8 tensor: element i is kept if (bits[i // 8] >> (i % 8)) & 1 is 1."""
    return torch.ops.fallow.mask_bits(n, p, _signed(seed), _signed(stream))


def _signed(number):
    """The number of PyTorch's signed 64 bits that has the bits of an unsigned one."""
    if not -2**63 <= number < 2**64:
        raise ValueError(f'expected an integer of 64 bits, but got {number}')
    return number - 2**64 if number >= 2**63 else number
