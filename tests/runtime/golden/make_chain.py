#!/usr/bin/python3
"""Writes the golden values of dense layers, activations and dropout. Usage: tests/runtime/golden/make_chain.py"""
import torch
from torch import nn

from golden import Dropout, write

torch.manual_seed(1)
write('lesson', nn.Sequential(nn.Linear(20, 32), nn.ReLU(), Dropout(0.5, 2), nn.Linear(32, 16), nn.ReLU(), Dropout(0.3, 5),
                              nn.Linear(16, 1)),
      'dense:32:relu,dropout:0.5,dense:16:relu,dropout:0.3,dense:1', torch.randn(9, 20))
write('activations', nn.Sequential(nn.Linear(5, 9), nn.GELU(), nn.Linear(9, 8, bias=False), nn.SiLU(), Dropout(0.1, 4),
                                   nn.Linear(8, 7), nn.ELU(), nn.Linear(7, 6), nn.SELU(), nn.Linear(6, 5), nn.Tanh(),
                                   nn.Linear(5, 4), nn.Sigmoid(), nn.LeakyReLU(0.2), nn.Softmax(-1)),
      'dense:9:gelu,dense:8:silu:bias=0,dropout:0.1,dense:7:elu,dense:6:selu,dense:5:tanh,dense:4:sigmoid,leaky_relu:0.2,softmax',
      torch.randn(6, 5))
