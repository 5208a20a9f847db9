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


class Transformer(nn.Module):
    """A TransformerEncoderLayer with Fallow's masks: its first layer has the index `index`."""

    def __init__(self, dims, heads, hidden, p, index):
        super().__init__()
        self.of = nn.TransformerEncoderLayer(dims, heads, hidden, p, batch_first=True)
        self.attention = Attention(dims, heads, p, index)
        self.attention.of = self.of.self_attn
        self.masks = [Dropout(p, index + 1), Dropout(p, index + 6), Dropout(p, index + 8)]

    def forward(self, x):
        if not self.training:
            return self.of(x)
        x = self.of.norm1(x + self.masks[0](self.attention(x)))
        hidden = self.masks[1](torch.relu(self.of.linear1(x)))
        return self.of.norm2(x + self.masks[2](self.of.linear2(hidden)))


def names_of_blocks(name):
    """Of two blocks, flatten and a dense layer."""
    if 'attention' in name:  # A second name of self_attn.
        return None
    if name.startswith('3.'):
        return '23.' + name[2:]
    block, _, part, rest = name.split('.', 3)
    places = {'self_attn': 0, 'norm1': 3, 'linear1': 4, 'linear2': 7, 'norm2': 10}
    return f'{int(block) * 11 + places[part]}.{rest}'


def names(name):
    return name.replace('.of.', '.')


torch.manual_seed(1)
write('attention', nn.Sequential(nn.Linear(6, 8), Attention(8, 2, 0.3, 1), nn.Flatten(), nn.Linear(40, 3)),
      'dense_last:8,attention:2:dropout=0.3,flatten,dense:3', torch.randn(7, 5, 6), rename=names)
write('attention_causal', nn.Sequential(Attention(12, 3, 0.0, 0, causal=True, bias=False), nn.Linear(12, 4), nn.ReLU(),
                                        nn.Flatten(), nn.Linear(36, 2)),
      'attention:3:causal=1:bias=0,dense_last:4:relu,flatten,dense:2', torch.randn(5, 9, 12), rename=names)
write('transformer', nn.Sequential(Transformer(8, 2, 12, 0.2, 0), Transformer(8, 2, 12, 0.2, 11), nn.Flatten(),
                                   nn.Linear(32, 3)),
      'transformer:8:2:12:dropout=0.2,transformer:8:2:12:dropout=0.2,flatten,dense:3', torch.randn(6, 4, 8),
      rename=names_of_blocks)
