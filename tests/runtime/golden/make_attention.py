#!/usr/bin/python3
"""Writes the golden values of attention and of what goes with it. Usage: tests/runtime/golden/make_attention.py"""
import math

import torch
from torch import nn

from golden import Dropout, write


class Attention(nn.Module):
    """PyTorch's parameters and formula, with Fallow's mask on the weights: layer `index`."""

    def __init__(self, dims, heads, p, index, causal=False, bias=True):
        super().__init__()
        self.of = nn.MultiheadAttention(dims, heads, bias=bias, batch_first=True)
        if bias:
            nn.init.normal_(self.of.in_proj_bias)
            nn.init.normal_(self.of.out_proj.bias)
        self.heads, self.causal, self.dropout = heads, causal, Dropout(p, index)

    def forward(self, x):
        batch, positions, dims = x.shape
        qkv = nn.functional.linear(x, self.of.in_proj_weight, self.of.in_proj_bias)
        q, k, v = qkv.reshape(batch, positions, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        logits = q @ k.transpose(-1, -2) / math.sqrt(dims // self.heads)
        if self.causal:
            logits = logits + torch.full((positions, positions), -math.inf).triu(1)
        joined = (self.dropout(torch.softmax(logits, -1)) @ v).transpose(1, 2).reshape(batch, positions, dims)
        y = self.of.out_proj(joined)
        if not self.training:
            mask = torch.ones(positions, positions, dtype=torch.bool).triu(1) if self.causal else None
            torch.testing.assert_close(y, self.of(x, x, x, attn_mask=mask)[0], rtol=1e-4, atol=1e-5)
        return y


def names(name):
    return name.replace('.of.', '.')


torch.manual_seed(1)
write('attention', nn.Sequential(nn.Linear(6, 8), Attention(8, 2, 0.3, 1), nn.Flatten(), nn.Linear(40, 3)),
      'dense_last:8,attention:2:dropout=0.3,flatten,dense:3', torch.randn(7, 5, 6), rename=names)
write('attention_causal', nn.Sequential(Attention(12, 3, 0.0, 0, causal=True, bias=False), nn.Linear(12, 4), nn.ReLU(),
                                        nn.Flatten(), nn.Linear(36, 2)),
      'attention:3:causal=1:bias=0,dense_last:4:relu,flatten,dense:2', torch.randn(5, 9, 12), rename=names)
