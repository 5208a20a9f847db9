#!/usr/bin/python3
"""Makes the data of the recipes spoken-digits-*: zero to nine, said by voices of Debian's espeak-ng, in noise.

Usage: recipes/make_spoken_digits.py FOLDER
Writes FOLDER/{train,validation,test}-{images,labels}.idx, and the test samples of each signal-to-noise ratio as
FOLDER/test-{20,10,5,0,-5}dB-{images,labels}.idx: the same bytes for the same espeak-ng. tools/debian-packages speech
installs what is needed.

A voice is a speaker (a variant of espeak-ng) with an accent. Each speaker is in one part only, with all of its variants, and so
is each accent: the digits to test with are said by voices that are nowhere in training. A sample is a digit at some speed and
pitch, somewhere in a window of 0.74 s of white noise; an image of 40 mel bands, low to high, by 64 frames of 23 ms, one every
12 ms: decibels below the loudest, 0 to 60, as bytes from 255 to 0.
"""
import hashlib
import pathlib
import shutil
import struct
import subprocess
import sys

import numpy as np

DIGITS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine')
RATE, WINDOW, HOP, BANDS, FRAMES = 22050, 512, 256, 40, 64
SAMPLES = WINDOW + (FRAMES - 1) * HOP
RANGE = 60.0  # Decibels.

# Accents, speakers, how often a voice says each digit, and the signal-to-noise ratios: each saying is at one of them in training,
# and at all of them in the other parts.
PARTS = {
    'train': (('en-gb', 'en-us', 'en-gb-x-gbclan'),
              ('adam', 'Alex', 'Alicia', 'Andy', 'AnxiousAndy', 'antonio', 'boris', 'caleb', 'david', 'Diogo', 'edward', 'edward2',
               'f1', 'f2', 'f3', 'f4', 'f5', 'Gene', 'Gene2', 'grandma', 'Jacky', 'john', 'linda', 'Marco', 'norbert', 'pablo',
               'robert', 'steph', 'steph2', 'steph3', 'zac'), 2, (20, 10, 5, 0)),
    'validation': (('en-us-nyc', 'en-gb-scotland'),
                   ('Andrea', 'Annie', 'belinda', 'Denis', 'grandpa', 'Hugo', 'kaukovalta', 'klatt', 'klatt2', 'klatt3', 'Mario',
                    'michel', 'Mike', 'quincy', 'sandro', 'UniRobot', 'whisper', 'whisperf'), 1, (20, 10, 5, 0, -5)),
    'test': (('en-029', 'en-gb-x-gbcwmd', 'en-gb-x-rp'),
             ('anika', 'announcer', 'aunty', 'benjamin', 'croak', 'ed', 'gustave', 'Henrique', 'iven', 'iven2', 'iven3', 'iven4',
              'Lee', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'marcelo', 'max', 'Michael', 'miguel', 'paul', 'pedro', 'rob',
              'robosoft', 'shelby', 'Storm', 'travis', 'victor'), 1, (20, 10, 5, 0, -5)),
}


def random_of(name):
    """A generator whose numbers are a function of the name; numpy keeps RandomState's as they are for ever."""
    return np.random.RandomState(np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype='<u4'))


def say(voice, digit, random):
    """The digit as numbers in [-1, 1], without the silence around it."""
    speed, pitch = random.randint(140, 241), random.randint(20, 81)
    command = ['espeak-ng', '-v', voice, '-s', str(speed), '-p', str(pitch), '--stdout', digit]
    wave = subprocess.run(command, check=True, capture_output=True).stdout
    if wave[:4] != b'RIFF' or struct.unpack('<I', wave[24:28])[0] != RATE:
        sys.exit(f'{" ".join(command)}: expected a wave file of {RATE} samples a second')
    sound = np.frombuffer(wave[44:44 + (len(wave) - 44) // 2 * 2], dtype='<i2') / 32768
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    return sound[loud[0]:loud[-1] + 1][:SAMPLES]


def in_noise(sound, decibels, random):
    """A window with the sound somewhere in it. The ratio is that of mean powers while the sound lasts."""
    power = np.mean(sound**2) / 10**(decibels / 10)
    window = random.standard_normal(SAMPLES) * np.sqrt(power)
    begin = random.randint(0, SAMPLES - len(sound) + 1)
    window[begin:begin + len(sound)] += sound
    return window


def mel_bands():
    """A matrix of frequencies by bands: triangles between 60 and 8000 Hz, evenly apart on the mel scale."""
    mels = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 8000 / 700), BANDS + 2)
    edges = 700 * (10**(mels / 2595) - 1)
    frequencies = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, np.newaxis]
    rise = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rise, fall))


def image(window, bands):
    frames = np.lib.stride_tricks.sliding_window_view(window, WINDOW)[::HOP] * np.hanning(WINDOW)
    decibels = 10 * np.log10(np.abs(np.fft.rfft(frames)).astype(float)**2 @ bands + 1e-12).T
    return np.rint(255 * np.clip(1 + (decibels - decibels.max()) / RANGE, 0, 1)).astype(np.uint8)


def make(part):
    """Images, digits and signal-to-noise ratios."""
    accents, speakers, times, ratios = PARTS[part]
    bands = mel_bands()
    samples = []
    for voice in (f'{accent}+{speaker}' for accent in accents for speaker in speakers):
        for label, digit in enumerate(DIGITS):
            for time in range(times):
                random = random_of(f'{voice} {digit} {time}')
                sound = say(voice, digit, random)
                for ratio in ([ratios[random.randint(len(ratios))]] if part == 'train' else ratios):
                    samples.append((image(in_noise(sound, ratio, random), bands), label, ratio))
    images, labels, at = zip(*samples)
    return np.array(images), np.array(labels, dtype=np.uint8), np.array(at)


def write(path, values):
    path.write_bytes(bytes((0, 0, 8, values.ndim)) + struct.pack(f'>{values.ndim}I', *values.shape) + values.tobytes())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which('espeak-ng'):
        sys.exit('espeak-ng is missing; install it with: tools/debian-packages speech')
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        images, labels, at = make(part)
        groups = {part: np.full(len(labels), True)}
        if part == 'test':
            groups.update({f'test-{ratio}dB': at == ratio for ratio in PARTS[part][3]})
        for name, rows in groups.items():
            write(folder / f'{name}-images.idx', images[rows])
            write(folder / f'{name}-labels.idx', labels[rows])
        print(f'{part}: {len(labels)} samples')


if __name__ == '__main__':
    main()
