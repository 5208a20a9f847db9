#!/usr/bin/python3
"""Writes the golden values of convolutions. Usage: tests/runtime/golden/make_convolutions.py"""
import torch
from torch import nn

from golden import Dropout, write

torch.manual_seed(1)
write('conv2d', nn.Sequential(nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Conv2d(5, 6, 3, padding=1), nn.Tanh(), Dropout(0.25, 4),
                              nn.Conv2d(6, 4, (2, 3), stride=(2, 1)), nn.Flatten(), nn.Linear(32, 3)),
      'conv2d:5:3:relu,conv2d:6:3:tanh:padding=1,dropout:0.25,conv2d:4:2x3:stride=2x1,flatten,dense:3',
      torch.randn(3, 1, 7, 8))
write('conv2d_options', nn.Sequential(nn.Conv2d(4, 6, 3, stride=2, padding=(2, 1), groups=2), nn.ELU(),
                                      nn.Conv2d(6, 6, 3, padding='same', dilation=2, groups=6, bias=False), nn.SiLU(),
                                      nn.Conv2d(6, 3, (4, 2), padding='same'), nn.Conv2d(3, 40, 1)),
      'conv2d:6:3:elu:stride=2:padding=2x1:groups=2,conv2d:6:3:silu:padding=same:dilation=2:groups=6:bias=0,'
      'conv2d:3:4x2:padding=same,conv2d:40:1', torch.randn(2, 4, 6, 5))
write('conv2d_wide', nn.Sequential(nn.Conv2d(2, 35, 3, padding=1), nn.ReLU(), nn.Conv2d(35, 3, 3)),
      'conv2d:35:3:relu:padding=1,conv2d:3:3', torch.randn(2, 2, 6, 6))
write('conv1d', nn.Sequential(nn.Conv1d(3, 6, 5, padding=2), nn.GELU(), Dropout(0.3, 2), nn.Conv1d(6, 4, 3, stride=2, dilation=2),
                              nn.Sigmoid(), nn.Conv1d(4, 4, 4, padding='same', groups=4)),
      'conv1d:6:5:gelu:padding=2,dropout:0.3,conv1d:4:3:sigmoid:stride=2:dilation=2,conv1d:4:4:padding=same:groups=4',
      torch.randn(4, 3, 13))
