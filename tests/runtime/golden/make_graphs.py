#!/usr/bin/python3
"""Writes the golden values of networks that are no chains. Usage: tests/runtime/golden/make_graphs.py"""
import torch
from torch import nn

from golden import Dropout, write


class Around(nn.Module):
    """A connection around two layers, and a value that two branches read."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.third, self.last = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 5), nn.Linear(13, 3)
        self.dropout = Dropout(0.4, 2)

    def forward(self, x):
        a = torch.relu(self.first(x))
        b = torch.tanh(self.second(self.dropout(a)) + a)
        return self.last(torch.cat([torch.sigmoid(self.third(b)), b], dim=1))


class TwoInputs(nn.Module):
    """An image of 2 x 3 and a table of 4, in one row."""

    def __init__(self):
        super().__init__()
        self.image, self.table, self.last = nn.Linear(6, 7), nn.Linear(4, 7), nn.Linear(7, 2)
        self.dropout = Dropout(0.3, 5)

    def forward(self, x):
        image = nn.functional.gelu(self.image(x[:, :6]))
        return self.last(self.dropout(self.table(x[:, 6:])) + image)


class Deep(nn.Module):
    """Branches that are dropped whole, and a new shape."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(18, 3)
        self.paths = nn.ModuleList(Dropout(0.4, index, lambda shape: (shape[0], 1, 1)) for index in (2, 6))

    def forward(self, x):
        x = x + self.paths[0](torch.relu(self.first(x)))
        x = x + self.paths[1](torch.tanh(self.second(x.reshape(-1, 9, 2).reshape(-1, 3, 6))))
        return self.last(x.flatten(1))


def names(of):
    """From the names of the modules to the indices of the layers."""
    return lambda name: name and f'{of[name.split(".")[0]]}.{name.split(".")[1]}'


torch.manual_seed(1)
write('graph_around', Around(), 'dense:8:relu@a,dropout:0.4,dense:8,add:a,tanh@b,dense:5:sigmoid,concat:b,dense:3',
      torch.randn(9, 6), rename=names({'first': 0, 'second': 3, 'third': 6, 'last': 9}))
write('graph_two_inputs', TwoInputs(),
      'input:image:2x3,dense:7:gelu@image,input:table:4,dense:7,dropout:0.3,add:image,dense:2', torch.randn(5, 10),
      rename=names({'image': 1, 'table': 4, 'last': 7}))
write('graph_drop_path', Deep(),
      'dense_last:6,relu,drop_path:0.4,add:input@a,dense_last:6,tanh,drop_path:0.4,add:a,reshape:9x2,reshape:18,dense:3',
      torch.randn(11, 3, 6), rename=names({'first': 0, 'second': 4, 'last': 10}))
