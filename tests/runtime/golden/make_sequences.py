#!/usr/bin/python3
"""Writes the golden values of embeddings, LSTMs and GRUs. Usage: tests/runtime/golden/make_sequences.py

Without probabilities the layers are PyTorch's own; with them, which it does not have, its cells are spelt out below.
"""
import torch
from torch import nn

import golden
from golden import Dropout, kept, write
from mask_contract import scale, threshold

WEIGHT_STREAM = 2**20


class Embedding(nn.Embedding):
    """Layer `index` of the list. p: word dropout."""

    def __init__(self, vocabulary, dim, index=0, p=0, padding=None):
        super().__init__(vocabulary, dim, padding_idx=padding)
        self.index, self.p = index, p

    def forward(self, x):
        tokens = x.long()
        y = super().forward(tokens)
        if not self.training or not self.p:
            return y
        factors = kept((len(x), self.num_embeddings), self.p, self.index) * scale(self.p)
        return y * factors.gather(1, tokens).unsqueeze(2)


class Permute(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 1)


class Recurrent:
    """Beside nn.LSTM or nn.GRU. `steps`: T; the other arguments are Fallow's options."""

    def configure(self, index, steps, sequences=False, mask=False, dropout=0, recurrent_dropout=0, zoneout=0,
                  weight_dropout=0):
        self.index, self.steps, self.sequences, self.mask = index, steps, sequences, mask
        self.p = dict(dropout=dropout, recurrent=recurrent_dropout, zoneout=zoneout, weight=weight_dropout)
        self.directions = 2 if self.bidirectional else 1
        return self

    def lengths(self, x):
        used = (x != 0).any(2)
        return torch.tensor([max([t + 1 for t in range(self.steps) if row[t]], default=0) for row in used]) \
            if self.mask else torch.full((len(x),), self.steps)

    def forward(self, x):
        lengths = self.lengths(x)
        if any(self.p.values()) or (lengths == 0).any():
            outputs, last = self.spelt_out(x, lengths)
        else:
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            outputs, last = super().forward(packed)
            outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True, total_length=self.steps)
            last = torch.cat(list(last[0] if self.mode == 'LSTM' else last), 1)
        return outputs if self.sequences else last

    def factors(self, name, rows, first, count):
        """Of elements first to first + count of each row."""
        if not self.training or not self.p[name]:
            return torch.ones(rows, count)
        of_row = self.input_size + self.directions * self.hidden_size * (1 + 2 * self.steps)
        return kept((rows, of_row), self.p[name], self.index)[:, first:first + count] * scale(self.p[name])

    def spelt_out(self, x, lengths):
        units, size = self.hidden_size, self.input_size
        x = x * self.factors('dropout', len(x), 0, size).unsqueeze(1)
        outputs, last = [], []
        for d in range(self.directions):
            end = '_l0_reverse' if d else '_l0'
            w_ih, w_hh, b_ih, b_hh = (getattr(self, name + end) for name in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'))
            if self.training and self.p['weight']:
                p = self.p['weight']
                w_hh = w_hh * kept(w_hh.shape, p, self.index + WEIGHT_STREAM, d * w_hh.numel()) * scale(p)
            factors = self.factors('recurrent', len(x), size + d * units, units)
            states = torch.zeros(2, len(x), units)
            of_steps = [None] * self.steps
            for t in (reversed(range(self.steps)) if d else range(self.steps)):
                new = self.cell(x[:, t] @ w_ih.T + b_ih, (states[0] * factors) @ w_hh.T + b_hh, states)
                first = size + self.directions * units
                new = torch.stack([self.zoneout(new[s], states[s], first + ((2 * d + s) * self.steps + t) * units)
                                   for s in range(2)])
                is_step = (t < lengths).reshape(-1, 1)
                states = torch.where(is_step, new, states)
                of_steps[t] = states[0] * is_step
            outputs.append(torch.stack(of_steps, 1))
            last.append(states[0])
        return torch.cat(outputs, 2), torch.cat(last, 1)

    def zoneout(self, new, old, first):
        p = self.p['zoneout']
        if not p:
            return new
        keep = self.factors('zoneout', len(new), first, self.hidden_size) != 0 if self.training else threshold(p) / 2**32
        return torch.where(keep, new, old) if self.training else new * keep + old * (1 - keep)


class LSTM(Recurrent, nn.LSTM):
    def cell(self, of_input, of_state, states):
        i, f, g, o = (of_input + of_state).chunk(4, 1)
        c = f.sigmoid() * states[1] + i.sigmoid() * g.tanh()
        return torch.stack([o.sigmoid() * c.tanh(), c])


class GRU(Recurrent, nn.GRU):
    def cell(self, of_input, of_state, states):
        r, z, n = (a.chunk(3, 1)[i] for i, a in ((0, of_input + of_state), (1, of_input + of_state), (2, of_input)))
        n = (n + r.sigmoid() * of_state.chunk(3, 1)[2]).tanh()
        z = z.sigmoid()
        return torch.stack([(1 - z) * n + z * states[0], states[1]])


def recurrent(kind, inputs, units, index, steps, bidirectional=False, **options):
    return kind(inputs, units, batch_first=True, bidirectional=bidirectional).configure(index, steps, **options)


def padded(rows, steps, vocabulary, shortest=1):
    """Tokens with zeros behind them; a zero inside too."""
    x = torch.randint(1, vocabulary, (rows, steps)).float()
    for r in range(rows):
        x[r, min(steps, shortest + r):] = 0
    x[rows - 1, 0] = 0
    return x


if __name__ == '__main__':
    torch.manual_seed(1)
    write('permute',
          nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), Permute(), recurrent(LSTM, 4, 5, 3, 6), nn.Linear(5, 2)),
          'conv1d:4:3,relu,permute:2x1,lstm:5,dense:2', torch.randn(6, 3, 8))
    torch.manual_seed(1)
    for kind in (LSTM, GRU):
        name = kind.__name__.lower()
        write(name, nn.Sequential(recurrent(kind, 3, 5, 0, 4), nn.Linear(5, 2)), f'{name}:5,dense:2', torch.randn(6, 4, 3))
        write(name + '_stacked',
              nn.Sequential(Embedding(7, 4, padding=0),
                            recurrent(kind, 4, 5, 1, 6, bidirectional=True, sequences=True, mask=True),
                            recurrent(kind, 10, 6, 2, 6, bidirectional=True, mask=True), nn.Linear(12, 3)),
              f'embedding:7:4:padding=0,{name}:5:sequences=1:bidirectional=1:mask=1,{name}:6:bidirectional=1:mask=1,dense:3',
              padded(7, 6, 7))
        write(name + '_dropped',
              nn.Sequential(Embedding(7, 4, p=0.2, padding=0),
                            recurrent(kind, 4, 5, 1, 6, bidirectional=True, sequences=True, mask=True, dropout=0.3,
                                      recurrent_dropout=0.4, zoneout=0.15, weight_dropout=0.5),
                            recurrent(kind, 10, 6, 2, 6, zoneout=0.25), nn.Flatten(), Dropout(0.5, 4), nn.Linear(6, 3)),
              f'embedding:7:4:dropout=0.2:padding=0,{name}:5:sequences=1:bidirectional=1:dropout=0.3:recurrent_dropout=0.4'
              f':zoneout=0.15:weight_dropout=0.5:mask=1,{name}:6:zoneout=0.25,flatten,dropout:0.5,dense:3',
              padded(7, 6, 7, shortest=0))
