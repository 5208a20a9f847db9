#!/usr/bin/python3
"""Makes the data of the recipes characters-*: the King James Bible, to be read character by character.

Usage: recipes/make_characters.py FOLDER
Writes FOLDER/{train,validation,test}-{characters,next}.idx, the same bytes for the same text, and FOLDER/characters.txt.
tools/debian-packages text installs Debian's bible-kjv, whose command prints the text.

A sample is a window of 64 characters, as numbers in characters.txt, and of each the one that follows. Windows stand behind each
other and share nothing but that last character. Training has Genesis, validation Exodus, and test Leviticus: later parts of the
text. Verses are joined by line breaks.
"""
import pathlib
import shutil
import struct
import subprocess
import sys

WINDOW = 64
PARTS = {'train': 'ge1:1-ge50:26', 'validation': 'ex1:1-ex40:38', 'test': 'le1:1-le27:34'}


def text(verses):
    lines = subprocess.run(['bible', '-l1000000', '-f', verses], check=True, capture_output=True, text=True).stdout.splitlines()
    return ''.join(line.split(' ', 1)[1] + '\n' for line in lines if line)


def write(path, rows):
    path.write_bytes(struct.pack('>4B2I', 0, 0, 8, 2, len(rows), WINDOW) + b''.join(map(bytes, rows)))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which('bible'):
        sys.exit('the command bible is missing; install it with: tools/debian-packages text')
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    texts = {part: text(verses) for part, verses in PARTS.items()}
    characters = sorted(set(''.join(texts.values())))
    (folder / 'characters.txt').write_text(''.join(characters), encoding='ascii')
    number = {character: i for i, character in enumerate(characters)}
    for part, whole in texts.items():
        tokens = [number[character] for character in whole]
        starts = range(0, len(tokens) - WINDOW, WINDOW)
        write(folder / f'{part}-characters.idx', [tokens[i:i + WINDOW] for i in starts])
        write(folder / f'{part}-next.idx', [tokens[i + 1:i + WINDOW + 1] for i in starts])
        print(f'{part}: {len(starts)} windows of {WINDOW}, of {len(tokens)} characters')
    print(f'{len(characters)} different characters')


if __name__ == '__main__':
    main()
