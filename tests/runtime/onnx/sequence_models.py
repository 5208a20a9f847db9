"""Networks of sequences for make_models.py. Those with an embedding read tokens."""
import torch
from torch import nn


class Last(nn.Module):
    """The last step of an LSTM."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4, padding_idx=0)
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        y, _ = self.lstm(self.embedding(x))
        return self.head(self.dropout(y[:, -1]))


class States(nn.Module):
    """The last states of both directions of two layers in one module, and of two modules with dropout between."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.below = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.25)
        self.lstm = nn.LSTM(6, 2, num_layers=2, batch_first=True, bidirectional=True, bias=False)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        y, _ = self.below(self.embedding(x))
        _, (h, _) = self.lstm(self.dropout(y))
        return self.head(torch.cat([h[-2], h[-1]], 1))


class Steps(nn.Module):
    """A GRU, and a layer for each of its steps."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.dropout = nn.Dropout(0.2)
        self.gru = nn.GRU(4, 3, batch_first=True, bidirectional=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        y, _ = self.gru(self.dropout(self.embedding(x)))
        return torch.softmax(self.head(torch.tanh(y)), -1)


class StateOfGru(nn.Module):
    """The last state of two layers, of features instead of tokens. PyTorch does not export the dropout between them."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.gru = nn.GRU(4, 5, num_layers=2, batch_first=True, dropout=0.5)
        self.head = nn.Linear(5, 2, bias=False)

    def forward(self, x):
        _, h = self.gru(nn.functional.dropout(torch.relu(self.first(x)), 0.4, self.training))
        return self.head(h[-1])


class Heard(nn.Module):
    """A convolution over time, whose channels come before the steps, and a GRU, in which they come behind."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(3, 4, 3)
        self.dropout = nn.Dropout(0.2)
        self.gru = nn.GRU(4, 5, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        y, _ = self.gru(self.dropout(torch.relu(self.convolution(x))).transpose(1, 2))
        return self.head(y[:, -1])


# As MODELS of make_models.py.
SEQUENCE_MODELS = {
    **{f'last_opset{opset}': (Last, (7,), opset, opset != 11) for opset in (9, 11, 17)},
    **{f'states_opset{opset}': (States, (6,), opset, opset != 13) for opset in (9, 13, 17)},
    **{f'steps_opset{opset}': (Steps, (6,), opset, opset != 11) for opset in (11, 17)},
    'heard_opset14': (Heard, (3, 8), 14, True),
    **{f'gru_opset{opset}': (StateOfGru, (6, 3), opset, opset != 9) for opset in (9, 17)},
}
