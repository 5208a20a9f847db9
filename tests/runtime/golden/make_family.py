#!/usr/bin/python3
"""Writes the golden values of the dropout family. Usage: tests/runtime/golden/make_family.py"""
import math

import torch
from torch import nn

import golden
import mask_contract
from golden import Dropout, kept, write


def words(count, index, first=0):
    """Of word stream v1, at the present step."""
    stream = index << 40 | golden.step
    result = []
    for i in range(first, first + count):
        block = i >> 2
        counter = (block & mask_contract.WORD, block >> 32 | 1 << 31, stream & mask_contract.WORD, stream >> 32)
        result.append(mask_contract.philox(counter, (golden.SEED, 0))[i & 3])
    return result


def uniforms(shape, index):
    numbers = [(word + 0.5) / 2**32 for word in words(torch.Size(shape).numel(), index)]
    return torch.tensor(numbers, dtype=torch.float64).reshape(shape)


def normals(shape, index):
    count = torch.Size(shape).numel()
    u = [(word + 0.5) / 2**32 for word in words(count + count % 2, index)]
    z = []
    for k in range(0, len(u), 2):
        radius, angle = math.sqrt(-2 * math.log(u[k])), 2 * math.pi * u[k + 1]
        z += [radius * math.cos(angle), radius * math.sin(angle)]
    return torch.tensor(z[:count], dtype=torch.float64).reshape(shape).float()


class AlphaDropout(Dropout):
    """As torch.nn.functional.alpha_dropout."""

    def forward(self, x):
        if not self.training:
            return x
        alpha, q = -1.7580993408473766, 1 / mask_contract.scale(self.p)
        a = (q * (1 + (1 - q) * alpha**2))**-0.5
        mask = kept(self.mask_shape(x.shape), self.p, self.index)
        return a * (x * mask + alpha * (1 - mask)) - a * (1 - q) * alpha


class GaussianDropout(nn.Module):
    def __init__(self, p, index):
        super().__init__()
        self.p, self.index = p, index

    def forward(self, x):
        return x * (1 + math.sqrt(self.p / (1 - self.p)) * normals(x.shape, self.index)) if self.training else x


class GaussianNoise(nn.Module):
    def __init__(self, stddev, index):
        super().__init__()
        self.stddev, self.index = stddev, index

    def forward(self, x):
        return x + self.stddev * normals(x.shape, self.index) if self.training else x


class DropBlock(nn.Module):
    """As torchvision.ops.drop_block2d, of each sample by itself, blocks counted by their upper left corners."""

    def __init__(self, p, size, index):
        super().__init__()
        self.p, self.size, self.index = p, size, index

    def forward(self, x):
        if not self.training:
            return x
        n, c, h, w = x.shape
        places = (n, c, h - self.size + 1, w - self.size + 1)
        gamma = self.p * h * w / (self.size**2 * places[2] * places[3])
        seeds = 1 - kept(places, gamma, self.index)
        pad = self.size - 1
        mask = 1 - nn.functional.max_pool2d(nn.functional.pad(seeds, (pad,) * 4), self.size, stride=1)
        return x * mask * (c * h * w / mask.sum((1, 2, 3), keepdim=True))


class DropConnect(nn.Linear):
    def __init__(self, inputs, units, p, index):
        super().__init__(inputs, units)
        self.p, self.index = p, index

    def forward(self, x):
        weight = self.weight
        if self.training:
            weight = weight * kept(weight.shape, self.p, self.index) * mask_contract.scale(self.p)
        return nn.functional.linear(x, weight, self.bias)


class ConcreteDropout(nn.Module):
    """Without regularisation."""

    def __init__(self, p, temperature, index):
        super().__init__()
        self.p_logit = nn.Parameter(torch.tensor([math.log(p) - math.log(1 - p)]))
        self.temperature, self.index = temperature, index

    def forward(self, x):
        if not self.training:
            return x
        p, u = torch.sigmoid(self.p_logit), uniforms(x.shape, self.index)
        z = torch.sigmoid((torch.log(p) - torch.log(1 - p) + torch.log(u) - torch.log(1 - u)) / self.temperature)
        return (x * (1 - z) / (1 - p)).float()


def channels(shape):
    return shape[:2] + (1,) * (len(shape) - 2)


torch.manual_seed(5)
write('noise_shape', nn.Sequential(Dropout(0.25, 0, channels), Dropout(0.4, 1, lambda s: (s[0], 1, s[2], 1)), nn.Flatten(),
                                   nn.Linear(60, 5)),
      'spatial_dropout2d:0.25,dropout:0.4:noise_shape=1x4x1,flatten,dense:5', torch.randn(6, 3, 4, 5))
write('spatial_dropout1d', nn.Sequential(nn.LayerNorm(7), Dropout(0.5, 1, channels), nn.Flatten(), nn.Linear(35, 3)),
      'layer_norm,spatial_dropout1d:0.5,flatten,dense:3', torch.randn(6, 5, 7))
write('alpha_dropout', nn.Sequential(AlphaDropout(0.3, 0, channels), nn.Flatten(), nn.Linear(20, 9), nn.SELU(),
                                     AlphaDropout(0.1, 4), nn.Linear(9, 3)),
      'feature_alpha_dropout:0.3,flatten,dense:9,selu,alpha_dropout:0.1,dense:3', torch.randn(6, 5, 4))
write('gaussian', nn.Sequential(GaussianNoise(0.5, 0), nn.Linear(5, 9), nn.Tanh(), GaussianDropout(0.3, 3), nn.Linear(9, 3)),
      'gaussian_noise:0.5,dense:9,tanh,gaussian_dropout:0.3,dense:3', torch.randn(7, 5))
write('drop_block', nn.Sequential(nn.BatchNorm2d(2), DropBlock(0.3, 3, 1), nn.ReLU(), nn.Flatten(), nn.Linear(96, 3)),
      'batch_norm,drop_block2d:0.3:3,relu,flatten,dense:3', torch.randn(5, 2, 8, 6))
write('dropconnect', nn.Sequential(DropConnect(6, 20, 0.4, 0), nn.ReLU(), DropConnect(20, 3, 0.5, 2)),
      'dropconnect:20:0.4,relu,dropconnect:3:0.5', torch.randn(9, 6))
write('concrete_dropout', nn.Sequential(ConcreteDropout(0.1, 0.1, 0), nn.Linear(6, 20), nn.ReLU(), ConcreteDropout(0.3, 0.5, 3),
                                        nn.Linear(20, 3)),
      'concrete_dropout:weight_regularizer=0:dropout_regularizer=0,dense:20,relu,'
      'concrete_dropout:rate=0.3:temperature=0.5:weight_regularizer=0:dropout_regularizer=0,dense:3', torch.randn(9, 6))
