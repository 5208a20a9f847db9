#!/usr/bin/python3
"""Writes the golden values of pooling. Usage: tests/runtime/golden/make_pooling.py"""
import torch
from torch import nn

from golden import Dropout, write

torch.manual_seed(1)
write('maxpool2d', nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), Dropout(0.25, 3),
                                 nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d((3, 2), stride=(2, 1), padding=1), nn.Flatten(),
                                 nn.Linear(48, 2)),
      'conv2d:3:3:relu:padding=1,maxpool2d:2,dropout:0.25,conv2d:4:3:padding=1,maxpool2d:3x2:stride=2x1:padding=1,flatten,dense:2',
      torch.randn(3, 2, 7, 10))
write('avgpool2d', nn.Sequential(nn.Conv2d(1, 3, 1), nn.Tanh(), nn.AvgPool2d(3, stride=1, padding=1), nn.Conv2d(3, 4, 2),
                                 nn.AvgPool2d((2, 3), padding=(1, 1), count_include_pad=False), nn.Conv2d(4, 3, 1),
                                 nn.AvgPool2d(2)),
      'conv2d:3:1:tanh,avgpool2d:3:stride=1:padding=1,conv2d:4:2,avgpool2d:2x3:padding=1:count_include_pad=0,conv2d:3:1,avgpool2d:2',
      torch.randn(3, 1, 7, 13))
write('pool1d', nn.Sequential(nn.Conv1d(2, 4, 3), nn.MaxPool1d(3, stride=1, padding=1), nn.Conv1d(4, 4, 3), nn.AvgPool1d(3, 2, 1),
                              nn.Conv1d(4, 3, 1), nn.MaxPool1d(2)),
      'conv1d:4:3,maxpool1d:3:stride=1:padding=1,conv1d:4:3,avgpool1d:3:stride=2:padding=1,conv1d:3:1,maxpool1d:2',
      torch.randn(4, 2, 15))
write('global_pool', nn.Sequential(nn.Conv2d(1, 4, 3), nn.ELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)),
      'conv2d:4:3:elu,global_avgpool:keepdims=1,flatten,dense:3', torch.randn(3, 1, 8, 9))
write('global_maxpool', nn.Sequential(nn.Conv1d(2, 5, 3), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(5, 3)),
      'conv1d:5:3,global_maxpool,dense:3', torch.randn(3, 2, 9),
      rename=lambda name: name.replace('3.', '2.'))
