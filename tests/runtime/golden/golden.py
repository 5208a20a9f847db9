"""Golden values: networks in PyTorch with Fallow's masks, and what they compute, for golden_test.cc.

A script make_NAME.py beside this one calls write() for each of its networks. It needs Debian's python3-torch; the files were
made with PyTorch 1.13.1, on one thread.

A file holds, as safetensors:
  metadata   "layers", Fallow's list; "seed"; "steps" and "learning_rate"
  x, dy      a batch, and d objective / d output: the objective is sum(y * dy)
  y          the output in training, at step 0; "inference": that of evaluation, before any step
  NAME       each parameter at the start; "gradient.NAME" at step 0; "after.NAME" after `steps` steps of plain SGD, step s with
             the masks of step s
"""
import json
import pathlib
import struct
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).parent.parent.parent / 'support'))
import mask_contract

SEED = 42
step = 0  # Of the masks.

torch.set_num_threads(1)


def kept(shape, p, index, first=0):
    """The mask of layer `index` at the present step, as numbers."""
    stream = index << 40 | step
    flags = mask_contract.kept(torch.Size(shape).numel(), p, SEED, stream, first)
    return torch.tensor(flags, dtype=torch.float32).reshape(shape)


class Dropout(torch.nn.Module):
    """Layer `index` of the list. `mask_shape(x.shape)`: of what is drawn, which x's shape broadcasts."""

    def __init__(self, p, index, mask_shape=lambda shape: shape):
        super().__init__()
        self.p, self.index, self.mask_shape = p, index, mask_shape

    def forward(self, x):
        if not self.training:
            return x
        return x * kept(self.mask_shape(x.shape), self.p, self.index) * mask_contract.scale(self.p)


def safetensors(path, tensors, metadata):
    header, body = {'__metadata__': metadata}, b''
    for name, tensor in tensors.items():
        data = tensor.detach().contiguous().numpy().astype('<f4').tobytes()
        header[name] = {'dtype': 'F32', 'shape': list(tensor.shape), 'data_offsets': [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + body)


def write(name, network, layers, x, *, steps=3, learning_rate=0.1, rename=lambda name: name):
    """`rename`: from PyTorch's names in the state_dict to Fallow's; None for what Fallow does not have."""
    global step
    state = {rename(key): value for key, value in network.state_dict().items() if rename(key)}
    tensors = {'x': x, **{key: value.clone() for key, value in state.items()}}
    tensors['inference'] = network.eval()(x)
    network.train()
    torch.manual_seed(7)
    tensors['dy'] = torch.randn_like(tensors['inference']) / len(x)
    optimizer = torch.optim.SGD(network.parameters(), learning_rate)
    for step in range(steps):
        optimizer.zero_grad()
        y = network(x)
        y.backward(tensors['dy'])
        if step == 0:
            tensors['y'] = y
            for key, parameter in network.named_parameters():
                if rename(key):
                    tensors['gradient.' + rename(key)] = parameter.grad.clone()
        optimizer.step()
    step = 0
    for key, value in network.state_dict().items():
        if rename(key):
            tensors['after.' + rename(key)] = value
    tensors = {key: value for key, value in tensors.items() if value.dtype == torch.float32}  # No num_batches_tracked.
    metadata = {'layers': layers, 'seed': str(SEED), 'steps': str(steps), 'learning_rate': str(learning_rate)}
    safetensors(pathlib.Path(__file__).parent / (name + '.safetensors'), tensors, metadata)
