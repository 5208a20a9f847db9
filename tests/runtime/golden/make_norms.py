#!/usr/bin/python3
"""Writes the golden values of layers that normalise. Usage: tests/runtime/golden/make_norms.py"""
import torch
from torch import nn

from golden import Dropout, write


def at_random(network):
    """Weights, and running statistics as if it had been trained."""
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and tensor.dim() == 1:
            tensor.copy_(torch.rand_like(tensor) + (0.5 if name.endswith(('weight', 'var')) else 0))
    return network


torch.manual_seed(3)
write('batch_norm', at_random(nn.Sequential(nn.Linear(6, 70, bias=False), nn.BatchNorm1d(70), nn.ReLU(), Dropout(0.3, 3), nn.Linear(70, 5, bias=False),
                                            nn.BatchNorm1d(5, eps=0.01, momentum=0.3))),
      'dense:70:bias=0,batch_norm,relu,dropout:0.3,dense:5:bias=0,batch_norm:momentum=0.3:eps=0.01', torch.randn(11, 6))
write('batch_norm_2d', at_random(nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(60, 7))),
      'batch_norm,relu,flatten,dense:7', torch.randn(9, 3, 4, 5) + 3)
write('layer_norm', at_random(nn.Sequential(nn.LayerNorm(6), nn.Flatten(), nn.Linear(24, 67), nn.LayerNorm(67, eps=0.1), nn.GELU(),
                                            nn.Linear(67, 3))),
      'layer_norm,flatten,dense:67,layer_norm:eps=0.1,gelu,dense:3', torch.randn(7, 4, 6))
